/** One object on demand: what its pages do to the archive, and what is said of it. */
import { randomUUID } from 'node:crypto';
import { withOrganisation } from '../../src/archive/database.ts';
import { commitObjectPage, isObjectApplied, openObjectRun } from '../../src/archive/directory-object-run.ts';
import { personHistory } from '../../src/archive/directory-history.ts';
import { pageHash } from '../../src/archive/page-cursor.ts';
import { finishRun, requestRun } from '../../src/archive/runs.ts';
import { saveObjectReport } from '../../src/archive/site-runs.ts';
import type { DirectoryObjectQuery, DirectoryPage, DirectorySettings } from '../../src/shared/directory.ts';
import { LockstepError } from '../../src/shared/errors.ts';
import { aDirectory, aRun, directoryPage, endRun, groupEntry, membersOf, userEntry } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { openReading, openWatch, postChanges, readAll } from '../lab/reading.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

const controller = '11111111-2222-4333-8444-555555555555';
const watermark = { method: 'dirsync', dnsHostName: 'dc7.corp.example', invocationId: controller, cookie: '', usn: '100' } as const;
const ann = userEntry('Ann Example');
const bob = userEntry('Bob Builder');
const staff = groupEntry('Staff');
const people = [ann, bob];

/** A directory that was read once. */
async function following(settings: Partial<DirectorySettings> = {}) {
  const directory = await aDirectory(lab.owner, settings);
  const run = await aRun(lab.owner, directory.integration);
  await readAll(lab.app, run, [directoryPage({ entries: [...people, staff], members: [membersOf(staff, people)], watermark, invocationId: controller })]);
  await endRun(lab.owner, run);
  return directory;
}
type Directory = Awaited<ReturnType<typeof aDirectory>>;

/** A run for one object, opened as its site opens it. */
async function aRunFor({ organisation, integration }: Directory, query: DirectoryObjectQuery) {
  const row = await aRun(lab.owner, integration, { kind: 'directory-object', object: JSON.stringify(query) });
  const run = { id: row.id, integration: integration.id };
  const inOrganisation = <T>(work: Parameters<typeof withOrganisation<T>>[2]) => withOrganisation(lab.app, organisation.id, work);
  const opened = await inOrganisation((tx) => openObjectRun(tx, run, query));
  return {
    ...opened,
    /** Another attempt of the same run. */
    reopen: async () => (await inOrganisation((tx) => openObjectRun(tx, run, query))).cursor.epoch,
    post: (page: Partial<DirectoryPage>, seq = 0, epoch = opened.cursor.epoch) => {
      const whole = directoryPage({ last: true, invocationId: controller, ...page });
      return inOrganisation((tx) => commitObjectPage(tx, run, { epoch, seq }, whole, pageHash(Buffer.from(JSON.stringify(whole)))));
    },
    done: () => inOrganisation((tx) => isObjectApplied(tx, run)),
    end: () => inOrganisation((tx) => finishRun(tx, run.id, { state: 'succeeded' })),
    report: (steps: Parameters<typeof saveObjectReport>[2]) => inOrganisation((tx) => saveObjectReport(tx, { ...run, object: query }, steps)),
    row: () => inOrganisation((tx) => tx.selectFrom('run').selectAll().where('id', '=', run.id).executeTakeFirstOrThrow()),
  };
}
const byAddress = (value: string): DirectoryObjectQuery => ({ by: 'address', value });
const annAsked = byAddress('Ann.Example@corp.example');

const stored = ({ integration }: Directory, guid: string) =>
  lab.owner.selectFrom('directory_object').selectAll().where('integration_id', '=', integration.id).where('guid', '=', guid).executeTakeFirst();
const membersOfStaff = async ({ integration }: Directory) => {
  const rows = await lab.owner
    .selectFrom('directory_member as m')
    .innerJoin('directory_object as g', 'g.id', 'm.group_id')
    .select('m.member_dn')
    .where('g.integration_id', '=', integration.id)
    .orderBy('m.member_dn')
    .execute();
  return rows.map(({ member_dn }) => member_dn);
};

