/** Settings that decide who is taken: what follows when they are saved. */
import { withOrganisation } from '../../src/archive/database.ts';
import { hasHeld } from '../../src/archive/held-sets.ts';
import { changeIntegration } from '../../src/archive/integrations.ts';
import { requestPlan } from '../../src/archive/plan-request.ts';
import { listPlanEntries } from '../../src/archive/plans.ts';
import { computePlan } from '../../src/archive/plan-rehearsal.ts';
import { followSettings, notStored, requestDueReading } from '../../src/archive/settings-change.ts';
import type { DirectoryPage, DirectorySettings } from '../../src/shared/directory.ts';
import { aDirectory, aRun, directoryPage, directorySettings, endRun, userEntry } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { openReading, openWatch, postChanges, readAll } from '../lab/reading.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

type Directory = Awaited<ReturnType<typeof aDirectory>>;
const inside = <T>(directory: Directory, work: Parameters<typeof withOrganisation<T>>[2]) => withOrganisation(lab.app, directory.organisation.id, work);

const watermark = { method: 'usn', dnsHostName: 'dc1', invocationId: '00000000-0000-4000-8000-00000000000a', usn: '10' } as const;

/** With a password, read once. */
async function aReadDirectory(...pages: Partial<DirectoryPage>[]): Promise<Directory> {
  const directory = await aDirectory(lab.owner);
  await lab.owner.updateTable('directory_integration').set({ credential: Buffer.from('sealed') }).where('id', '=', directory.integration.id).execute();
  await read(directory, ...pages);
  return directory;
}
async function read(directory: Directory, ...pages: Partial<DirectoryPage>[]) {
  const run = (await openRun(directory)) ?? (await aRun(lab.owner, directory.integration));
  const totals = await readAll(lab.app, run, pages.map((page) => directoryPage({ invocationId: watermark.invocationId, ...page, watermark })));
  await endRun(lab.owner, run);
  return totals;
}
const openRun = (directory: Directory) =>
  lab.owner.selectFrom('run').selectAll().where('integration_id', '=', directory.integration.id).where('kind', '=', 'directory-sync').where('state', 'in', ['queued', 'running']).executeTakeFirst();
const save = (directory: Directory, before: DirectorySettings, after: DirectorySettings) =>
  inside(directory, async (tx) => {
    await changeIntegration(tx, directory.integration.name, { settings: after });
    return followSettings(tx, directory.integration.id, before, after);
  });
const missing = async (directory: Directory) =>
  (await lab.owner.selectFrom('directory_object').select('guid').where('integration_id', '=', directory.integration.id).where('missing_since', 'is not', null).execute()).length;

const settings = directorySettings();
const ada = userEntry('Ada Example');

test('saving what decides who is taken asks for a full reading, once', async () => {
  const directory = await aReadDirectory({ entries: [ada] });
  const filtered = { ...settings, filter: '(title=Boss)' };
  const run = await save(directory, settings, filtered);
  expect(run).toMatchObject({ state: 'queued', trigger: 'reconcile', reason: { code: 'settings-changed' } });
  expect(await save(directory, filtered, { ...filtered, mailDomains: ['corp.example'] })).toMatchObject({ id: run?.id });
});

test.each<[string, DirectorySettings]>([
  ['nothing', settings],
  ['who signs in where', { ...settings, host: 'dc2.corp.example', account: 'other@corp.example' }],
  ['how often changes are asked for', { ...settings, pollSeconds: 60 }],
])('saving %s asks for none', async (_, after) => {
  const directory = await aReadDirectory({ entries: [ada] });
  expect(await save(directory, settings, after)).toBeUndefined();
});

test('a directory that was never read, is paused, or has no password waits for its next reading', async () => {
  const filtered = { ...settings, filter: '(title=Boss)' };
  const fresh = await aDirectory(lab.owner);
  expect(await save(fresh, settings, filtered)).toBeUndefined();
  const locked = await aReadDirectory({ entries: [ada] });
  await lab.owner.updateTable('directory_integration').set({ credential: null }).where('id', '=', locked.integration.id).execute();
  expect(await save(locked, settings, filtered)).toBeUndefined();
  const paused = await aReadDirectory({ entries: [ada] });
  await lab.owner.updateTable('directory_integration').set({ state: 'paused' }).where('id', '=', paused.integration.id).execute();
  expect(await save(paused, settings, filtered)).toBeUndefined();
  await lab.owner.updateTable('directory_integration').set({ state: 'active' }).where('id', '=', paused.integration.id).execute();
  expect(await inside(paused, (tx) => requestDueReading(tx, paused.integration.id))).toMatchObject({ reason: { code: 'settings-changed' } });
});

test('a reading ends with the settings with which it began, and another follows it', async () => {
  const bea = userEntry('Bea Example', { attributes: { title: ['Boss'] } });
  const directory = await aReadDirectory({ entries: [ada, bea] });
  const run = await aRun(lab.owner, directory.integration);
  const reading = await openReading(lab.app, run);
  await reading.post(0, directoryPage({ entries: [ada] }));
  expect(await save(directory, settings, { ...settings, filter: '(title=Boss)' })).toMatchObject({ id: run.id });
  await reading.post(1, directoryPage({ entries: [bea], last: true }));
  await endRun(lab.owner, run);
  expect(await missing(directory)).toBe(0);
  const due = await inside(directory, (tx) => requestDueReading(tx, directory.integration.id));
  expect(due).toMatchObject({ state: 'queued', trigger: 'reconcile' });
  await read(directory, { entries: [ada, bea] });
  expect(await missing(directory)).toBe(1);
  expect(await inside(directory, (tx) => requestDueReading(tx, directory.integration.id))).toBeUndefined();
});

