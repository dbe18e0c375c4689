/** Who leaves the archive, who is held, and what an administrator decides: with a real database, by the ways that pages take. */
import { randomUUID } from 'node:crypto';
import { createRunActivities } from '../../src/activities/platform/run-activities.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { decide } from '../../src/archive/held-decisions.ts';
import { listHeldObjects, listHeldSets, listOpenSets } from '../../src/archive/held-list.ts';
import { findPerson } from '../../src/archive/people.ts';
import { pageHash } from '../../src/archive/page-cursor.ts';
import { commitChangesPage } from '../../src/archive/directory-tracking.ts';
import { findRun } from '../../src/archive/runs.ts';
import { addTokenRow } from '../lab/token-row.ts';
import type { DirectoryChangesPage, DirectoryEntry, DirectoryPage, DirectorySettings, RemovalSettings } from '../../src/shared/directory.ts';
import type { RunId } from '../../src/shared/ids.ts';
import { aDirectory, anIntegration, aRun, directoryPage, groupEntry, userEntry } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { openReading, openWatch, postChanges, readAll, totalsOf } from '../lab/reading.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

const watermark = { method: 'usn', dnsHostName: 'dc1.corp.example', invocationId: randomUUID(), usn: '1' } as const;
const limitedTo = (number: number): RemovalSettings => ({ limits: { deletion: { number }, disable: { number }, 'group-removal': { number } } });

/** A directory, with what its runs, its watcher and its administrator do. */
async function corp(settings: Partial<DirectorySettings> = {}, within?: Awaited<ReturnType<typeof aDirectory>>) {
  const directory = within === undefined ? await aDirectory(lab.owner, settings) : { ...within, integration: await anIntegration(lab.owner, within.site, { settings }) };
  const { integration, organisation } = directory;
  const activities = createRunActivities({ database: lab.app });
  const inside = <T>(work: Parameters<typeof withOrganisation<T>>[2]) => withOrganisation(lab.app, organisation.id, work);
  const token = await addTokenRow(lab.owner, organisation.id, 'the administrator');
  const rows = () => lab.owner.selectFrom('directory_object').selectAll().where('integration_id', '=', integration.id).orderBy('sort_key').execute();
  const is = async (which: (row: Awaited<ReturnType<typeof rows>>[number]) => boolean) => (await rows()).filter(which).map((row) => row.display_name);
  return {
    ...directory,
    inside,
    rows,
    missing: () => is((row) => row.missing_since !== null),
    disabled: () => is((row) => row.disabled),
    /** One run to its end, as the workflow ends it. */
    async sync(entries: readonly DirectoryEntry[], pages: readonly Partial<DirectoryPage>[] = [{ entries }]) {
      const run = await aRun(lab.owner, integration);
      await readAll(lab.app, run, pages.map((page, at) => directoryPage({ ...page, ...(at === pages.length - 1 ? { watermark } : {}) })));
      const { outcome } = await activities.finishRun({ runId: run.id, outcome: 'done' });
      return { run, outcome, totals: await totalsOf(lab.app, run), held: await inside((tx) => listHeldSets(tx, run.id)) };
    },
    /** One run whose site step ends with this refusal, whoever refused. */
    async refused(entries: readonly DirectoryEntry[]) {
      const run = await aRun(lab.owner, integration);
      const reading = await openReading(lab.app, run);
      const refusal = await reading.post(0, directoryPage({ entries, last: true, watermark })).then(
        () => { throw new Error('the page was taken'); },
        (error: Error & { code?: string }) => error,
      );
      return { refusal, ...(await this.failed(run.id, refusal.code ?? refusal.message)) };
    },
    async failed(run: RunId, code: string) {
      const { outcome } = await activities.finishRun({ runId: run, outcome: 'failed', class: 'ConfigInvalid', code });
      return { run, outcome, row: await inside((tx) => findRun(tx, run)) };
    },
    async change(page: Partial<DirectoryChangesPage>) {
      const at = await openWatch(lab.app, integration_(integration));
      if (at === undefined) throw new Error('nothing to go on from');
      return postChanges(lab.app, integration_(integration), at, { ...nothing, ...page });
    },
    held: async (run: RunId) => (await inside((tx) => listHeldObjects(tx, run, { limit: 100 }))).items.sort((one, other) => (one.dn < other.dn ? -1 : 1)),
    open: () => inside((tx) => listOpenSets(tx, [integration.id])),
    decide: (run: RunId, verdict: 'approved' | 'rejected', kind?: Parameters<typeof decide>[1]['kind']) =>
      inside((tx) => decide(tx, { run, verdict, token, kind })),
    requested: () => lab.owner.selectFrom('run').select(['id', 'state', 'trigger', 'reason']).where('integration_id', '=', integration.id).where('trigger', '=', 'reconcile').execute(),
  };
}
const integration_ = ({ id, org_id }: { id: Parameters<typeof openWatch>[1]['integration_id']; org_id: Parameters<typeof openWatch>[1]['org_id'] }) => ({ integration_id: id, org_id });
const nothing: DirectoryChangesPage = { entries: [], members: [], problems: [], changes: [], watermark };
const gone = ({ guid, dn }: DirectoryEntry) => ({ guid, dn, deleted: true, attributes: {}, memberAdded: [], memberRemoved: [] });
const people = (count: number, word = 'Person') => Array.from({ length: count }, (_, at) => userEntry(`${word} ${String(at).padStart(4, '0')}`));
const withoutAccount = (entry: DirectoryEntry): DirectoryEntry => ({ ...entry, attributes: { ...entry.attributes, userAccountControl: ['514'] } });
const names = (entries: readonly DirectoryEntry[]) => entries.map(({ attributes }) => attributes['displayName']?.[0]);