test('the site is told which object the archive has under it, and which controller changes come from', async () => {
  const directory = await following();
  const stranger = randomUUID();
  for (const query of [annAsked, { by: 'dn', value: ann.dn.toUpperCase() }, { by: 'guid', value: ann.guid }] as const) {
    const { object } = await aRunFor(directory, query);
    expect(object).toEqual({ ...query, stored: ann.guid, controller: 'dc7.corp.example' });
  }
  expect((await aRunFor(directory, { by: 'guid', value: stranger })).object).toEqual({ by: 'guid', value: stranger, controller: 'dc7.corp.example' });
});

test('what changed is said by attribute', async () => {
  const directory = await following();
  const run = await aRunFor(directory, annAsked);
  const entry = userEntry('Ann Example', { guid: ann.guid, attributes: { title: ['Boss'], displayName: ['Ann E'] } });
  expect(await run.post({ entries: [entry] })).toMatchObject({
    outcome: 'applied', seq: 1, object: { outcome: 'changed', inScope: true, outcomeDetail: 'Changed: displayName, title.' },
  });
  expect((await stored(directory, ann.guid))?.display_name).toBe('Ann E');
  expect(await run.row()).toMatchObject({ totals: { pages: 1, seen: 1, changed: 1, missing: 0 } });
  expect(await run.done()).toBe(true);
});

test('in the history, what it changed is the work of its run', async () => {
  const directory = await following();
  const run = await aRunFor(directory, annAsked);
  await run.post({ entries: [userEntry('Ann Example', { guid: ann.guid, attributes: { title: ['Boss'] } })] });
  const { items } = await withOrganisation(lab.app, directory.organisation.id, (tx) => personHistory(tx, annAsked.value, { limit: 1 }));
  const { id, number } = await run.row();
  expect(items).toMatchObject([{ kind: 'changed', changes: [{ attribute: 'title' }], run: { id, number: Number(number) } }]);
});

test('an object that is as it was is said to be, and one that was never read is added', async () => {
  const directory = await following();
  expect(await (await aRunFor(directory, annAsked)).post({ entries: [ann] })).toMatchObject({ object: { outcome: 'unchanged' } });
  const carol = userEntry('Carol New');
  expect(await (await aRunFor(directory, byAddress('carol.new@corp.example'))).post({ entries: [carol] })).toMatchObject({ object: { outcome: 'added', outcomeDetail: 'Added: Carol New.' } });
  const [person] = await lab.owner.selectFrom('person_link').selectAll().where('object_id', '=', (await stored(directory, carol.guid))?.id ?? ('' as never)).execute();
  expect(person).toMatchObject({ rule: 'self', until: null });
});

test('an object is read before the directory was ever read as a whole', async () => {
  const directory = await aDirectory(lab.owner);
  const run = await aRunFor(directory, annAsked);
  expect(run.object).toEqual(annAsked);
  expect(await run.post({ entries: [ann] })).toMatchObject({ object: { outcome: 'added' } });
  const reading = await aRun(lab.owner, directory.integration);
  expect(await readAll(lab.app, reading, [directoryPage({ entries: people })])).toMatchObject({ added: 1, unchanged: 1 });
});

