import fc from 'fast-check';
import { dirSync } from './dir-sync.ts';
import { dirSyncOid, readDirSyncRequest } from './dir-sync-control.ts';
import { Faults } from './faults.ts';
import { defaultLimits } from './limits.ts';
import type { AttributeValue } from './model.ts';
import type { StoredObject } from './object-table.ts';
import type { ResponseEntry } from './response.ts';
import { isForwardLink, isReplicated } from '../../ldap-filter/schema.ts';
import { DirectoryStore } from './store.ts';
import { valuesOf } from './values.ts';
import { everything } from './view.ts';

const base = 'DC=a,DC=test';

/** A client that knows what DirSync told it. Links are kept as GUIDs: that is what one asks for extended DNs for. */
class Client {
  readonly #store: DirectoryStore;
  readonly #incrementalValues: boolean;
  readonly objects = new Map<string, Map<string, Set<string>>>();
  rounds = 0;
  #cookie: Buffer = Buffer.alloc(0);

  constructor(store: DirectoryStore, incrementalValues: boolean) {
    this.#store = store;
    this.#incrementalValues = incrementalValues;
  }

  /** True: there is more. */
  round(maxBytes: number, maxDirSyncObjects: number): boolean {
    const answer = dirSync(
      {
        kind: 'search',
        base,
        scope: 'sub',
        sizeLimit: 0,
        timeLimitSeconds: 0,
        typesOnly: false,
        filter: { kind: 'present', attribute: 'objectClass' },
        attributes: [],
      },
      {
        objectSecurity: false,
        ancestorsFirst: false,
        incrementalValues: this.#incrementalValues,
        maxBytes,
        cookie: this.#cookie,
      },
      { store: this.#store, faults: new Faults(), limits: { ...defaultLimits, maxDirSyncObjects } },
      everything,
    );
    if ('code' in answer) throw new Error(`refused with ${answer.code}`);
    expect(answer.control.oid).toBe(dirSyncOid);
    for (const entry of answer.entries) this.#take(entry);
    this.rounds += 1;
    // The answer has the form of the request, with a flag that says whether there is more.
    const { objectSecurity: more, cookie } = readDirSyncRequest(answer.control.value);
    this.#cookie = cookie;
    return more;
  }

  #take({ attributes }: ResponseEntry): void {
    const byName = new Map(attributes.map(({ name, values }) => [name, values]));
    const id = text(byName.get('objectGUID')?.[0]);
    if (byName.get('isDeleted')?.[0] === 'TRUE') {
      this.objects.delete(id);
      for (const object of this.objects.values())
        for (const [name, values] of object) if (values.delete(id) && values.size === 0) object.delete(name);
      return;
    }
    // What comes back from the dead says only what is new; the rest has to be read.
    if (byName.has('isDeleted')) this.objects.set(id, truth(this.#store).get(id) ?? new Map<string, Set<string>>());
    const object = this.objects.get(id) ?? new Map<string, Set<string>>();
    this.objects.set(id, object);
    for (const [answered, values] of byName) {
      const [name = '', range] = answered.split(';range=');
      const given = values.map((value) => (isForwardLink(name) ? this.#store.linkTarget(value) : text(value)));
      const before = object.get(name) ?? new Set();
      const after =
        range === undefined
          ? new Set(given)
          : range === '0-0'
            ? new Set([...before].filter((value) => !given.includes(value)))
            : new Set([...before, ...given]);
      if (after.size === 0) object.delete(name);
      else object.set(name, after);
    }
  }
}

const text = (value: AttributeValue | undefined): string =>
  Buffer.isBuffer(value) ? value.toString('hex') : (value ?? '');

/** What a client should know: read from the objects as they are. */
function truth(store: DirectoryStore): Map<string, Map<string, Set<string>>> {
  const rdn = ({ dn }: StoredObject) => dn.slice(0, dn.indexOf('=')).toLowerCase();
  return new Map(
    [...store.objects()]
      // Of the configuration only its head is seen from the domain.
      .filter(({ key }) => !key.includes(',cn=configuration,'))
      .map((object) => [
        object.id,
        new Map(
          [...Object.keys(object.attributes), 'parentGUID']
            .filter((name) => isReplicated(name) && name !== rdn(object))
            .map((name): [string, Set<string>] => [
              name,
              new Set(
                store
                  .values(object, name)
                  .map((value) => (isForwardLink(name) ? store.linkTarget(value) : text(value))),
              ),
            ])
            .filter(([, values]) => values.size > 0),
        ),
      ]),
  );
}

/** In one order, so that a failure shows what is different and nothing else. */
const sorted = (objects: Client['objects']): unknown =>
  Object.fromEntries(
    [...objects].map(([id, attributes]) => [
      id,
      [...attributes].map(([name, values]) => `${name}: ${[...values].sort().join(', ')}`).sort(),
    ]),
  );

const units = [`OU=A,${base}`, `OU=B,${base}`, `OU=C,OU=A,${base}`];
const names = ['Ann', 'Ben', 'Cid', 'Team', 'Crew'];
const unit = fc.constantFrom(...units, base);
const name = fc.constantFrom(...names);
/** Which of the objects that there are, by a number: the sequence stays valid whatever was dropped from it. */
const choice = fc.nat({ max: 30 });

type Change =
  | { readonly kind: 'create'; readonly name: string; readonly parent: string; readonly group: boolean }
  | { readonly kind: 'modify'; readonly object: number; readonly title: readonly string[] }
  | { readonly kind: 'manager'; readonly object: number; readonly of: number | undefined }
  | { readonly kind: 'join' | 'leave'; readonly object: number; readonly members: readonly number[] }
  | { readonly kind: 'move'; readonly object: number; readonly name: string; readonly parent: string }
  | { readonly kind: 'remove'; readonly object: number }
  | { readonly kind: 'revive' }
  | { readonly kind: 'round'; readonly maxBytes: number; readonly objects: number };

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), name, parent: unit, group: fc.boolean() }),
  fc.record({
    kind: fc.constant('modify' as const),
    object: choice,
    title: fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('manager' as const), object: choice, of: fc.option(choice, { nil: undefined }) }),
  fc.record({
    kind: fc.constantFrom('join' as const, 'leave' as const),
    object: choice,
    members: fc.array(choice, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('move' as const), object: choice, name, parent: unit }),
  fc.record({ kind: fc.constant('remove' as const), object: choice }),
  fc.record({ kind: fc.constant('revive' as const) }),
  fc.record({
    kind: fc.constant('round' as const),
    maxBytes: fc.constantFrom(1, 200, 2000, 0),
    objects: fc.constantFrom(1, 2, 7, 1000),
  }),
);

/** Does it, where it can be done; what AD would refuse is left out. */
function apply(store: DirectoryStore, change: Exclude<Change, { kind: 'round' }>): void {
  const { editor } = store;
  const live = [...store.objects()].filter(
    ({ key }) => /^(cn|ou)=.*,dc=a,dc=test$/.test(key) && !/cn=(conf|foreign)/.test(key),
  );
  const pick = (number: number) => live[number % Math.max(1, live.length)];
  switch (change.kind) {
    case 'create': {
      const dn = `CN=${change.name},${change.parent}`;
      if (!isThere(store, change.parent) || isThere(store, dn)) return;
      return editor.put({ dn, attributes: { objectClass: ['top', change.group ? 'group' : 'user'] } });
    }
    case 'modify':
      return editor.modify(pick(change.object)?.dn ?? base, { title: change.title });
    case 'manager': {
      const of = change.of === undefined ? undefined : pick(change.of)?.dn;
      return editor.modify(pick(change.object)?.dn ?? base, { manager: of ?? [] });
    }
    case 'join':
    case 'leave': {
      const member = change.members.flatMap((number) => pick(number)?.dn ?? []);
      const dn = pick(change.object)?.dn ?? base;
      return change.kind === 'join' ? editor.addValues(dn, { member }) : editor.removeValues(dn, { member });
    }
    case 'move': {
      const object = pick(change.object);
      const prefix = object?.dn.slice(0, 3) ?? '';
      const dn = `${prefix}${change.name},${change.parent}`;
      const inItself = object !== undefined && `,${change.parent}`.toLowerCase().endsWith(`,${object.key}`);
      if (object === undefined || !isThere(store, change.parent) || isThere(store, dn) || inItself) return;
      return editor.move(object.dn, dn);
    }
    case 'remove': {
      const object = pick(change.object);
      return object === undefined ? undefined : editor.remove(object.dn);
    }
    case 'revive': {
      const tombstone = [...store.changedSince(0, 'dc=a,dc=test')].find(
        ({ attributes }) => attributes['lastKnownParent'] !== undefined,
      );
      const dn = `CN=Back,${base}`;
      if (tombstone === undefined || isThere(store, dn)) return;
      const guid = valuesOf(tombstone.attributes, 'objectGUID')[0] ?? '';
      return editor.put({ dn, attributes: { objectClass: ['top', 'user'], objectGUID: guid } });
    }
  }
}
const isThere = (store: DirectoryStore, dn: string): boolean => {
  const object = store.find(dn);
  return object !== undefined && object !== null && !object.deleted;
};

const newStore = (): DirectoryStore =>
  new DirectoryStore({
    dnsName: 'a.test',
    netbiosName: 'A',
    passwords: {},
    objects: [
      ...units.map((dn) => ({ dn, attributes: { objectClass: ['top', 'organizationalUnit'] } })),
      ...names.map((name, i) => ({
        dn: `CN=${name},${units[i % units.length]}`,
        attributes: {
          objectClass: ['top', i > 2 ? 'group' : 'user'],
          ...(i > 2 ? { member: `CN=Ann,${units[0]}` } : {}),
        },
      })),
    ],
  });

describe.each([
  ['with whole values', false],
  ['with incremental values', true],
])('DirSync %s', (_, incrementalValues) => {
  test('any changes, in rounds of any size, end in what a fresh reading finds', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const store = newStore();
        const client = new Client(store, incrementalValues);
        for (const one of changes) {
          if (one.kind === 'round') client.round(one.maxBytes, one.objects);
          // Links to what is deleted and comes back before anybody asks are lost without a trace, in AD too.
          else if (one.kind === 'revive') while (client.round(0, 1000));
          if (one.kind !== 'round') apply(store, one);
        }
        while (client.round(500, 3));
        expect(sorted(client.objects)).toEqual(sorted(truth(store)));
        const fresh = new Client(store, incrementalValues);
        while (fresh.round(0, 1000));
        expect(sorted(fresh.objects)).toEqual(sorted(client.objects));
      }),
      { numRuns: 500 },
    );
  });
});