test('what passes the limit is held whole, everything else of the reading is done, and approving it does exactly that', async () => {
  const it = await corp({ removal: limitedTo(3) });
  const [a, b, c, d, ...stay] = people(20) as [DirectoryEntry, DirectoryEntry, DirectoryEntry, DirectoryEntry, ...DirectoryEntry[]];
  await it.sync([a, b, c, d, ...stay]);
  const newcomer = userEntry('Zoe New');
  const { run, outcome, totals, held } = await it.sync([...stay, newcomer]);
  expect(outcome).toBe('held');
  expect(totals).toMatchObject({ added: 1, unchanged: 16, missing: 0, held: 4 });
  expect(held).toMatchObject([{ kind: 'deletion', objects: 4, state: 'open', reason: '4 people would leave; the limit is 3, or 5 %.' }]);
  expect(await it.missing()).toEqual([]);
  expect(await it.held(run.id)).toMatchObject(
    [a, b, c, d].map(({ guid, dn }) => ({ kind: 'deletion', guid, dn, object: 'user', why: 'gone', pending: true, person: expect.any(String) as string, subject: expect.stringContaining('@corp.example') as string })),
  );

  await it.decide(run.id, 'approved');
  expect(await it.missing()).toEqual(names([a, b, c, d]));
  expect(await it.open()).toEqual([]);
  expect(await it.inside((tx) => listHeldSets(tx, run.id))).toMatchObject([{ state: 'approved', resolvedBy: 'the administrator', resolvedObjects: 4, resolvedAt: expect.any(Date) as Date }]);
  await expect(it.decide(run.id, 'rejected')).rejects.toMatchObject({ code: 'run.nothing-held' });
  expect((await it.sync([...stay, newcomer])).outcome).toBe('succeeded');
});

test('the list of who would go is read in pages, of one kind or of all', async () => {
  const it = await corp({ removal: limitedTo(1) });
  const [a, b, c, ...stay] = people(12) as [DirectoryEntry, DirectoryEntry, DirectoryEntry, ...DirectoryEntry[]];
  const groups = ['One', 'Two'].map((name) => groupEntry(name));
  await it.sync([a, b, c, ...stay, ...groups]);
  const { run } = await it.sync(stay);
  const page = (query: Partial<Parameters<typeof listHeldObjects>[2]>) => it.inside((tx) => listHeldObjects(tx, run.id, { limit: 2, ...query }));
  const first = await page({});
  const second = await page({ after: first.next ?? '' });
  const third = await page({ after: second.next ?? '' });
  expect([first, second, third].map(({ items }) => items.map(({ kind }) => kind))).toEqual([['deletion', 'deletion'], ['deletion', 'group-removal'], ['group-removal']]);
  expect(third.next).toBeNull();
  expect((await page({ kind: 'group-removal' })).items.map(({ subject }) => subject).sort()).toEqual(['One <one@corp.example>', 'Two <two@corp.example>']);
  await expect(page({ after: 'rubbish' })).rejects.toMatchObject({ issues: [{ path: '/after' }] });
});

