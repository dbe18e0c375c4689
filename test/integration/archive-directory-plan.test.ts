import { withOrganisation } from '../../src/archive/database.ts';
import { computePlan } from '../../src/archive/plan-rehearsal.ts';
import { listPlanEntries, type PlanEntryRow } from '../../src/archive/plans.ts';
import { finishRun } from '../../src/archive/runs.ts';
import { storedPages } from '../../src/archive/stored-pages.ts';
import type { DirectoryPage } from '../../src/shared/directory.ts';
import { aDirectory, aRun, directoryPage, endRun, groupEntry, membersOf, userEntry } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { openReading, openWatch, postChanges, readAll, totalsOf } from '../lab/reading.ts';

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
  overrides: Parameters<typeof aRun>[2] = {},
) {
  const run = await aRun(lab.owner, directory.integration, { kind, ...overrides });
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
const countsOf = async ({ run }: Awaited<ReturnType<typeof plan>>) =>
  (await lab.owner.selectFrom('run').select('plan_counts').where('id', '=', run.id).executeTakeFirstOrThrow()).plan_counts;
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
  const common = { kind: 'user', directory: directory.integration.name, detail: null };
  expect(await entriesOf(planned)).toEqual([
    { ...common, action: 'removed', guid: bob.guid, subject: 'Bob Example <bob.example@corp.example>', changes: [] },
    { ...common, action: 'returned', guid: cy.guid, subject: 'Cy Example <cy.example@corp.example>', changes: [] },
    { ...common, action: 'added', guid: dee.guid, subject: 'Dee Example <dee.example@corp.example>', changes: [] },
    {
      ...common,
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
      ...common,
      kind: 'group',
      action: 'changed',
      guid: staff.guid,
      subject: 'Staff <staff@corp.example>',
      changes: [{ attribute: 'member', before: [ada.dn, bob.dn], after: [] }],
    },
  ]);
  expect(await countsOf(planned)).toEqual({
    removed: { people: 1, groups: 0 },
    returned: { people: 1, groups: 0 },
    added: { people: 1, groups: 0 },
    changed: { people: 1, groups: 1 },
  });
  expect(await entriesOf(planned, { action: 'removed' })).toMatchObject([{ guid: bob.guid }]);
  await expect(entriesOf(planned, { after: 'removed:1' })).rejects.toThrow('/after');
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
  expect(await entriesOf(planned)).toMatchObject([
    {
      action: 'changed',
      guid: staff.guid,
      changes: [
        { attribute: 'member', before: [dn('b')], after: [dn('D'), dn('e'), ...crowd.slice(0, 98), '… and 52 more'] },
      ],
    },
  ]);
  expect(await written(directory)).toEqual(before);
  expect(
    await lab.owner.selectFrom('directory_plan_page').selectAll().where('run_id', '=', planned.run.id).execute(),
  ).toEqual([]);
  const done = await sync(directory, ...pages);
  expect(done.totals).toEqual(planned.totals);
  expect(done.totals).toMatchObject({ changed: 1, unchanged: 1 });
});

test('settings that are not saved are planned with, and nothing is saved', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, bob] = [userEntry('Ada Example'), userEntry('Bob Example', { attributes: { title: ['Boss'] } })];
  const boss = groupEntry('Bosses', { attributes: { title: ['Boss'] } });
  const entries = [ada, bob, boss];
  await sync(directory, { entries });
  const settings = JSON.stringify({ ...directory.integration.settings, filter: '(title=Boss)' });
  const planned = await reading(directory, 'directory-plan', [{ entries }], { settings });
  expect(await entriesOf(planned)).toMatchObject([{ action: 'removed', guid: ada.guid }]);
  const again = await plan(directory, { entries });
  expect(await entriesOf(again)).toEqual([]);
  const elsewhere = JSON.stringify({ ...directory.integration.settings, mailDomains: ['elsewhere.example'] });
  const hidden = await reading(directory, 'directory-plan', [{ entries }], { settings: elsewhere });
  expect(await entriesOf(hidden)).toMatchObject([{ action: 'removed', guid: ada.guid }, { action: 'removed', guid: bob.guid }]);
});