test('until then changes are judged by the new settings, unless these ask for what was not read', async () => {
  const directory = await aReadDirectory({ entries: [ada] });
  const filtered = { ...settings, filter: '(!(title=Boss))' };
  await save(directory, settings, filtered);
  const place = await openWatch(lab.app, { org_id: directory.organisation.id, integration_id: directory.integration.id });
  if (place === undefined) throw new Error('no watermark');
  const change = { guid: ada.guid, dn: ada.dn, deleted: false, attributes: { title: ['Boss'] }, memberAdded: [], memberRemoved: [], usn: '11' };
  await postChanges(lab.app, { org_id: directory.organisation.id, integration_id: directory.integration.id }, place, {
    entries: [], members: [], problems: [], changes: [change], invocationId: watermark.invocationId, watermark: { ...watermark, usn: '11' },
  });
  expect(await missing(directory)).toBe(1);

  await save(directory, filtered, { ...settings, filter: '(division=West)' });
  expect(await openWatch(lab.app, { org_id: directory.organisation.id, integration_id: directory.integration.id })).toBeUndefined();
});

test('what is stored is judged anew by the reading though not a byte of it differs', async () => {
  const old = userEntry('Old Example', { dn: 'CN=Old,OU=Old,DC=corp,DC=example' });
  const directory = await aReadDirectory({ entries: [ada, old] });
  await save(directory, settings, { ...settings, searchBases: ['OU=People,DC=corp,DC=example'] });
  expect(await read(directory, { entries: [ada, old] })).toMatchObject({ unchanged: 1, missing: 1 });
  await save(directory, { ...settings, searchBases: ['OU=People,DC=corp,DC=example'] }, settings);
  expect(await read(directory, { entries: [ada, old] })).toMatchObject({ unchanged: 1, returned: 1 });
});

test('a filter by which what is stored cannot be judged, and settings that are read otherwise, are named', () => {
  expect(notStored(settings, { ...settings, filter: '(&(title=Boss)(objectGUID=*))', searchBases: ['OU=x,DC=y'], acknowledgeDisabled: false, mailDomains: [] })).toEqual([]);
  expect(notStored(settings, { ...settings, filter: '(memberOf=CN=x)' })).toEqual(['filter']);
  expect(notStored({ ...settings, extraAttributes: ['division'] }, { ...settings, extraAttributes: ['division'], filter: '(DIVISION=x)' })).toEqual([]);
  expect(notStored(settings, { ...settings, extraAttributes: ['division'] })).toEqual(['extraAttributes']);
});

test('a plan joins the open one if it asks for the same, and no other', async () => {
  const directory = await aReadDirectory({ entries: [ada] });
  const view = { ...directory.integration, site_name: directory.site.name } as unknown as Parameters<typeof requestPlan>[1];
  const ask = (request: Parameters<typeof requestPlan>[2]) => inside(directory, (tx) => requestPlan(tx, view, request));
  const filtered = { ...settings, filter: '(title=Boss)' };
  const first = await ask({ settings: filtered, fromStored: true });
  expect(await ask({ settings: { ...filtered }, fromStored: true })).toMatchObject({ joined: true, run: { id: first.run.id } });
  await expect(ask({ settings })).rejects.toMatchObject({ code: 'plan.other-open' });
  await endRun(lab.owner, first.run);
  await expect(ask({ settings: { ...settings, filter: '(title=' } })).rejects.toThrow('/settings/filter');
  await expect(ask({ settings: { ...settings, baseDn: 'DC=other' }, fromStored: true })).rejects.toThrow('/settings/baseDn');
  const fresh = await aDirectory(lab.owner);
  await expect(inside(fresh, (tx) => requestPlan(tx, { ...view, id: fresh.integration.id }, { fromStored: true }))).rejects.toMatchObject({ code: 'plan.nothing-stored' });
});

test('a wrong filter that would take a thousand people away: the plan shows them, and saved all the same it removes nobody', async () => {
  const people = Array.from({ length: 1000 }, (_, n) => userEntry(`Person ${String(n).padStart(4, '0')}`));
  const pages = [{ entries: people.slice(0, 500) }, { entries: people.slice(500) }, { entries: [userEntry('The Boss', { attributes: { title: ['Boss'] } })] }];
  const directory = await aReadDirectory(...pages);
  const wrong = { ...settings, filter: '(title=Boss)' };
  const run = await aRun(lab.owner, directory.integration, { kind: 'directory-plan', settings: JSON.stringify(wrong), from_stored: true });
  await computePlan(lab.app, run.org_id, run.id, () => undefined);
  await endRun(lab.owner, run);
  const { plan_counts } = await lab.owner.selectFrom('run').select('plan_counts').where('id', '=', run.id).executeTakeFirstOrThrow();
  expect(plan_counts).toEqual({ held: { people: 1000, groups: 0 } });
  expect((await inside(directory, (tx) => listPlanEntries(tx, run.id, { limit: 1 }))).items).toMatchObject([
    { action: 'held', subject: 'Person 0000 <person.0000@corp.example>', detail: 'deletion: 1000 of 1001 people would leave; the limit is 500, or 5 %.' },
  ]);

  const reconcile = await save(directory, settings, wrong);
  if (reconcile === undefined) throw new Error('no reading was asked for');
  expect(await read(directory, ...pages)).toMatchObject({ missing: 0, held: 1000 });
  expect(await inside(directory, (tx) => hasHeld(tx, reconcile.id))).toBe(true);
  expect(await missing(directory)).toBe(0);
});
