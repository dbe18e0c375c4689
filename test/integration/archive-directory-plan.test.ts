import fc from 'fast-check';
import { withOrganisation } from '../../src/archive/database.ts';
import { listPlanEntries, type PlanEntryRow } from '../../src/archive/plans.ts';
import type { DirectoryEntry, DirectoryPage } from '../../src/shared/directory.ts';
import type { DirectoryRunTotals } from '../../src/shared/runs.ts';
import { aDirectory, aRun, directoryPage, endRun, groupEntry, membersOf, userEntry } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { openReading, readAll, totalsOf } from '../lab/reading.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

type Directory = Awaited<ReturnType<typeof aDirectory>>;
async function reading(
  directory: Directory,
  kind: 'directory-sync' | 'directory-plan',
  pages: readonly Partial<DirectoryPage>[],
) {
  const run = await aRun(lab.owner, directory.integration, { kind });
  const totals = await readAll(lab.app, run, pages.map(directoryPage));
  await endRun(lab.owner, run);
  return { run, totals };
}
const sync = (directory: Directory, ...pages: Partial<DirectoryPage>[]) => reading(directory, 'directory-sync', pages);
const plan = (directory: Directory, ...pages: Partial<DirectoryPage>[]) => reading(directory, 'directory-plan', pages);

async function entriesOf(
  { run }: Awaited<ReturnType<typeof plan>>,
  query: Partial<Parameters<typeof listPlanEntries>[2]> = {},
) {
  const entries: PlanEntryRow[] = [];
  for (let after: string | undefined; ;) {
    const page = await withOrganisation(lab.app, run.org_id, (tx) =>
      listPlanEntries(tx, run.id, { limit: 2, after, ...query }),
    );
    entries.push(...page.items);
    if (page.next === null) return entries;
    after = page.next;
  }
}
/** Everything that a sync writes, but for the run's own numbers. */
const written = async (directory: Directory) => ({
  objects: await lab.owner
    .selectFrom('directory_object')
    .selectAll()
    .where('integration_id', '=', directory.integration.id)
    .orderBy('id')
    .execute(),
  sightings: await lab.owner
    .selectFrom('directory_sighting')
    .selectAll()
    .where('integration_id', '=', directory.integration.id)
    .orderBy('object_id')
    .execute(),
  addresses: await lab.owner
    .selectFrom('directory_address')
    .selectAll()
    .where('org_id', '=', directory.organisation.id)
    .orderBy('object_id')
    .orderBy('address')
    .execute(),
  members: await lab.owner
    .selectFrom('directory_member')
    .selectAll()
    .where('org_id', '=', directory.organisation.id)
    .orderBy('member_dn')
    .execute(),
  people: await lab.owner
    .selectFrom('person')
    .selectAll()
    .where('org_id', '=', directory.organisation.id)
    .orderBy('id')
    .execute(),
  problems: await lab.owner
    .selectFrom('directory_problem')
    .selectAll()
    .where('integration_id', '=', directory.integration.id)
    .orderBy('id')
    .execute(),
});

test('a plan says what a sync would do, attribute by attribute, and changes nothing', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, bob, cy, staff] = [
    userEntry('Ada Example'),
    userEntry('Bob Example'),
    userEntry('Cy Example'),
    groupEntry('Staff'),
  ];
  await sync(directory, { entries: [ada, bob, cy, staff], members: [membersOf(staff, [ada, bob])] });
  await sync(directory, { entries: [ada, bob, staff] });
  const before = await written(directory);
  const married = userEntry('Ada Married', {
    guid: ada.guid,
    attributes: { proxyAddresses: ada.attributes['proxyAddresses'] ?? [], title: ['Dr'] },
  });
  const dee = userEntry('Dee Example');
  const planned = await plan(
    directory,
    { entries: [married, cy], problems: [{ guid: null, subject: 'x', code: 'entry.broken', detail: '' }] },
    { entries: [dee, staff], members: [membersOf(staff, [])] },
  );
  expect(planned.totals).toEqual({
    pages: 2,
    seen: 4,
    added: 1,
    changed: 2,
    unchanged: 0,
    missing: 1,
    returned: 1,
    members: 0,
    problems: 1,
  });
  expect((await entriesOf(planned)).sort((a, b) => (a.action + a.subject < b.action + b.subject ? -1 : 1))).toEqual([
    { action: 'added', guid: dee.guid, subject: 'Dee Example <dee.example@corp.example>', changes: [] },
    {
      action: 'changed',
      guid: ada.guid,
      subject: 'Ada Married <ada.example@corp.example>',
      changes: [
        { attribute: 'distinguishedName', before: [ada.dn], after: [married.dn] },
        { attribute: 'cn', before: ['Ada Example'], after: ['Ada Married'] },
        { attribute: 'displayName', before: ['Ada Example'], after: ['Ada Married'] },
        { attribute: 'mail', before: ['ada.example@corp.example'], after: ['ada.married@corp.example'] },
        { attribute: 'sAMAccountName', before: ['ada.example'], after: ['ada.married'] },
        { attribute: 'title', before: [], after: ['Dr'] },
        { attribute: 'userPrincipalName', before: ['ada.example@corp.example'], after: ['ada.married@corp.example'] },
      ],
    },
    {
      action: 'changed',
      guid: staff.guid,
      subject: 'Staff <staff@corp.example>',
      changes: [{ attribute: 'member', before: [ada.dn, bob.dn], after: [] }],
    },
    { action: 'missing', guid: bob.guid, subject: 'Bob Example', changes: [] },
    { action: 'returned', guid: cy.guid, subject: 'Cy Example <cy.example@corp.example>', changes: [] },
  ]);
  expect(await entriesOf(planned, { action: 'missing' })).toMatchObject([{ guid: bob.guid }]);
  await expect(entriesOf(planned, { after: 'missing:--------' })).rejects.toThrow('/after');
  expect(await written(directory)).toEqual(before);
});