test('what is stored of groups comes as a directory gives it: a long list in parts, a group with nobody too', async () => {
  const directory = await aDirectory(lab.owner);
  const [empty, large, small] = [groupEntry('Empty'), groupEntry('Large'), groupEntry('Small')];
  const dns = Array.from({ length: 40_001 }, (_, index) => `CN=Person ${index},OU=People,DC=corp,DC=example`);
  await sync(directory, { entries: [empty, large, small], members: [membersOf(large, dns), membersOf(small, dns.slice(0, 2))] });
  const lists = new Map<string, { dns: string[]; ends: number }>();
  await withOrganisation(lab.app, directory.organisation.id, async (tx) => {
    for await (const { members } of storedPages(tx, directory.integration.id)) {
      expect(members.reduce((sum, list) => sum + list.dns.length, 0)).toBeLessThanOrEqual(20_000);
      for (const { guid, dns: part, last } of members) {
        const list = lists.get(guid) ?? { dns: [], ends: 0 };
        expect(list.ends).toBe(0);
        lists.set(guid, { dns: list.dns.concat(part), ends: last ? 1 : 0 });
      }
    }
  });
  expect([...lists.values()].map(({ ends }) => ends)).toEqual([1, 1, 1]);
  expect(lists.get(empty.guid)?.dns).toEqual([]);
  expect(lists.get(large.guid)?.dns.toSorted()).toEqual(dns.toSorted());
  expect(lists.get(small.guid)?.dns.toSorted()).toEqual(dns.slice(0, 2));
  const run = await aRun(lab.owner, directory.integration, { kind: 'directory-plan', from_stored: true });
  await computePlan(lab.app, run.org_id, run.id, () => undefined);
  expect(await entriesOf({ run, totals: await totalsOf(lab.app, run) })).toEqual([]);
});

test('a plan can be made of what is stored, members included, and asks nobody', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, bob] = [userEntry('Ada Example'), userEntry('Bob Example', { dn: 'CN=Bob,OU=Old,DC=corp,DC=example' })];
  const staff = groupEntry('Staff');
  await sync(directory, { entries: [ada, bob, staff], members: [membersOf(staff, [ada, bob])] });
  const before = await written(directory);
  const settings = { ...directory.integration.settings, searchBases: ['OU=People,DC=corp,DC=example'] };
  for (const [changed, expected] of [
    [null, []],
    [JSON.stringify(settings), [{ action: 'removed', guid: bob.guid }]],
  ] as const) {
    const run = await aRun(lab.owner, directory.integration, { kind: 'directory-plan', from_stored: true, settings: changed });
    await computePlan(lab.app, run.org_id, run.id, () => undefined);
    await endRun(lab.owner, run);
    expect(await entriesOf({ run, totals: await totalsOf(lab.app, run) })).toMatchObject(expected);
  }
  expect(await written(directory)).toEqual(before);
});

test('a plan says who holds an address that two objects would claim', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, imp] = [userEntry('Ada Example'), userEntry('Imp Example', { attributes: { whenCreated: ['20250102030405.0Z'] } })];
  await sync(directory, { entries: [ada, imp] });
  const rival = { ...imp, attributes: { ...imp.attributes, proxyAddresses: ['SMTP:ada.example@corp.example'] } };
  const planned = await plan(directory, { entries: [ada, rival] });
  expect(await entriesOf(planned, { action: 'conflict' })).toMatchObject([
    { guid: imp.guid, subject: 'ada.example@corp.example: Imp Example', detail: `The older object "Ada Example" (${ada.guid}) holds this address.` },
  ]);
});

