/**
 * A plan says exactly what the sync of the same pages does: for random directories and random changes of them, its entries are the
 * differences that an independent comparison finds between the archive before and after.
 */
import fc from 'fast-check';
import { withOrganisation } from '../../src/archive/database.ts';
import { listPeople } from '../../src/archive/people.ts';
import { listPlanEntries } from '../../src/archive/plans.ts';
import type { DirectoryEntry, DirectoryPage, DirectorySettings } from '../../src/shared/directory.ts';
import { LockstepError } from '../../src/shared/errors.ts';
import type { OrganisationId, RunId } from '../../src/shared/ids.ts';
import { aDirectory, anIntegration, aRun, directoryPage, endRun, groupEntry, userEntry } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { readAll } from '../lab/reading.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

/* ---- a directory that changes at random ---- */

const PEOPLE = 7;
const GROUPS = 2;
const UNITS = 3;
const guid = (kind: number, n: number) => `0000000${kind}-0000-4000-8000-0000000000${String(n).padStart(2, '0')}`;
const sid = (forest: number, n: number) => `S-1-5-21-1-2-${forest}-${1000 + n}`;

interface Model {
  readonly suffix: string;
  readonly units: { name: string; parent: number | null }[];
  /** Undefined: not there. */
  readonly people: (Person | undefined)[];
  readonly groups: ({ title: number; members: Set<number> } | undefined)[];
}
interface Person {
  unit: number;
  name: number;
  title: number;
  /** Some are shared by two. */
  alias: number;
  disabled: boolean;
  /** Of the person of another forest whose mailbox it is. */
  master: number | undefined;
}
/** The mailboxes of the second forest belong to people of the first. */
const model = (forest: number): Model => ({
  suffix: `DC=${forest === 1 ? 'corp' : 'mail'},DC=example`,
  units: Array.from({ length: UNITS }, (_, n) => ({ name: `Unit ${n}`, parent: n === 2 ? 0 : null })),
  people: Array.from({ length: PEOPLE }, (_, n) => ({ unit: n % UNITS, name: n, title: n % 3, alias: n, disabled: forest === 2, master: n })),
  groups: Array.from({ length: GROUPS }, (_, n) => ({ title: n, members: new Set([n, n + 1]) })),
});

type Change = readonly [kind: (typeof kinds)[number], who: number, value: number];
const kinds = ['put', 'put', 'put', 'remove', 'name', 'title', 'alias', 'disable', 'master', 'move', 'rename-unit', 'move-unit', 'group', 'group', 'ungroup', 'member', 'member', 'member'] as const;

function change({ units, people, groups }: Model, [kind, who, value]: Change): void {
  const [n, g, u] = [who % PEOPLE, who % GROUPS, who % UNITS];
  const [person, group, unit] = [people[n], groups[g], units[u]];
  switch (kind) {
    case 'put':
      people[n] ??= { unit: value % UNITS, name: n, title: value, alias: value, disabled: false, master: undefined };
      return;
    case 'remove':
      people[n] = undefined;
      for (const one of groups) one?.members.delete(n);
      return;
    case 'group':
      groups[g] ??= { title: value, members: new Set() };
      return;
    case 'ungroup':
      groups[g] = undefined;
      return;
    case 'member':
      if (group === undefined || person === undefined) return;
      if (!group.members.delete(n)) group.members.add(n);
      return;
    case 'rename-unit':
      if (unit !== undefined) unit.name = `Unit ${u} ${value}`;
      return;
    case 'move-unit':
      // The last one alone, so that there is no circle.
      (units[2] ?? { parent: null }).parent = value % 3 === 2 ? null : value % 3;
      return;
    case 'name':
    case 'title':
    case 'alias':
    case 'disable':
    case 'master':
    case 'move':
      if (person !== undefined) changePerson(person, kind, n, value);
  }
}

function changePerson(person: Person, kind: 'name' | 'title' | 'alias' | 'disable' | 'master' | 'move', n: number, value: number): void {
  switch (kind) {
    case 'name':
      person.name = 10 + n + PEOPLE * value;
      return;
    case 'title':
      person.title = value;
      return;
    case 'alias':
      person.alias = value;
      return;
    case 'disable':
      person.disabled = !person.disabled;
      return;
    case 'master':
      person.master = person.master === undefined ? value % PEOPLE : undefined;
      return;
    case 'move':
      person.unit = value % UNITS;
  }
}