test('a plan says who would join and leave a group, though its members come in parts', async () => {
  const directory = await aDirectory(lab.owner);
  const [staff, quiet] = [groupEntry('Staff'), groupEntry('Quiet')];
  const dn = (name: string) => `CN=${name},OU=People,DC=corp,DC=example`;
  const crowd = Array.from({ length: 150 }, (_, n) => dn(`x${String(n).padStart(3, '0')}`));
  await sync(directory, {
    entries: [staff, quiet],
    members: [membersOf(staff, ['a', 'b', 'c'].map(dn)), membersOf(quiet, [dn('a')])],
  });
  const before = await written(directory);
  const pages = [
    { entries: [staff, quiet], members: [membersOf(quiet, [dn('A')]), membersOf(staff, [dn('a'), dn('d')], false)] },
    { members: [membersOf(staff, [dn('D'), ...crowd], false)] },
    { members: [membersOf(staff, [dn('c'), dn('e')])] },
  ];
  const planned = await plan(directory, ...pages);
  expect(await entriesOf(planned)).toEqual([
    {
      action: 'changed',
      guid: staff.guid,
      subject: 'Staff <staff@corp.example>',
      changes: [
        { attribute: 'member', before: [dn('b')], after: [dn('d'), dn('e'), ...crowd.slice(0, 98), '… and 52 more'] },
      ],
    },
  ]);
  expect(await written(directory)).toEqual(before);
  expect(
    await lab.owner.selectFrom('directory_plan_member').selectAll().where('run_id', '=', planned.run.id).execute(),
  ).toEqual([]);
  const done = await sync(directory, ...pages);
  expect(counts(done.totals)).toEqual(counts(planned.totals));
  expect(done.totals).toMatchObject({ changed: 1, unchanged: 1 });
});

test('what the settings would change is planned too', async () => {
  const directory = await aDirectory(lab.owner);
  const ada = userEntry('Ada Example');
  await sync(directory, { entries: [ada] });
  const settings = JSON.stringify({ ...directory.integration.settings, mailDomains: ['elsewhere.example'] });
  await lab.owner
    .updateTable('directory_integration')
    .set({ settings })
    .where('id', '=', directory.integration.id)
    .execute();
  const planned = await plan(directory, { entries: [ada] });
  expect(await entriesOf(planned)).toMatchObject([
    { action: 'changed', guid: ada.guid, changes: [{ attribute: 'included', before: ['true'], after: ['false'] }] },
  ]);
});

test('an object that cannot be read would stay as it is', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, bob] = [userEntry('Ada Example'), userEntry('Bob Example')];
  await sync(directory, { entries: [ada, bob] });
  const planned = await plan(directory, {
    entries: [userEntry('Cy Example')],
    problems: [
      { guid: ada.guid, subject: ada.dn, code: 'entry.broken', detail: '' },
      { guid: null, subject: bob.dn, code: 'entry.broken', detail: '' },
    ],
  });
  expect(planned.totals).toMatchObject({ missing: 0, problems: 2 });
});

test('an attempt that starts again plans from the beginning, beside a sync of the same directory', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, bob] = [userEntry('Ada Example'), userEntry('Bob Example')];
  const run = await aRun(lab.owner, directory.integration, { kind: 'directory-plan' });
  const died = await openReading(lab.app, run);
  await died.post(0, directoryPage({ entries: [ada, bob] }));
  const again = await openReading(lab.app, run);
  const syncing = await aRun(lab.owner, directory.integration);
  await readAll(lab.app, syncing, [directoryPage({ entries: [ada] })]);
  expect(await died.post(1, directoryPage({ last: true }))).toMatchObject({ outcome: 'superseded' });
  await again.post(0, directoryPage({ entries: [ada] }));
  await again.post(1, directoryPage({ entries: [ada, bob], last: true }));
  expect(await totalsOf(lab.app, run)).toMatchObject({ pages: 2, seen: 2, added: 1, unchanged: 1, missing: 0 });
  await endRun(lab.owner, run);
  await endRun(lab.owner, syncing);
});