test('while a plan is computed nobody who writes waits for it', async () => {
  const directory = await aDirectory(lab.owner);
  const ada = userEntry('Ada Example');
  await sync(directory, { entries: [ada] });
  const run = await aRun(lab.owner, directory.integration, { kind: 'directory-plan', from_stored: true });
  let during: Promise<unknown> | undefined;
  const bea = userEntry('Bea Example');
  await computePlan(lab.app, run.org_id, run.id, () => {
    during ??= sync(directory, { entries: [ada, bea] });
  });
  await during;
  await endRun(lab.owner, run);
  expect(await entriesOf({ run, totals: await totalsOf(lab.app, run) })).toEqual([]);
});

test('what a watcher told while the plan was read is newer than the pages of the plan', async () => {
  const directory = await aDirectory(lab.owner);
  const invocationId = '00000000-0000-4000-8000-00000000000a';
  const watermark = { method: 'usn', dnsHostName: 'dc1', invocationId, usn: '10' } as const;
  const ada = { ...userEntry('Ada Example'), usn: '5' };
  await sync(directory, { entries: [ada], invocationId, watermark });
  const run = await aRun(lab.owner, directory.integration, { kind: 'directory-plan' });
  const planning = await openReading(lab.app, run);
  await planning.post(0, directoryPage({ entries: [ada], invocationId }));
  const place = await openWatch(lab.app, run);
  if (place === undefined) throw new Error('no watermark');
  const bea = { ...userEntry('Bea Example'), usn: '12' };
  const told = { ...ada, attributes: { ...ada.attributes, title: ['Dr'] }, usn: '11' };
  await postChanges(lab.app, run, place, { entries: [told, bea], members: [], changes: [], problems: [], invocationId, watermark: { ...watermark, usn: '12' } });
  await planning.post(1, directoryPage({ invocationId, watermark, last: true }));
  await computePlan(lab.app, run.org_id, run.id, () => undefined);
  await endRun(lab.owner, run);
  expect(await entriesOf({ run, totals: await totalsOf(lab.app, run) })).toEqual([]);
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
  await computePlan(lab.app, run.org_id, run.id, () => undefined);
  expect(await totalsOf(lab.app, run)).toMatchObject({ pages: 2, seen: 2, added: 1, unchanged: 1, missing: 0 });
  await endRun(lab.owner, run);
  await endRun(lab.owner, syncing);
});

test('a plan that finds nothing at all is refused like a sync', async () => {
  const directory = await aDirectory(lab.owner);
  await sync(directory, { entries: [userEntry('Ada Example')] });
  await expect(plan(directory, {})).rejects.toMatchObject({ code: 'directory.empty-reading' });
});

test('the entries of an integration are kept for its newest three ended plans; older ones say that they are gone', async () => {
  const directory = await aDirectory(lab.owner);
  const other = await aDirectory(lab.owner);
  const plans: Awaited<ReturnType<typeof plan>>[] = [];
  for (let n = 0; n < 5; n++) plans.push(await plan(directory, { entries: [userEntry(`Plan ${n}`)] }));
  const elsewhere = await plan(other, { entries: [userEntry('Elsewhere')] });
  // The last one found four that had ended.
  await expect(entriesOf(plans[0] ?? elsewhere)).rejects.toMatchObject({ code: 'plan.forgotten' });
  for (const one of [...plans.slice(1), elsewhere]) expect(await entriesOf(one)).toHaveLength(1);
});

test('pages of a plan that was cancelled are not kept', async () => {
  const directory = await aDirectory(lab.owner);
  const run = await aRun(lab.owner, directory.integration, { kind: 'directory-plan' });
  const planning = await openReading(lab.app, run);
  await planning.post(0, directoryPage({ entries: [userEntry('Ada Example')] }));
  await withOrganisation(lab.app, run.org_id, (tx) => finishRun(tx, run.id, { state: 'cancelled' }));
  expect(await lab.owner.selectFrom('directory_plan_page').selectAll().where('run_id', '=', run.id).execute()).toEqual([]);
});