const unitDn = (source: Model, n: number): string => {
  const unit = source.units[n];
  if (unit === undefined) throw new Error('no such unit');
  return `OU=${unit.name},${unit.parent === null ? source.suffix : unitDn(source, unit.parent)}`;
};
const personDn = (source: Model, { name, unit }: Person) => `CN=Person ${name},${unitDn(source, unit)}`;

function entriesOf(source: Model, forest: number): DirectoryEntry[] {
  const units = source.units.map((_, n) => ({
    guid: guid(forest, n),
    dn: unitDn(source, n),
    attributes: { objectClass: ['top', 'organizationalUnit'], ...parent(forest, source.units[n]?.parent) },
  }));
  const people = source.people.flatMap((person, n) => {
    if (person === undefined) return [];
    const name = `Person ${person.name}`;
    const attributes = {
      title: [`Title ${person.title}`],
      proxyAddresses: [`SMTP:p${n}.${forest}@corp.example`, `smtp:shared${person.alias}@corp.example`],
      mail: [`p${n}.${forest}@corp.example`],
      userAccountControl: [person.disabled ? '514' : '512'],
      objectSid: [sid(forest, n)],
      whenCreated: [`202401020304${10 + n}.0Z`],
      ...(person.disabled && person.master !== undefined ? { msExchMasterAccountSid: [sid(3 - forest, person.master)], msExchRecipientTypeDetails: ['2'] } : {}),
      ...parent(forest, person.unit),
    };
    return [userEntry(name, { guid: guid(forest + 4, n), dn: personDn(source, person), attributes })];
  });
  const groups = source.groups.flatMap((group, n) =>
    group === undefined ? [] : [groupEntry(`Group ${n}`, { guid: guid(forest + 6, n), dn: `CN=Group ${n},OU=People,${source.suffix}`, attributes: { title: [`Title ${group.title}`] } })],
  );
  return [...units, ...people, ...groups];
}
const parent = (forest: number, unit: number | null | undefined) => (unit == null ? {} : { parentGUID: [guid(forest, unit)] });

/** The pages of a reading, containers first or last; while it reads, what `torn` does not name is read as it was before. */
function pagesOf(before: Model, now: Model, forest: number, backwards: boolean, torn: readonly boolean[]): DirectoryPage[] {
  const old = new Map(entriesOf(before, forest).map((entry) => [entry.guid, entry]));
  const read = entriesOf(now, forest).map((entry, n) => (torn[n % torn.length] === true ? { ...entry, dn: old.get(entry.guid)?.dn ?? entry.dn } : entry));
  const entries = backwards ? read.toReversed() : read;
  const lists = now.groups.flatMap((group, n) =>
    group === undefined
      ? []
      : [{ guid: guid(forest + 6, n), dns: [...group.members].flatMap((m) => { const person = now.people[m]; return person === undefined ? [] : [personDn(now, person)]; }), last: true }],
  );
  const pages = Array.from({ length: Math.ceil(entries.length / 4) }, (_, n) => directoryPage({ entries: entries.slice(4 * n, 4 * n + 4) }));
  return [...pages, directoryPage({ members: lists })];
}

/* ---- what the archive shows ---- */

async function archiveOf(organisation: OrganisationId) {
  const objects = await lab.owner.selectFrom('directory_object').selectAll().where('org_id', '=', organisation).execute();
  const addresses = await lab.owner.selectFrom('directory_address').selectAll().where('org_id', '=', organisation).where('is_primary', '=', true).execute();
  const members = await lab.owner.selectFrom('directory_member').selectAll().where('org_id', '=', organisation).execute();
  const links = await lab.owner.selectFrom('person_link').selectAll().where('org_id', '=', organisation).where('until', 'is', null).execute();
  const problems = await lab.owner.selectFrom('directory_problem').selectAll().where('org_id', '=', organisation).where('resolved_at', 'is', null).where('code', '=', 'address.claimed-twice').execute();
  const people = await withOrganisation(lab.app, organisation, (tx) => listPeople(tx, { limit: 1000 }));
  const byName = new Map(objects.filter(({ in_source }) => in_source).map((object) => [object.dn_key.toString('hex'), object.guid]));
  return new Map(
    objects.map((object) => {
      const link = links.find(({ object_id }) => object_id === object.id);
      const self = links.find(({ person_id, rule }) => person_id === link?.person_id && rule === 'self');
      return [
        object.guid,
        {
          ...object,
          seen: object.listed && object.missing_since === null,
          person: link?.rule === 'self' ? people.items.find(({ id }) => id === link.person_id) : undefined,
          /** Who shows the object now, whoever names that person. */
          state: people.items.find(({ id }) => id === link?.person_id)?.state,
          address: addresses.find(({ object_id }) => object_id === object.id)?.address,
          members: members.filter(({ group_id }) => group_id === object.id).map(({ member_dn, member_key }) => ({ dn: member_dn, key: member_key.toString('hex'), who: byName.get(member_key.toString('hex')) ?? member_dn })),
          link: link === undefined ? undefined : { rule: link.rule, person: link.person_id, other: objects.find(({ id }) => id === self?.object_id)?.display_name },
          conflicts: problems.filter((problem) => problem.guid === object.guid && problem.integration_id === object.integration_id),
        },
      ];
    }),
  );
}
type Archive = Awaited<ReturnType<typeof archiveOf>>;