test('each kind has its own limit: one is held while another is done, and is decided alone', async () => {
  const it = await corp({ removal: { limits: { disable: { number: 1 } } } });
  const [a, b, c, ...stay] = people(30) as [DirectoryEntry, DirectoryEntry, DirectoryEntry, ...DirectoryEntry[]];
  const group = groupEntry('Staff');
  await it.sync([a, b, c, ...stay, group]);
  const now = [a, b].map(withoutAccount).concat(stay);
  const { run, totals, held } = await it.sync(now);
  expect(held.map(({ kind }) => kind)).toEqual(['disable']);
  expect(totals).toMatchObject({ missing: 2, held: 2 });
  expect(await it.missing()).toEqual(['Person 0002', 'Staff']);
  expect((await it.rows()).find((row) => row.display_name === 'Staff')?.listed).toBe(false);
  expect(await it.disabled()).toEqual([]);
  expect((await it.inside((tx) => findPerson(tx, 'person.0000@corp.example'))).state).toBe('enabled');
  await expect(it.decide(run.id, 'approved', 'deletion')).rejects.toMatchObject({ code: 'run.nothing-held' });
  await it.decide(run.id, 'approved', 'disable');
  expect(await it.disabled()).toEqual(names([a, b]));
  expect((await it.inside((tx) => findPerson(tx, 'person.0000@corp.example'))).state).toBe('disabled');
  // Enabling needs nobody's leave.
  await it.sync([a, ...now.slice(1)]);
  expect(await it.disabled()).toEqual(names([b]));
});

test('accounts that are disabled are counted, and not at all where the setting does not acknowledge them', async () => {
  const it = await corp();
  const [a, ...stay] = people(3) as [DirectoryEntry, ...DirectoryEntry[]];
  await it.sync([a, ...stay]);
  expect((await it.sync([withoutAccount(a), ...stay])).totals).toMatchObject({ changed: 1, disabled: 1 });
  const other = await corp({ acknowledgeDisabled: false, removal: limitedTo(0) });
  await other.sync([a, ...stay]);
  expect((await other.sync([withoutAccount(a), ...stay])).outcome).toBe('succeeded');
  expect((await other.inside((tx) => findPerson(tx, 'person.0000@corp.example'))).state).toBe('enabled');
});

test('of a set of which part came back only the rest goes', async () => {
  const it = await corp({ removal: limitedTo(1) });
  const [a, b, c, ...stay] = people(12) as [DirectoryEntry, DirectoryEntry, DirectoryEntry, ...DirectoryEntry[]];
  await it.sync([a, b, c, ...stay]);
  const { run } = await it.sync(stay);
  await it.change({ entries: [b] });
  expect((await it.held(run.id)).map(({ pending }) => pending)).toEqual([true, false, true]);
  await it.decide(run.id, 'approved');
  expect(await it.missing()).toEqual(names([a, c]));
  expect(await it.inside((tx) => listHeldSets(tx, run.id))).toMatchObject([{ objects: 3, resolvedObjects: 2 }]);
});

test('who was rejected stays, is not asked about again, and is when it comes back and goes once more', async () => {
  const it = await corp({ removal: limitedTo(1) });
  const [a, b, ...stay] = people(12) as [DirectoryEntry, DirectoryEntry, ...DirectoryEntry[]];
  await it.sync([a, b, ...stay]);
  const first = await it.sync(stay);
  await it.decide(first.run.id, 'rejected');
  expect(await it.missing()).toEqual([]);
  expect((await it.sync(stay)).outcome).toBe('succeeded');
  expect((await it.inside((tx) => findPerson(tx, 'person.0000@corp.example'))).state).toBe('enabled');
  await it.sync([a, b, ...stay]);
  const again = await it.sync(stay);
  expect(again.outcome).toBe('held');
  expect(again.held).toMatchObject([{ objects: 2, state: 'open' }]);

  const disabled = await corp({ removal: limitedTo(0) });
  await disabled.sync([a, b]);
  const asked = await disabled.sync([withoutAccount(a), b]);
  await disabled.decide(asked.run.id, 'rejected');
  expect((await disabled.sync([withoutAccount(a), b])).outcome).toBe('succeeded');
  await disabled.sync([a, b]);
  expect((await disabled.sync([withoutAccount(a), b])).outcome).toBe('held');
});

