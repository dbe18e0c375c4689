import type { BindRefusal } from './faults.ts';
import type { Grants } from './grants.ts';
import type { DirectoryModel } from './model.ts';
import type { StoredObject } from './object-table.ts';
import type { DirectoryStore } from './store.ts';

/** userAccountControl: MS-ADTS 2.2.16. */
const accountDisable = 0x2n;
const passwordExpired = 0x800000n;
/** accountExpires: both mean never. */
const never = new Set(['0', '9223372036854775807']);

interface Account {
  /** Of its object, however that is called now. */
  readonly id: string;
  readonly password: string;
}

/** The accounts of a model that can bind, under every name that AD takes for one in a simple bind. */
export class Accounts {
  readonly #byName = new Map<string, Account>();
  /** No name that binds: a forest may have it once in each domain. */
  readonly #byAccountName = new Map<string, Account>();
  readonly #grants = new Map<string, Grants>();
  readonly #store: DirectoryStore;

  constructor(model: DirectoryModel, store: DirectoryStore) {
    this.#store = store;
    const passwords = new Map(
      Object.entries(model.passwords).map(([name, password]) => [name.toLowerCase(), password]),
    );
    for (const object of store.objects()) {
      const name = text(store, object, 'sAMAccountName');
      const password = passwords.get(name.toLowerCase());
      if (password === undefined) continue;
      // MS-ADTS 5.1.1.1.1: DN, userPrincipalName, NetBIOS domain and name, name@DNS domain.
      const account = { id: object.id, password };
      this.#byName.set(object.id, account);
      this.#byAccountName.set(name.toLowerCase(), account);
      this.#byName.set(`${name}@${model.dnsName}`.toLowerCase(), account);
      this.#byName.set(`${model.netbiosName}\\${name}`.toLowerCase(), account);
      const principal = text(store, object, 'userPrincipalName');
      if (principal !== '') this.#byName.set(principal.toLowerCase(), account);
    }
    for (const [name, grants] of Object.entries(model.grants ?? {})) this.grant(name, grants);
  }

  /** By sAMAccountName. From now on, also for those who have bound already. Throws when there is no such account. */
  grant(name: string, grants: Grants): void {
    const account = this.#byAccountName.get(name.toLowerCase());
    if (account === undefined) throw new Error(`no account ${name} can bind`);
    this.#grants.set(account.id, grants);
  }

  grantsOf(id: string): Grants {
    return this.#grants.get(id) ?? {};
  }

  /** An account that does not exist is not told from a wrong password. */
  bind(name: string, password: string, now: Date): { readonly id: string } | { readonly refusal: BindRefusal } {
    const account = this.#find(name);
    const object = account === undefined ? undefined : this.#store.byId(account.id);
    if (account === undefined || object === undefined || object.deleted) return { refusal: 'wrong-password' };
    const refusal = this.#refusal(object, password === account.password, now);
    return refusal === undefined ? { id: account.id } : { refusal };
  }

  #find(name: string): Account | undefined {
    const object = this.#store.find(name);
    return this.#byName.get(name.toLowerCase()) ?? this.#byName.get(object?.id ?? '');
  }

  #refusal(object: StoredObject, rightPassword: boolean, now: Date): BindRefusal | undefined {
    const control = BigInt(text(this.#store, object, 'userAccountControl') || '0');
    const expires = text(this.#store, object, 'accountExpires') || '0';
    // A locked account is refused before its password is looked at; all else is told only to who knows the password.
    if ((text(this.#store, object, 'lockoutTime') || '0') !== '0') return 'account-locked';
    if (!rightPassword) return 'wrong-password';
    if ((control & accountDisable) !== 0n) return 'account-disabled';
    if (!never.has(expires) && BigInt(expires) <= fileTime(now)) return 'account-expired';
    if ((control & passwordExpired) !== 0n) return 'password-expired';
    if (text(this.#store, object, 'pwdLastSet') === '0') return 'must-change-password';
    return undefined;
  }
}

const text = (store: DirectoryStore, object: StoredObject, attribute: string): string =>
  String(store.values(object, attribute)[0] ?? '');

/** 100 ns since 1601: AD's large-integer times. */
export const fileTime = (date: Date): bigint => (BigInt(date.getTime()) + 11_644_473_600_000n) * 10_000n;