test('a plan that finds nothing at all is refused like a sync', async () => {
  const directory = await aDirectory(lab.owner);
  await sync(directory, { entries: [userEntry('Ada Example')] });
  await expect(plan(directory, {})).rejects.toMatchObject({ code: 'directory.empty-reading' });
});

const seed = Number(process.env['LOCKSTEP_SEED'] ?? Date.now() % 2 ** 31);
test(`a sync of the same source does exactly what the plan said (LOCKSTEP_SEED=${seed})`, async () => {
  const names = Array.from({ length: 8 }, (_, n) => `Person ${n}`);
  const pool = names.map((name) => userEntry(name));
  const staff = groupEntry('Staff');
  const state = fc.array(fc.option(fc.nat({ max: 2 }), { nil: null }), {
    minLength: pool.length,
    maxLength: pool.length,
  });
  const source = (versions: readonly (number | null)[]): DirectoryEntry[] =>
    pool.flatMap((entry, n) => {
      const version = versions[n];
      return version == null ? [] : [{ ...entry, attributes: { ...entry.attributes, title: [`Version ${version}`] } }];
    });
  await fc.assert(
    fc.asyncProperty(fc.array(state, { minLength: 2, maxLength: 4 }), async (states) => {
      const directory = await aDirectory(lab.owner);
      for (const versions of states) {
        const people = source(versions);
        if (people.length === 0) continue;
        // The members of a group are those of one version, in two parts.
        const members = people.filter((_, n) => versions[n] === 1);
        const pages = [
          { entries: [...people.slice(0, 3), staff], members: [membersOf(staff, members.slice(0, 2), false)] },
          { entries: people.slice(3), members: [membersOf(staff, members.slice(2))] },
        ];
        const planned = await plan(directory, ...pages);
        const done = await sync(directory, ...pages);
        expect(counts(done.totals)).toEqual(counts(planned.totals));
        const outcomes = await lab.owner
          .selectFrom('directory_sighting as s')
          .innerJoin('directory_object as o', 'o.id', 's.object_id')
          .select(['o.guid', 's.outcome as action'])
          .where('o.integration_id', '=', directory.integration.id)
          .where('s.epoch', '=', (eb) => eb.selectFrom('run').select('epoch').where('id', '=', done.run.id))
          .orderBy('o.guid')
          .execute();
        const said = [...(await entriesOf(planned)), ...(await entriesOf(planned, { action: 'same' }))];
        expect(outcomes).toEqual(
          said.map(({ guid, action }) => ({ guid, action })).sort((a, b) => (a.guid < b.guid ? -1 : 1)),
        );
      }
    }),
    { seed, numRuns: 15 },
  );
}, 120_000);
const counts = ({ seen, added, changed, unchanged, missing, returned }: DirectoryRunTotals) => ({
  seen,
  added,
  changed,
  unchanged,
  missing,
  returned,
});

test('the entries of an integration are kept for its newest three ended plans; older ones go, a bounded number at a time', async () => {
  const directory = await aDirectory(lab.owner);
  const other = await aDirectory(lab.owner);
  const plans: Awaited<ReturnType<typeof plan>>[] = [];
  for (let n = 0; n < 5; n++) plans.push(await plan(directory, { entries: [userEntry(`Plan ${n}`)], last: true }));
  const elsewhere = await plan(other, { entries: [userEntry('Elsewhere')], last: true });
  const kept = () => Promise.all(plans.map(async (one) => (await entriesOf(one)).length > 0));
  // The last opening found four that had ended.
  expect(await kept()).toEqual([false, true, true, true, true]);

  // What was left behind is caught up with by two a time, and a plan that is open is not counted.
  const entry = {
    org_id: directory.organisation.id,
    guid: '11111111-1111-4111-8111-111111111111',
    action: 'added',
    subject: 's',
    changes: '[]',
  } as const;
  await lab.owner
    .insertInto('directory_plan_entry')
    .values({ ...entry, run_id: plans[0]?.run.id ?? elsewhere.run.id })
    .execute();
  plans.push(await plan(directory, { entries: [userEntry('Plan 5')], last: true }));
  expect(await kept()).toEqual([false, false, true, true, true, true]);
  expect(await entriesOf(elsewhere)).toHaveLength(1);
});
