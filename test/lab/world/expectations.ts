/**
 * What the archive has to say of several directories, from what an administrator reads in docs/admin-guide.md and not from how
 * the product does it: everything is decided by one look at all the directories as they are.
 */
import { INTERN } from './domains.ts';
import type { DirectorySettings } from '../../../src/shared/directory.ts';
import type { PlainObject } from './plain-reading.ts';

export interface ExpectedPerson {
  /** `role guid` of its objects that the organisation takes. */
  readonly objects: readonly string[];
  /** More than one where directories do not decide. */
  readonly names: readonly string[];
  readonly states: readonly string[];
  /** What one of its mailboxes says; of several it is not decided here which one. */
  readonly mail: readonly ExpectedMail[];
  /** Addresses that find the person, of whichever mailbox. */
  readonly holds: readonly string[];
}
export interface ExpectedMail {
  readonly primary: string;
  /** Each address → whether it is held. */
  readonly addresses: Readonly<Record<string, boolean>>;
}
export interface ExpectedGroup {
  readonly object: string;
  readonly dn: string;
  readonly name: string;
  /** By DN: `role guid` of the person's objects that are taken or of the group; null: nothing is said of it. */
  readonly members: Readonly<Record<string, readonly string[] | null>>;
}
export interface Expected {
  readonly people: readonly ExpectedPerson[];
  readonly groups: readonly ExpectedGroup[];
}

const keyOf = ({ role, guid }: PlainObject): string => `${role} ${guid}`;
const first = ({ attributes }: PlainObject, name: string): string | undefined => attributes[name]?.[0];

/** Of a directory: where its people and groups are taken from. A filter leaves out the interns. */
export interface PlainScope {
  readonly baseDn: string;
  readonly scope: Pick<DirectorySettings, 'searchBases' | 'filter'>;
}

/** `scopes`: by role. */
export function expectationsOf(objects: readonly PlainObject[], scopes: Readonly<Record<string, PlainScope>>): Expected {
  const taken = new Set(objects.filter((object) => isTaken(object, scopes[object.role]) && object.attributes['sAMAccountName']?.[0] !== 'mark'));
  const users = objects.filter(({ className }) => className === 'user');
  const people = peopleOf(users).map((parts) => ({ parts, taken: parts.filter((part) => taken.has(part)) }));
  const holders = holdersOf([...taken]);
  const byDn = new Map(objects.map((object) => [object.dn.toLowerCase(), object]));
  const personOf = new Map(people.flatMap((person) => person.parts.map((part) => [part, person] as const)));
  const bySid = new Map(users.flatMap((user) => (user.attributes['objectSid'] ?? []).map((sid) => [sid, user] as const)));

  const meant = (dn: string): readonly string[] | null => {
    const named = byDn.get(dn.toLowerCase());
    const object = named?.className === 'foreignSecurityPrincipal' ? bySid.get(first(named, 'objectSid') ?? '') : named;
    if (object === undefined) return null;
    if (object.className === 'group') return taken.has(object) ? [keyOf(object)] : null;
    const person = personOf.get(object);
    return person === undefined || person.taken.length === 0 ? null : person.taken.map(keyOf).sort();
  };
  return {
    people: people.filter((person) => person.taken.length > 0).map((person) => expectedPerson(person, holders)),
    groups: [...taken]
      .filter(({ className }) => className === 'group')
      .map((group) => ({
        object: keyOf(group),
        dn: group.dn,
        name: first(group, 'displayName') ?? first(group, 'cn') ?? '',
        members: Object.fromEntries((group.attributes['member'] ?? []).map((dn) => [dn, meant(dn)])),
      })),
  };
}

function isTaken(object: PlainObject, from: PlainScope | undefined): boolean {
  if (from === undefined) return false;
  const { scope, baseDn } = from;
  const bases = scope.searchBases ?? [baseDn];
  if (!bases.some((base) => `,${object.dn}`.toLowerCase().endsWith(`,${base}`.toLowerCase()))) return false;
  if (scope.filter !== undefined && first(object, 'department') === INTERN) return false;
  if (object.className === 'group') return true;
  return object.className === 'user' && (first(object, 'mail') !== undefined || first(object, 'proxyAddresses') !== undefined);
}

