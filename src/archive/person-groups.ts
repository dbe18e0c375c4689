/**
 * Which objects are one person: those that are connected by what they say of each other, directly or through others. So it
 * does not matter in which order they were read, nor which of them said it.
 */
import type { PersonRule } from '../shared/directory.ts';
import type { DirectoryObjectId, PersonId } from '../shared/ids.ts';
import { isDisabledByDesign, isNobodysAccount } from './directory-kinds.ts';
import { isPresent, mailOf, type PersonPart, sortKeyOf } from './person-parts.ts';

type Bond = Exclude<PersonRule, 'self'>;

/** An object with all that it is connected with, as sql/linked-objects.sql gives it. */
export interface ConnectedObject extends PersonPart {
  readonly id: DirectoryObjectId;
  readonly sort_key: string;
  /** `together`: linked to the same person as things are. */
  readonly neighbours: readonly { readonly id: DirectoryObjectId; readonly rule: Bond | 'together' }[];
  /** The person that it is now, and why; null when it is none. */
  readonly person_id: PersonId | null;
  readonly rule: PersonRule | null;
  /** Null: it was never listed. */
  readonly own_person_id: PersonId | null;
}

export interface PersonLink {
  readonly object: DirectoryObjectId;
  /** Null: none, because it is not listed and nobody else is it. */
  readonly person: PersonId | null;
  readonly rule: PersonRule;
  readonly own: PersonId | null;
}
export interface PersonChange {
  readonly id: PersonId;
  readonly merged_into: PersonId | null;
  readonly sort_key: string | null;
  readonly mail_object: DirectoryObjectId | null;
}

export interface GroupedPeople {
  readonly links: readonly PersonLink[];
  readonly people: readonly PersonChange[];
  /** Mailboxes of an account that has another one, which is the one that counts. */
  readonly extraMailboxes: readonly { readonly id: DirectoryObjectId; readonly counts: DirectoryObjectId }[];
}

/** Who the objects are. `objects`: with everything that they are connected with. */
export function groupPeople(objects: readonly ConnectedObject[]): GroupedPeople {
  const byId = new Map(objects.map((object) => [object.id, object]));
  const bonds = bondsOf(objects, byId);
  const links: PersonLink[] = [];
  const people: PersonChange[] = [];
  const extraMailboxes: { id: DirectoryObjectId; counts: DirectoryObjectId }[] = [];
  const done = new Set<DirectoryObjectId>();
  // From the object whose own person the others become. What the others are to it is told from an account, which is no person of its
  // own while it is not listed.
  for (const first of [...objects].sort(precedence)) {
    if (done.has(first.id)) continue;
    const person = first.own_person_id;
    const group: [ConnectedObject, ...ConnectedObject[]] = [first];
    for (const { object } of reachedFrom(first, bonds, byId).slice(1)) group.push(object);
    const root = group.reduce((one, other) => (Number(isResource(one)) - Number(isResource(other)) || precedence(one, other)) <= 0 ? one : other);
    for (const { object, rule } of reachedFrom(root, bonds, byId)) {
      done.add(object.id);
      links.push({ object: object.id, person, rule, own: object.own_person_id });
    }
    const mailObject = group.length > 1 ? mailOf(group).id : null;
    for (const object of group) {
      if (mailObject !== null && object.id !== mailObject && object.is_resource && isPresent(object)) extraMailboxes.push({ id: object.id, counts: mailObject });
    }
    for (const { own_person_id: own } of group) {
      if (own === null) continue;
      people.push(
        own === person
          ? { id: own, merged_into: null, sort_key: sortKeyOf(group), mail_object: mailObject }
          : { id: own, merged_into: person, sort_key: null, mail_object: null },
      );
    }
  }
  return { links, people, extraMailboxes };
}

type Bonds = ReadonlyMap<DirectoryObjectId, readonly (readonly [DirectoryObjectId, Bond])[]>;

/** All that are one person with the object, itself first, each with the reason by which it was reached. */
function reachedFrom(root: ConnectedObject, bonds: Bonds, byId: ReadonlyMap<DirectoryObjectId, ConnectedObject>) {
  const reached = new Map<DirectoryObjectId, { readonly object: ConnectedObject; readonly rule: PersonRule }>([[root.id, { object: root, rule: 'self' }]]);
  // Whatever is added meanwhile is walked through too.
  for (const from of reached.keys()) {
    for (const [id, rule] of bonds.get(from) ?? []) {
      const object = byId.get(id);
      if (object !== undefined && !reached.has(id)) reached.set(id, { object, rule });
    }
  }
  return [...reached.values()];
}

const isResource = (object: ConnectedObject): boolean => object.is_resource || isDisabledByDesign(object.recipient_type);

/** An account's person stays, else the one that was first. Those that are no person by themselves come last. */
function precedence(one: ConnectedObject, other: ConnectedObject): number {
  const [a, b] = [one.own_person_id, other.own_person_id];
  if (a === null || b === null) return Number(a === null) - Number(b === null) || compare(BigInt(one.id), BigInt(other.id));
  return Number(isResource(one)) - Number(isResource(other)) || compare(BigInt(a), BigInt(b));
}
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

const strength: Record<Bond, number> = { 'master-account-sid': 0, 'sid-history': 1, moved: 2 };

/** By object: with whom it is one person, and why; the strongest reason first. */
function bondsOf(objects: readonly ConnectedObject[], byId: ReadonlyMap<DirectoryObjectId, ConnectedObject>): Bonds {
  return new Map(
    objects.map((object) => {
      const found = new Map<DirectoryObjectId, Bond>();
      for (const { id, rule } of object.neighbours) {
        const other = byId.get(id);
        const bond = other === undefined ? undefined : bondOf(object, other, rule);
        const before = found.get(id);
        if (bond !== undefined && (before === undefined || strength[bond] < strength[before])) found.set(id, bond);
      }
      return [object.id, [...found].sort(([a, one], [b, other]) => strength[one] - strength[other] || compare(BigInt(a), BigInt(b)))];
    }),
  );
}

function bondOf(one: ConnectedObject, other: ConnectedObject, rule: Bond | 'together'): Bond | undefined {
  if (rule === 'moved') return rule;
  if (isNobodysAccount(one.recipient_type) || isNobodysAccount(other.recipient_type)) return undefined;
  if (rule !== 'together') return rule;
  // After a migration sIDHistory is cleaned and the old account deleted: who moved stays who it was. While both are there, it
  // is as they say.
  const moved = [one, other].find((object) => object.rule === 'sid-history');
  const origin = moved === one ? other : one;
  return moved !== undefined && origin.rule === 'self' && [one, other].some(isGone) ? 'sid-history' : undefined;
}

const isGone = (object: ConnectedObject): boolean => !object.in_source && (!object.listed || object.missing_since !== null);