test('a later reading replaces what is held: by another set, or by doing what is within the limit', async () => {
  const it = await corp({ removal: limitedTo(1) });
  const [a, b, c, ...stay] = people(12) as [DirectoryEntry, DirectoryEntry, DirectoryEntry, ...DirectoryEntry[]];
  await it.sync([a, b, c, ...stay]);
  const first = await it.sync(stay);
  const second = await it.sync([a, ...stay]);
  expect(await it.open()).toMatchObject([{ run: second.run.id, objects: 2 }]);
  expect(await it.held(first.run.id)).toEqual([]);
  await expect(it.decide(first.run.id, 'approved')).rejects.toMatchObject({ code: 'run.held-replaced' });
  const third = await it.sync([a, b, ...stay]);
  expect(third).toMatchObject({ outcome: 'succeeded', totals: { missing: 1 } });
  expect(await it.open()).toEqual([]);
  expect(await it.missing()).toEqual(names([c]));
});

test('a run whose last page is told again holds the same set once', async () => {
  const it = await corp({ removal: limitedTo(1) });
  const [a, b, ...stay] = people(12) as [DirectoryEntry, DirectoryEntry, ...DirectoryEntry[]];
  await it.sync([a, b, ...stay]);
  const run = await aRun(lab.owner, it.integration);
  for (const attempt of [1, 2]) {
    expect([attempt, await readAll(lab.app, run, [directoryPage({ entries: stay })])]).toMatchObject([attempt, { held: 2, missing: 0 }]);
  }
  expect(await it.open()).toMatchObject([{ run: run.id, objects: 2 }]);
});

test('one directory that is held, or whose reading is doubtful, keeps no other back', async () => {
  const one = await corp({ removal: limitedTo(1) });
  const other = await corp({ removal: limitedTo(1) }, one);
  const [a, b, ...stay] = people(12) as [DirectoryEntry, DirectoryEntry, ...DirectoryEntry[]];
  const elsewhere = people(12, 'Else') as [DirectoryEntry, ...DirectoryEntry[]];
  await one.sync([a, b, ...stay]);
  await other.sync(elsewhere);
  await one.sync(stay);
  await one.refused([]);
  expect((await one.open()).map(({ kind }) => kind).sort()).toEqual(['deletion', 'reading']);
  expect(await other.sync(elsewhere.slice(1))).toMatchObject({ outcome: 'succeeded', totals: { missing: 1 } });
  await other.change({ changes: [gone(elsewhere[1] as DirectoryEntry)], entries: [userEntry('Else New')] });
  expect(await other.missing()).toHaveLength(2);
  expect(await other.rows()).toHaveLength(13);
});

test('people who disappear are kept, disabled, or deleted after some days, and are themselves again when they come back', async () => {
  const [a, b] = people(2) as [DirectoryEntry, DirectoryEntry];
  const kept = await corp();
  await kept.sync([a, b]);
  await kept.sync([b]);
  expect(await kept.inside((tx) => findPerson(tx, 'person.0000@corp.example'))).toMatchObject({ state: 'missing' });

  const disabling = await corp({ removal: { people: 'disable' } });
  await disabling.sync([a, b]);
  await disabling.sync([b]);
  expect(await disabling.inside((tx) => findPerson(tx, 'person.0000@corp.example'))).toMatchObject({ state: 'disabled', missingSince: expect.any(String) as string });
  await disabling.sync([a, b]);
  expect(await disabling.inside((tx) => findPerson(tx, 'person.0000@corp.example'))).toMatchObject({ state: 'enabled', missingSince: null });

  const deleting = await corp({ removal: { people: { deleteAfterDays: 30 } } });
  await deleting.sync([a, b]);
  const { id } = await deleting.inside((tx) => findPerson(tx, 'person.0000@corp.example'));
  await deleting.sync([b]);
  expect((await deleting.sync([b])).totals).not.toHaveProperty('deleted');
  await lab.owner.updateTable('directory_object').set({ missing_since: new Date(Date.now() - 31 * 86_400_000) }).where('integration_id', '=', deleting.integration.id).where('guid', '=', a.guid).execute();
  expect((await deleting.sync([b])).totals).toMatchObject({ deleted: 1, missing: 0 });
  await expect(deleting.inside((tx) => findPerson(tx, id))).rejects.toThrow('no such person');
  expect(await deleting.rows()).toHaveLength(2);
  expect((await deleting.sync([b])).totals).not.toHaveProperty('deleted');
  expect((await deleting.sync([a, b])).totals).toMatchObject({ returned: 1 });
  expect(await deleting.inside((tx) => findPerson(tx, 'person.0000@corp.example'))).toMatchObject({ id, state: 'enabled' });
});

