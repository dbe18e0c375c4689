/** Changes of the directory as an administrator makes them: over LDAP, one by one. */
import { Attribute, Change, Client } from 'ldapts';
import { escapeRdn, parentDn } from '../../../src/ldap-filter/dn.ts';
import type { SambaDomain } from './served-domain.ts';
import { disabled, normal } from './entry-writer.ts';

/** Bytes are for attributes that are no text. */
export type Values = Readonly<Record<string, string | Buffer | readonly string[] | readonly Buffer[]>>;

export interface DirectoryAdministrator {
  create(dn: string, attributes: Values): Promise<void>;
  /** Replaces the attributes; an empty list removes one. */
  modify(dn: string, attributes: Values): Promise<void>;
  addValues(dn: string, attributes: Values): Promise<void>;
  removeValues(dn: string, attributes: Values): Promise<void>;
  /** Members are DNs; `<SID=…>` for an account of another forest. */
  addMembers(group: string, members: readonly string[]): Promise<void>;
  removeMembers(group: string, members: readonly string[]): Promise<void>;
  /** Moves, renames, or both; an organisational unit with everything in it. */
  move(dn: string, newDn: string): Promise<void>;
  /** Gives it another name where it is. Answers the new DN. */
  rename(dn: string, name: string): Promise<string>;
  disable(dn: string): Promise<void>;
  enable(dn: string): Promise<void>;
  /** Of an object without children. */
  remove(dn: string): Promise<void>;
  close(): Promise<void>;
}

/** Bound as the domain's administrator. `close()` ends the connection. */
export async function administrator(domain: SambaDomain): Promise<DirectoryAdministrator> {
  const client = new Client({ url: domain.ldapUrl, connectTimeout: 10_000, timeout: 60_000 });
  await client.bind(domain.accounts.admin.bind, domain.accounts.admin.password);
  const change = (operation: 'add' | 'delete' | 'replace') => (dn: string, attributes: Values) =>
    client.modify(
      dn,
      Object.entries(attributes).map(
        ([type, value]) => new Change({ operation, modification: attribute(type, value) }),
      ),
    );
  const modify = change('replace');
  const addValues = change('add');
  const removeValues = change('delete');
  return {
    create: (dn, attributes) =>
      client.add(
        dn,
        Object.entries(attributes).map(([type, value]) => attribute(type, value)),
      ),
    modify,
    addValues,
    removeValues,
    addMembers: (group, member) => addValues(group, { member }),
    removeMembers: (group, member) => removeValues(group, { member }),
    move: (dn, newDn) => client.modifyDN(dn, newDn),
    rename: async (dn, name) => {
      const newDn = `${dn.slice(0, dn.indexOf('='))}=${escapeRdn(name)},${parentDn(dn)}`;
      await client.modifyDN(dn, newDn);
      return newDn;
    },
    disable: (dn) => modify(dn, { userAccountControl: disabled }),
    enable: (dn) => modify(dn, { userAccountControl: normal }),
    remove: (dn) => client.del(dn),
    close: () => client.unbind(),
  };
}

const attribute = (type: string, value: Values[string]): Attribute => {
  const values = typeof value === 'string' || Buffer.isBuffer(value) ? [value] : [...value];
  return new Attribute({ type, values: values as string[] | Buffer[] });
};