test('a group comes with its members, in as many pages as it takes, beside a watcher that tells the same list', async () => {
  const directory = await following();
  const watch = await openWatch(lab.app, { org_id: directory.organisation.id, integration_id: directory.integration.id });
  if (watch === undefined) throw new Error('nothing is watched');
  const run = await aRunFor(directory, { by: 'guid', value: staff.guid });
  const part = (name: string, last: boolean) => membersOf(staff, [`CN=${name},OU=People,DC=corp,DC=example`], last);
  expect(await run.post({ entries: [staff], members: [part('One', false)], last: false })).toEqual({ outcome: 'applied', seq: 1 });
  const told = { entries: [], changes: [], problems: [], watermark, invocationId: controller };
  await postChanges(lab.app, { org_id: directory.organisation.id, integration_id: directory.integration.id }, watch, { ...told, members: [part('Stray', false)] });
  // The watcher begins again: what it left half-told is forgotten, and the run's parts are not.
  await openWatch(lab.app, { org_id: directory.organisation.id, integration_id: directory.integration.id });
  expect(await run.post({ members: [part('Two', true)] }, 1)).toMatchObject({ object: { outcome: 'changed', outcomeDetail: 'Changed: members (2 before, 2 now).' } });
  expect(await membersOfStaff(directory)).toEqual(['CN=One,OU=People,DC=corp,DC=example', 'CN=Two,OU=People,DC=corp,DC=example']);
  expect((await run.row()).totals).toMatchObject({ pages: 2, seen: 1, changed: 1, members: 2 });
  await run.end();
  expect(await lab.owner.selectFrom('page_cursor').select('owner').where('scope', '=', 'directory-object').where('org_id', '=', directory.organisation.id).execute()).toEqual([]);
});

test.each<[string, Partial<DirectorySettings>, string, string]>([
  ['the search bases', { searchBases: ['OU=Staff,DC=corp,DC=example'] }, 'it lies in none of the search bases (OU=Staff,DC=corp,DC=example).', 'ignored'],
  ['the base DN', { baseDn: 'DC=other,DC=example' }, 'it does not lie in the base DN (DC=other,DC=example).', 'ignored'],
  ['the filter', { filter: '(title=Boss)' }, 'it does not match the filter (title=Boss).', 'ignored'],
])('an object that is kept out is said to be, by %s', async (_, settings, reason, outcome) => {
  const directory = await aDirectory(lab.owner, settings);
  const { object } = (await (await aRunFor(directory, annAsked)).post({ entries: [ann] })) as { object?: unknown };
  expect(object).toMatchObject({ outcome, inScope: false, scopeDetail: `Kept out: ${reason}` });
  expect((await stored(directory, ann.guid))?.listed).toBe(false);
});

test('who leaves the scope leaves by the rules for removals, and who comes back returns', async () => {
  const directory = await following();
  const nameless = userEntry('Bob Builder', { guid: bob.guid, attributes: { mail: [], proxyAddresses: [] } });
  expect(await (await aRunFor(directory, byAddress('bob.builder@corp.example'))).post({ entries: [nameless] })).toMatchObject({
    object: { outcome: 'removed', inScope: false, scopeDetail: expect.stringContaining('no mail address') as string },
  });
  expect((await stored(directory, bob.guid))?.missing_since).not.toBeNull();
  expect(await (await aRunFor(directory, { by: 'guid', value: bob.guid })).post({ entries: [bob] })).toMatchObject({ object: { outcome: 'returned' } });
});

test('an object that the directory says was deleted leaves; one that the archive never had changes nothing', async () => {
  const directory = await following();
  const run = await aRunFor(directory, annAsked);
  expect(await run.post({ deleted: { guid: ann.guid, usn: '120' } })).toMatchObject({ object: { outcome: 'removed', inScope: false } });
  expect(await stored(directory, ann.guid)).toMatchObject({ in_source: false, missing_since: expect.any(Date) as Date });
  expect(await membersOfStaff(directory)).toEqual([bob.dn]);
  expect((await run.row()).totals).toMatchObject({ seen: 0, missing: 1 });
  const guid = randomUUID();
  expect(await (await aRunFor(directory, { by: 'guid', value: guid })).post({ deleted: { guid } })).toMatchObject({ object: { outcome: 'ignored' } });
});