const isResource = (user: PlainObject): boolean => first(user, 'msExchRecipientTypeDetails') === '2';
/** Shared, room and equipment mailboxes: their accounts are disabled and say nothing of anybody. */
const isNobodys = (user: PlainObject): boolean => ['4', '16', '32'].includes(first(user, 'msExchRecipientTypeDetails') ?? '');
const isEnabled = (user: PlainObject): boolean => (Number(first(user, 'userAccountControl')) & 2) === 0;

/** Users are one person when they name the same SID: as their own, as their former one, or as that of their account. */
function peopleOf(users: readonly PlainObject[]): PlainObject[][] {
  const people: { sids: Set<string>; parts: PlainObject[] }[] = [];
  for (const user of users) {
    const master = isResource(user) || !isEnabled(user) ? (user.attributes['msExchMasterAccountSid'] ?? []) : [];
    const others = isNobodys(user) ? [] : [...(user.attributes['sIDHistory'] ?? []), ...master];
    const sids = new Set([...(user.attributes['objectSid'] ?? []), ...others]);
    const same = people.filter((person) => [...sids].some((sid) => person.sids.has(sid)));
    for (const person of same) {
      people.splice(people.indexOf(person), 1);
      for (const sid of person.sids) sids.add(sid);
    }
    people.push({ sids, parts: [...same.flatMap(({ parts }) => parts), user] });
  }
  return people.map(({ parts }) => parts);
}

/** Of several who claim an address the one that was made first. */
function holdersOf(taken: readonly PlainObject[]): Map<string, PlainObject> {
  const holders = new Map<string, PlainObject>();
  const age = (object: PlainObject): string => `${first(object, 'whenCreated') ?? ''} ${object.guid}`;
  for (const object of taken) {
    for (const address of addressesOf(object)) {
      const other = holders.get(address);
      if (other === undefined || age(object) < age(other)) holders.set(address, object);
    }
  }
  return holders;
}

const addressesOf = ({ attributes }: PlainObject): string[] => {
  const smtp = (attributes['proxyAddresses'] ?? []).filter((value) => /^smtp:/i.test(value)).map((value) => value.slice('smtp:'.length));
  return [...new Set([...smtp, ...(attributes['mail'] ?? [])].map((address) => address.toLowerCase()))];
};
const primaryOf = (object: PlainObject): string =>
  ((object.attributes['proxyAddresses'] ?? []).find((value) => value.startsWith('SMTP:'))?.slice('SMTP:'.length) ?? first(object, 'mail') ?? '').toLowerCase();

function expectedPerson({ parts, taken }: { parts: readonly PlainObject[]; taken: readonly PlainObject[] }, holders: ReadonlyMap<string, PlainObject>): ExpectedPerson {
  const accounts = parts.filter((part) => !isResource(part));
  const enabled = accounts.filter((account) => isEnabled(account) || isNobodys(account));
  const speaking = enabled.length > 0 ? enabled : accounts.length > 0 ? accounts : parts;
  const mailboxes = taken.filter(isResource);
  // Whose account has gone is as it was when it went.
  const states = accounts.length === 0 ? ['enabled', 'disabled'] : enabled.length > 0 ? ['enabled'] : ['disabled'];
  const isHeld = (address: string): boolean => taken.some((part) => holders.get(address) === part);
  return {
    objects: taken.map(keyOf).sort(),
    // Who an account that has gone was is not in the directory any more.
    names: accounts.length === 0 ? [] : speaking.map((part) => first(part, 'displayName') ?? ''),
    states,
    mail: (mailboxes.length > 0 ? mailboxes : taken).map((part) => ({
      primary: primaryOf(part),
      addresses: Object.fromEntries(addressesOf(part).map((address) => [address, isHeld(address)])),
    })),
    holds: [...new Set(taken.flatMap(addressesOf))].filter(isHeld),
  };
}