/** Told as a plan does; the order of entries is not compared. */
function differences(before: Archive, after: Archive, integration: { id: string }): unknown[] {
  return [...after.values()].flatMap((now) => {
    const was = before.get(now.guid);
    const found: unknown[] = [];
    const tell = (action: string, more: object = {}) => found.push({ action, guid: now.guid, kind: now.kind, changes: [], detail: null, ...more });
    const subject = now.address === undefined ? now.display_name : `${now.display_name} <${now.address}>`;
    // Who is named anew is the same member; so is a name that means somebody only now.
    const lacks = (members: typeof now.members, { who, key }: (typeof now.members)[number]) => !members.some((one) => one.who === who || one.key === key);
    const gone = (was?.members ?? []).filter((member) => lacks(now.members, member));
    const came = now.members.filter((member) => lacks(was?.members ?? [], member));
    const membership = gone.length + came.length === 0 ? [] : [{ attribute: 'member', before: gone.map(({ dn }) => dn).sort(), after: came.map(({ dn }) => dn).sort() }];
    if (was?.seen !== true && now.seen) tell(was?.listed === true ? 'returned' : 'added', { subject, changes: membership });
    if (was?.seen === true && !now.seen) tell('removed', { subject });
    if (was?.seen === true && now.seen) {
      const names = [...new Set([...Object.keys(was.attributes), ...Object.keys(now.attributes)])].sort();
      const changes = [
        ...(was.dn === now.dn ? [] : [{ attribute: 'distinguishedName', before: [was.dn], after: [now.dn] }]),
        ...names.map((attribute) => ({ attribute, before: was.attributes[attribute] ?? [], after: now.attributes[attribute] ?? [] })).filter(({ before: one, after: other }) => one.join('\n') !== other.join('\n')),
        ...membership,
      ];
      if (changes.length > 0) tell('changed', { subject, changes });
    }
    if (was?.link?.rule !== now.link?.rule || was?.link?.person !== now.link?.person) {
      if (now.link !== undefined && now.link.rule !== 'self') tell('linked', { subject: now.display_name, detail: `One person with "${now.link.other}" (${now.link.rule}).` });
      if (was?.link !== undefined && was.link.rule !== 'self') tell('unlinked', { subject: now.display_name, detail: `No longer one person with "${was.link.other}" (${was.link.rule}).` });
    }
    if (now.person !== undefined && was?.state !== undefined && was.state !== 'missing' && now.person.state !== 'missing' && was.state !== now.person.state) {
      const { primaryAddress } = now.person;
      tell(now.person.state, { subject: primaryAddress === null ? now.display_name : `${now.display_name} <${primaryAddress}>` });
    }
    for (const { subject: address, detail } of now.conflicts) {
      if (now.integration_id !== integration.id && was?.conflicts.some((conflict) => conflict.subject === address) === true) continue;
      tell('conflict', { subject: `${address}: ${now.display_name}`, detail });
    }
    return found;
  });
}

