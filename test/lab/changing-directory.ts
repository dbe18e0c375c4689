/**
 * A directory that changes, for tests of how the archive follows it: objects in containers, links by identity, and USNs as Active
 * Directory counts them. An object's USN grows with what is its own; not with a rename of what it is in, nor of whom it names.
 */
import { randomUUID } from 'node:crypto';
import type { DirectoryChangeEntry, DirectoryEntry, DirectoryMembers } from '../../src/shared/directory.ts';

type Kind = 'ou' | 'user' | 'group';
interface Thing {
  readonly guid: string;
  readonly kind: Kind;
  name: string;
  parent: Thing | null;
  readonly attributes: Map<string, { values: readonly string[]; usn: number }>;
  manager: { who: Thing | null; usn: number };
  /** Links that were made, or unmade, since the beginning. */
  readonly members: Map<Thing, { there: boolean; usn: number }>;
  placed: number;
  usn: number;
  deleted: boolean;
}

const classes: Readonly<Record<Kind, readonly string[]>> = {
  ou: ['top', 'organizationalUnit'],
  user: ['top', 'person', 'organizationalPerson', 'user'],
  group: ['top', 'group'],
};

export class ChangingDirectory {
  readonly invocationId = randomUUID();
  readonly root: Thing;
  readonly things: Thing[] = [];
  usn = 0;
  #names = 0;

  constructor() {
    this.root = this.#add('ou', null);
    this.create('ou', this.root);
  }

  create(kind: Kind, parent: Thing, attributes: Readonly<Record<string, readonly string[]>> = {}): Thing {
    const thing = this.#add(kind, parent);
    for (const [name, values] of Object.entries(attributes)) this.set(thing, name, values);
    return thing;
  }

  #add(kind: Kind, parent: Thing | null): Thing {
    const thing: Thing = {
      guid: randomUUID(),
      kind,
      name: this.freshName(),
      parent,
      attributes: new Map(),
      manager: { who: null, usn: 0 },
      members: new Map(),
      placed: ++this.usn,
      usn: this.usn,
      deleted: false,
    };
    this.things.push(thing);
    return thing;
  }

  /** No name comes twice, so that a name that was read late still means whom it meant. */
  freshName(): string {
    return `N${++this.#names}`;
  }

  set(thing: Thing, attribute: string, values: readonly string[]): void {
    thing.usn = ++this.usn;
    thing.attributes.set(attribute, { values, usn: thing.usn });
  }

  place(thing: Thing, { name = thing.name, parent = thing.parent }: { name?: string; parent?: Thing | null }): void {
    thing.name = name;
    thing.parent = parent;
    thing.usn = ++this.usn;
    thing.placed = thing.usn;
  }

  setManager(thing: Thing, who: Thing | null): void {
    thing.usn = ++this.usn;
    thing.manager = { who, usn: thing.usn };
  }

  setMember(group: Thing, member: Thing, there: boolean): void {
    if ((group.members.get(member)?.there ?? false) === there) return;
    group.usn = ++this.usn;
    group.members.set(member, { there, usn: group.usn });
  }

  /** Links to it go without anybody's USN growing. */
  remove(thing: Thing): void {
    thing.deleted = true;
    thing.usn = ++this.usn;
    for (const other of this.things) {
      other.members.delete(thing);
      if (other.manager.who === thing) other.manager = { who: null, usn: other.manager.usn };
    }
  }

  present(): Thing[] {
    return this.things.filter(({ deleted }) => !deleted);
  }

  isInside(thing: Thing, container: Thing): boolean {
    for (let at: Thing | null = thing; at !== null; at = at.parent) if (at === container) return true;
    return false;
  }

  /** Whether the name of the object, and of all in it, has been what it is since `usn` or before. */
  isPlaced(thing: Thing, usn: number): boolean {
    return this.present().every((other) => other.placed <= usn || !(this.isInside(other, thing) || this.isInside(thing, other)));
  }

  dn(thing: Thing): string {
    const rdn = thing.parent === null ? 'DC=corp' : `${thing.kind === 'ou' ? 'OU' : 'CN'}=${thing.name}`;
    return thing.parent === null ? rdn : `${rdn},${this.dn(thing.parent)}`;
  }

  #values(thing: Thing, since: number): Record<string, readonly string[]> {
    const values: Record<string, readonly string[]> = {};
    for (const [name, { values: now, usn }] of thing.attributes) if (usn > since) values[name] = now;
    if (thing.manager.usn > since) values['manager'] = thing.manager.who === null ? [] : [this.dn(thing.manager.who)];
    if (thing.placed > since) {
      values['name'] = [thing.name];
      values['parentGUID'] = thing.parent === null ? [] : [thing.parent.guid];
      values['objectClass'] = classes[thing.kind];
    }
    return values;
  }

  /** As a reading gives it. */
  entry(thing: Thing): DirectoryEntry {
    const values = Object.entries({ ...this.#values(thing, -1), manager: thing.manager.who === null ? [] : [this.dn(thing.manager.who)] });
    return { guid: thing.guid, dn: this.dn(thing), attributes: Object.fromEntries(values.filter(([, some]) => some.length > 0)), usn: String(thing.usn) };
  }

  /** The group's list, in parts of `size`. */
  lists(thing: Thing, size: number): DirectoryMembers[] {
    if (thing.kind !== 'group') return [];
    const dns = [...thing.members].flatMap(([member, { there }]) => (there ? [this.dn(member)] : []));
    const parts: DirectoryMembers[] = [];
    do parts.push({ guid: thing.guid, dns: dns.splice(0, size), last: dns.length === 0, usn: String(thing.usn) });
    while (dns.length > 0);
    return parts;
  }

  /** What DirSync tells of an object that changed after `since`: increments of members, and only what changed of the rest. */
  change(thing: Thing, since: number): DirectoryChangeEntry {
    const links = [...thing.members].filter(([, { usn }]) => usn > since);
    const named = (there: boolean) => links.filter(([, link]) => link.there === there).map(([member]) => ({ dn: this.dn(member), guid: member.guid }));
    return {
      guid: thing.guid,
      dn: thing.deleted ? `CN=${thing.name}\\0ADEL:${thing.guid},CN=Deleted Objects,DC=corp` : this.dn(thing),
      deleted: thing.deleted,
      attributes: thing.deleted ? {} : this.#values(thing, since),
      memberAdded: thing.deleted ? [] : named(true),
      memberRemoved: thing.deleted ? [] : named(false),
      usn: String(thing.usn),
    };
  }

  changedSince(since: number): Thing[] {
    return this.things.filter(({ usn }) => usn > since).sort((a, b) => a.usn - b.usn);
  }
}

export type DirectoryThing = Thing;