test('a page of changes with 600 deletions removes nobody, adds who is new, and asks for one reading, which holds them', async () => {
  const it = await corp();
  const everybody = people(700);
  const [leaving, stay] = [everybody.slice(0, 600), everybody.slice(600)];
  await it.sync(everybody);
  expect(await it.change({ changes: leaving.map(gone), entries: [userEntry('Zoe New')] })).toMatchObject({ outcome: 'applied' });
  expect(await it.missing()).toEqual([]);
  expect((await it.rows()).map((row) => row.display_name)).toContain('Zoe New');
  expect(await it.requested()).toMatchObject([{ state: 'queued', reason: { code: 'removals-held' } }]);
  await it.change({ changes: [gone(stay[0] as DirectoryEntry)] });
  expect(await it.requested()).toHaveLength(1);

  const [run] = await it.requested();
  await lab.owner.deleteFrom('run').where('id', '=', run?.id as RunId).execute();
  const reading = await it.sync([...stay.slice(1), userEntry('Zoe New', { guid: (await it.rows()).find((row) => row.display_name === 'Zoe New')?.guid ?? '' })]);
  expect(reading).toMatchObject({ outcome: 'held', held: [{ kind: 'deletion', objects: 601 }] });
  // While a set waits nothing of its kind happens, and nobody is asked again.
  await it.change({ changes: [gone(stay[1] as DirectoryEntry)], entries: [withoutAccount(stay[2] as DirectoryEntry)] });
  expect(await it.missing()).toEqual([]);
  expect(await it.disabled()).toEqual(names([stay[2] as DirectoryEntry]));
  expect(await it.requested()).toEqual([]);
  await it.decide(reading.run.id, 'approved');
  expect(await it.missing()).toHaveLength(601);
}, 60_000);

test('changes of one day count together, with a reading too, until an administrator has decided', async () => {
  const it = await corp({ removal: limitedTo(3) });
  const everybody = people(40);
  await it.sync(everybody);
  const leave = (from: number, to: number) => it.change({ changes: everybody.slice(from, to).map(gone) });
  await leave(0, 2);
  expect(await it.missing()).toHaveLength(2);
  await leave(2, 4);
  expect(await it.missing()).toHaveLength(2);
  expect(await it.requested()).toHaveLength(1);
  await lab.owner.deleteFrom('run').where('trigger', '=', 'reconcile').where('integration_id', '=', it.integration.id).execute();
  const { run, held } = await it.sync(everybody.slice(4));
  expect(held).toMatchObject([{ objects: 2, reason: '4 people would leave, 2 in the last 24 hours included; the limit is 3, or 5 %.' }]);
  await it.decide(run.id, 'approved');
  await leave(4, 6);
  expect(await it.missing()).toHaveLength(6);
  // A day later nothing of it counts.
  await lab.owner.updateTable('removed_by_changes').set({ at: new Date(Date.now() - 25 * 3_600_000) }).where('integration_id', '=', it.integration.id).execute();
  await leave(6, 9);
  expect(await it.missing()).toHaveLength(9);
});

test('a page of changes that does not reach its commit removes and counts nobody', async () => {
  const it = await corp();
  const everybody = people(3);
  await it.sync(everybody);
  const at = await openWatch(lab.app, integration_(it.integration));
  const page = { ...nothing, changes: everybody.slice(0, 1).map(gone) };
  const killed = it.inside(async (tx) => {
    await commitChangesPage(tx, it.integration.id, at ?? { epoch: 0, seq: 0 }, page, pageHash(Buffer.from('page')));
    throw new Error('killed');
  });
  await expect(killed).rejects.toThrow('killed');
  expect(await it.missing()).toEqual([]);
  expect(await lab.owner.selectFrom('removed_by_changes').select('id').where('integration_id', '=', it.integration.id).execute()).toEqual([]);
  await it.change(page);
  expect(await it.missing()).toEqual(names(everybody.slice(0, 1)));
});