async function heldBy(run: RunId): Promise<unknown[]> {
  const held = await lab.owner
    .selectFrom('held_change as h')
    .innerJoin('held_set as s', (join) => join.onRef('s.run_id', '=', 'h.run_id').onRef('s.kind', '=', 'h.kind'))
    .innerJoin('directory_object as o', 'o.id', 'h.object_id')
    .leftJoin('directory_address as a', (join) => join.onRef('a.object_id', '=', 'o.id').on('a.is_primary', '=', true))
    .select(['o.guid', 'o.kind', 'o.display_name', 'a.address', 'h.kind as what', 's.reason'])
    .where('h.run_id', '=', run)
    .execute();
  return held.map(({ guid: id, kind, display_name: name, address, what, reason }) => ({
    action: 'held', guid: id, kind, changes: [], subject: address === null ? name : `${name} <${address}>`, detail: `${what}: ${reason}`,
  }));
}

/** A reading that is refused is planned as refused. */
function refusal(error: unknown): string {
  if (error instanceof LockstepError) return error.code;
  throw error;
}
const asSet = (entries: readonly unknown[]) => entries.map((entry) => JSON.stringify(entry, Object.keys(everyField).sort())).sort();
const everyField = { action: 0, guid: 0, kind: 0, changes: 0, detail: 0, subject: 0, attribute: 0, before: 0, after: 0 };

const seed = Number(process.env['LOCKSTEP_SEED'] ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env['LOCKSTEP_RUNS'] ?? 8);

test(`a sync of the same pages does exactly what the plan said (LOCKSTEP_SEED=${seed})`, async () => {
  const changes = fc.array(fc.tuple(fc.constantFrom(...kinds), fc.nat({ max: 20 }), fc.nat({ max: 4 })), { minLength: 3, maxLength: 12, size: 'max' });
  const settings: fc.Arbitrary<Partial<DirectorySettings>> = fc.constantFrom(
    {}, {}, {}, {}, { filter: '(title=Title 1)' }, { searchBases: ['OU=Unit 0,DC=corp,DC=example', 'OU=Unit 1,DC=mail,DC=example', 'OU=People,DC=corp,DC=example'] }, { filter: '(!(title=Title 2))' }, { mailDomains: ['elsewhere.example'] }, { acknowledgeDisabled: false },
    { removal: { people: 'disable', limits: { deletion: { number: 1 }, disable: { number: 0 }, 'group-removal': { number: 0 } } } }, { removal: { limits: { deletion: { number: 0 } } } },
  );
  const step = fc.record({ forest: fc.constantFrom(1, 2), changes, settings, backwards: fc.boolean(), torn: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 7, size: 'max' }), async (steps) => {
      const { organisation, site, integration: account } = await aDirectory(lab.owner);
      const resource = await anIntegration(lab.owner, site, { settings: { baseDn: 'DC=mail,DC=example' } });
      const forests = [{ integration: account, now: model(1) }, { integration: resource, now: model(2) }];
      for (const { forest, changes: some, settings: given, backwards, torn } of steps) {
        const one = forests[forest - 1];
        if (one === undefined) throw new Error('no such forest');
        const before = structuredClone(one.now);
        for (const next of some) change(one.now, next);
        if (!one.now.people.some((person) => person !== undefined)) change(one.now, ['put', 0, 0]);
        const pages = pagesOf(before, one.now, forest, backwards, torn);
        const unsaved = JSON.stringify({ ...one.integration.settings, ...given });
        const archive = await archiveOf(organisation.id);

        const planning = await aRun(lab.owner, one.integration, { kind: 'directory-plan', settings: unsaved });
        const planned = await readAll(lab.app, planning, pages).catch(refusal);
        await endRun(lab.owner, planning);
        expect(await archiveOf(organisation.id)).toEqual(archive);

        await lab.owner.updateTable('directory_integration').set({ settings: unsaved }).where('id', '=', one.integration.id).execute();
        const syncing = await aRun(lab.owner, one.integration);
        const done = await readAll(lab.app, syncing, pages).catch(refusal);
        await endRun(lab.owner, syncing);
        expect(planned).toEqual(done);
        if (typeof done === 'string') continue;

        const { items } = await withOrganisation(lab.app, organisation.id, (tx) => listPlanEntries(tx, planning.id, { limit: 1000 }));
        expect(asSet(items)).toEqual(asSet([...differences(archive, await archiveOf(organisation.id), one.integration), ...(await heldBy(syncing.id))]));
      }
    }),
    // Shrinking a failure takes minutes: set LOCKSTEP_SEED and raise it.
    { seed, numRuns, interruptAfterTimeLimit: 240_000 },
  );
}, 300_000);