test('what was read before a full reading began is read again', async () => {
  const directory = await following();
  const run = await aRunFor(directory, annAsked);
  await openReading(lab.app, await aRun(lab.owner, directory.integration));
  const late: unknown = await run.post({ deleted: { guid: ann.guid } }).catch((error: unknown) => error);
  expect(late).toBeInstanceOf(LockstepError);
  expect(late).toMatchObject({ class: 'CursorInvalid', code: 'cursor.reading-began' });
  expect(await stored(directory, ann.guid)).toMatchObject({ in_source: true });
  expect(await run.done()).toBe(false);
});

test('a page is taken once, and not after another attempt has begun', async () => {
  const directory = await following();
  const run = await aRunFor(directory, annAsked);
  expect(await run.post({ entries: [ann] })).toMatchObject({ outcome: 'applied' });
  // Of an answer that was lost the end is told again.
  expect(await run.post({ entries: [ann] })).toMatchObject({ outcome: 'already-applied', seq: 1, object: { outcome: 'unchanged' } });
  expect(await run.post({ entries: [ann], last: false })).toMatchObject({ outcome: 'stale' });
});

test('what an attempt did that died before it could say so is said by the next', async () => {
  const directory = await following();
  const run = await aRunFor(directory, annAsked);
  const entry = userEntry('Ann Example', { guid: ann.guid, attributes: { title: ['Boss'] } });
  await run.post({ entries: [entry] });
  const epoch = await run.reopen();
  expect(await run.post({ entries: [ann] })).toEqual({ outcome: 'superseded', epoch });
  expect(await run.done()).toBe(false);
  expect(await run.post({ entries: [entry] }, 0, epoch)).toMatchObject({ object: { outcome: 'changed', outcomeDetail: 'Changed: title.' } });
  expect(await run.done()).toBe(true);
});

test('a page about several objects is refused', async () => {
  const directory = await following();
  const run = await aRunFor(directory, annAsked);
  await expect(run.post({ entries: people })).rejects.toMatchObject({ class: 'ConfigInvalid', code: 'run.several-objects' });
});

test('where the directory knows nothing of it, the report says what the archive has', async () => {
  const directory = await following();
  const step = { step: 'find', outcome: 'failed', detail: 'Not there.', code: 'directory.object-not-found', next: 'Look.', durationMs: 1 } as const;
  const known = await aRunFor(directory, annAsked);
  await known.report([step]);
  expect((await known.row()).report?.[0]?.detail).toBe(`Not there. The archive has Ann Example under it (${ann.dn}), and keeps it until a full reading finds it gone.`);
  const unknown = await aRunFor(directory, byAddress('nobody@corp.example'));
  await unknown.report([step]);
  expect((await unknown.row()).report).toEqual([step]);
});

test('several objects may be asked for at once; the same one again joins the run that is open', async () => {
  const { organisation, integration } = await aDirectory(lab.owner);
  const request = (object: DirectoryObjectQuery) =>
    withOrganisation(lab.app, organisation.id, (tx) => requestRun(tx, { integration: integration.id, kind: 'directory-object', trigger: 'manual', object }));
  const first = await request(annAsked);
  const second = await request(byAddress('bob@corp.example'));
  expect([first.joined, second.joined]).toEqual([false, false]);
  expect(await request(annAsked)).toMatchObject({ joined: true, run: { id: first.run.id, object: annAsked } });
  await endRun(lab.owner, first.run);
  expect((await request(annAsked)).joined).toBe(false);
});

test('more than fifty at once are refused, and one of the fifty is still joined', async () => {
  const { organisation, integration } = await aDirectory(lab.owner);
  const request = (number: number) =>
    withOrganisation(lab.app, organisation.id, (tx) =>
      requestRun(tx, { integration: integration.id, kind: 'directory-object', trigger: 'manual', object: byAddress(`p${number}@corp.example`) }));
  for (let number = 0; number < 50; number++) await request(number);
  await expect(request(50)).rejects.toMatchObject({ code: 'directory.too-many-objects' });
  expect((await request(7)).joined).toBe(true);
});