describe('a source that lies deletes nothing', () => {
  test('an empty answer is held', async () => {
    const it = await corp();
    const everybody = people(3);
    await it.sync(everybody);
    const { refusal, outcome, row } = await it.refused([]);
    expect(refusal).toMatchObject({ class: 'ConfigInvalid', code: 'directory.empty-reading' });
    expect(outcome).toBe('held');
    expect(row).toMatchObject({ state: 'held', error: { code: 'directory.empty-reading', next: expect.any(String) as string } });
    expect(await it.missing()).toEqual([]);
    expect(await it.open()).toMatchObject([{ kind: 'reading' }]);
    // A reading that is whole again ends it.
    expect((await it.sync(everybody)).outcome).toBe('succeeded');
    expect(await it.open()).toEqual([]);
  });

  test('less than half is held; accepted, the next reading passes, once, and the limit still holds whom it would remove', async () => {
    const it = await corp();
    const everybody = people(40);
    await it.sync(everybody);
    const doubtful = await it.refused(everybody.slice(0, 19));
    expect(doubtful).toMatchObject({ outcome: 'held', refusal: { code: 'directory.partial-reading', message: expect.stringContaining('19 objects, and 40 before') as string } });
    expect((await it.rows()).every((row) => row.in_source && row.missing_since === null)).toBe(true);
    await it.decide(doubtful.run, 'approved');
    const next = await it.sync(everybody.slice(0, 19));
    expect(next).toMatchObject({ outcome: 'held', held: [{ kind: 'deletion', objects: 21 }] });
    await it.sync(everybody);
    expect((await it.refused(everybody.slice(0, 19))).outcome).toBe('held');
  });

  test('a weaker account, which sees fewer attributes, is held before anything of its page is taken', async () => {
    const it = await corp();
    const everybody = people(40).map((entry) => ({ ...entry, attributes: { ...entry.attributes, title: ['Clerk'], nickname: ['x'] } }));
    await it.sync(everybody);
    const weaker = (hidden: string, count: number) =>
      everybody.map((entry, at) => (at < count ? { ...entry, attributes: Object.fromEntries(Object.entries(entry.attributes).filter(([name]) => name !== hidden)) } : entry));
    const { refusal, outcome, run } = await it.refused(weaker('title', 21));
    expect(refusal).toMatchObject({ code: 'directory.weaker-reading', message: expect.stringContaining('"title" of 21 of the 40') as string });
    expect(outcome).toBe('held');
    expect((await it.rows()).every(({ attributes }) => attributes['title']?.[0] === 'Clerk')).toBe(true);
    // Half may lose it, and one that the settings asked for is theirs to ask no more.
    expect((await it.sync(weaker('title', 20))).outcome).toBe('succeeded');
    await it.sync(everybody);
    expect((await it.sync(weaker('nickname', 40))).outcome).toBe('succeeded');
    const again = await it.refused(weaker('title', 40));
    await expect(it.decide(run, 'approved')).rejects.toMatchObject({ code: 'run.held-replaced' });
    await it.decide(again.run, 'approved');
    expect((await it.sync(weaker('title', 40))).outcome).toBe('succeeded');
  });

  test.each(['ldap.size-limit', 'directory.base-missing', 'directory.nothing-found'])('%s of the site is held, and cannot be accepted', async (code) => {
    const it = await corp();
    // Before anything was read it is a mistake in the settings, and nothing to protect.
    const first = await aRun(lab.owner, it.integration);
    expect((await it.failed(first.id, code)).outcome).toBe('incomplete');
    await it.sync(people(3));
    const run = await aRun(lab.owner, it.integration);
    expect(await it.failed(run.id, code)).toMatchObject({ outcome: 'held', row: { state: 'held', error: { code } } });
    expect(await it.missing()).toEqual([]);
    await expect(it.decide(run.id, 'approved')).rejects.toMatchObject({ code: 'run.not-acceptable' });
    await it.decide(run.id, 'rejected');
    expect(await it.open()).toEqual([]);
  });

  test('a failure that says nothing of the directory is a failure', async () => {
    const it = await corp();
    await it.sync(people(3));
    const run = await aRun(lab.owner, it.integration);
    expect((await it.failed(run.id, 'ldap.invalid-credentials')).outcome).toBe('incomplete');
  });
});
