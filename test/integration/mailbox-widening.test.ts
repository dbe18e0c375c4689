/**
 * Each setting by which items are left out, changed after a complete run: wider leads to what an archive holds that had the wide one from its
 * beginning, and asks for nothing but what is newly wanted; narrower shows what an archive with the narrow one shows, and keeps what is stored.
 */
import { sql } from 'kysely';
import { replicateMailbox } from '../../src/activities/mailbox/replicate-mailbox.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { findItemHistory } from '../../src/archive/item-history.ts';
import { EwsSource } from '../../src/exchange/ews/ews-source.ts';
import { ROOT } from '../../src/sample/exchange/generated.ts';
import type { SampleMailbox } from '../../src/sample/exchange/mailbox.ts';
import { type SampleExchange, startSampleExchange } from '../../src/sample/exchange/server.ts';
import type { ItemId } from '../../src/shared/ids.ts';
import type { SourceItemId } from '../../src/shared/mailbox.ts';
import type { FolderReplicationSettings, ItemRule } from '../../src/shared/tasks.ts';
import { aSite } from '../lab/builders.ts';
import { aMailbox, archiveClient, aTask, aTaskRun, type LabMailbox, type LabTask, replicationSettings } from '../lab/mailboxes.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { itemsOf, type Picture, pictureOfArchive, sampleMailbox } from '../lab/sample-mail.ts';

const address = 'ada@mail.example.test';
const { signal } = new AbortController();
const the = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there is none');
  return value;
};

let lab: LabDatabase;
let box: SampleMailbox;
let exchange: SampleExchange;
let source: EwsSource;
let reference: Archive;
/** Of half of the items. */
let days: number;
let bytes: number;

beforeAll(async () => {
  lab = await freshDatabase();
  box = sampleMailbox(address, 60);
  const folderOf = (wellKnown: string) => the(box.folders().find((folder) => folder.wellKnown === wellKnown)).number;
  const items = itemsOf(box);
  for (const [index, parent] of [folderOf('inbox'), folderOf('sentitems'), folderOf('deleteditems'), ROOT].entries()) {
    const { number } = box.addFolder({ parent, name: 'Projects' });
    const deeper = box.addFolder({ parent: number, name: 'Old' }).number;
    box.moveItem(the(items[index * 3]).uid, number);
    box.moveItem(the(items[index * 3 + 1]).uid, deeper);
  }
  // A private one in every folder that holds something.
  for (const { number } of box.folders()) {
    const [item] = box.itemsBelow(number);
    if (item !== undefined) box.changeItem(item.uid, { sensitivity: number % 2 === 0 ? 'Private' : 'Personal' });
  }
  exchange = await startSampleExchange({ mailboxes: [box], accounts: { svc: { password: 'secret', impersonates: true } } });
  source = new EwsSource({ type: 'ews', url: exchange.url, authentication: 'basic', account: 'svc' }, 'secret');
  reference = await anArchive({}, false);
  await pass(reference);
  const { rows: [middle] } = await sql<{ days: number; bytes: number }>`
    with i as (select size, sort_at from item where mailbox_id = ${reference.mailbox.id})
    select percentile_disc(0.5) within group (order by size)::int as bytes, (
      select n from generate_series(2, 1000) n
      order by abs((select count(*) from i where sort_at < date_trunc('day', now(), 'UTC') - n * interval '1 day') - (select count(*) / 2 from i)), n limit 1) as days
    from i`.execute(lab.owner);
  ({ days, bytes } = the(middle));
});
afterAll(async () => {
  await source.close();
  await exchange.close();
  await lab.close();
});

interface Archive {
  readonly task: LabTask;
  readonly mailbox: LabMailbox;
}

/** Empty, in an organisation of its own. */
async function anArchive(settings: Partial<FolderReplicationSettings>, leaveOutPrivate: boolean): Promise<Archive> {
  const task = await aTask(lab.owner);
  const archive = { task, mailbox: await aMailbox(lab.owner, task, address) };
  await change(archive, settings, leaveOutPrivate);
  return archive;
}

async function change({ task }: Archive, settings: Partial<FolderReplicationSettings>, leaveOutPrivate: boolean): Promise<void> {
  await sql`update definition set settings = ${JSON.stringify(replicationSettings(settings))} where id = ${task.definition}`.execute(lab.owner);
  await sql`update organisation set leave_out_private = ${leaveOutPrivate} where id = ${task.organisation}`.execute(lab.owner);
}

/** One run, and what it asked for by id. */
async function pass({ task, mailbox }: Archive, exchangeSource = source): Promise<{ readonly asked: readonly SourceItemId[]; readonly withContent: boolean; readonly synchronised: number }> {
  const client = archiveClient(lab.app, task);
  const run = await aTaskRun(lab.owner, task, [mailbox]);
  const claim = the((await client.claim(run, { offset: 0, length: 1 }, signal)).mailboxes[0]);
  const real = exchangeSource.mailbox(claim);
  const asked: SourceItemId[] = [];
  const before = exchange.requests.get('SyncFolderItems') ?? 0;
  await replicateMailbox({
    mailbox: {
      syncHierarchy: (...given) => real.syncHierarchy(...given),
      folderHints: (...given) => real.folderHints(...given),
      syncFolder: (...given) => real.syncFolder(...given),
      readContent: (...given) => real.readContent(...given),
      readItems: (ids, stop) => {
        asked.push(...ids);
        return real.readItems(ids, stop);
      },
    },
    capabilities: source.capabilities, client, claim, signal,
  });
  return { asked, withContent: claim.withContent, synchronised: (exchange.requests.get('SyncFolderItems') ?? 0) - before };
}

/** Everything that is stored of items, but in which pass it came. */
async function stored({ mailbox }: Archive): Promise<unknown[]> {
  const { rows } = await sql`
    select f.source_id as folder, i.source_id, i.change_key, i.search_key, i.source_key, i.left_out, i.item_class, i.size, case when i.left_out = 'private' then null else i.sort_at end as sort_at, i.properties, i.signature, i.content_state
    from item i join folder f on f.id = i.folder_id
    where i.mailbox_id = ${mailbox.id} order by i.source_id collate "C"`.execute(lab.owner);
  return rows;
}
const kept = async ({ mailbox }: Archive): Promise<string[]> => {
  const { rows } = await sql<{ source_id: string }>`select source_id from item where mailbox_id = ${mailbox.id} and left_out is null`.execute(lab.owner);
  return rows.map(({ source_id }) => source_id);
};
const outdated = async ({ mailbox }: Archive): Promise<unknown[]> => {
  const { rows } = await sql`select name from folder where mailbox_id = ${mailbox.id} and (rules_hash is null or length(rules_hash) = 0)`.execute(lab.owner);
  return rows;
};
const live = ({ task, mailbox }: Archive): Promise<Picture> => pictureOfArchive(lab.app, task.organisation, mailbox, { kind: 'live' });

type Settings = Partial<FolderReplicationSettings> & { readonly leaveOutPrivate?: boolean };
interface Widening {
  readonly narrow: Settings;
  readonly wide: Settings;
}
const rules = (...given: ItemRule[]): Settings => ({ rules: given });
const without = (...given: ('inbox' | 'sentItems' | 'deletedItems')[]): Settings => ({
  exclude: { inbox: given.includes('inbox'), sentItems: given.includes('sentItems'), deletedItems: given.includes('deletedItems') },
});
const nothing: ItemRule = { action: 'exclude', path: '**' };

const widenings: [string, () => Widening][] = [
  ['the switch of Inbox', () => ({ narrow: without('inbox'), wide: {} })],
  ['the switch of Sent Items', () => ({ narrow: without('inbox', 'sentItems'), wide: without('inbox') })],
  ['the switch of Deleted Items', () => ({ narrow: without('deletedItems'), wide: {} })],
  ['a rule that excludes a default folder', () => ({ narrow: rules({ action: 'exclude', wellKnown: 'sentitems' }), wide: {} })],
  ['a rule that excludes a path', () => ({ narrow: rules({ action: 'exclude', path: 'Projects/Old' }), wide: {} })],
  ['a pattern that says less', () => ({ narrow: rules({ action: 'exclude', path: '**/Projects/**' }), wide: rules({ action: 'exclude', path: 'Proj*/Ol*' }) })],
  ['a rule that excludes a class', () => ({ narrow: rules({ action: 'exclude', itemClass: 'ipm.note' }), wide: {} })],
  ['a class that says less', () => ({ narrow: rules({ action: 'exclude', itemClass: 'IPM' }), wide: rules({ action: 'exclude', itemClass: 'IPM.Note' }) })],
  ['a rule that excludes what is old', () => ({ narrow: rules({ action: 'exclude', olderThanDays: days }), wide: {} })],
  ['an age that is larger', () => ({ narrow: rules({ action: 'exclude', olderThanDays: 1 }), wide: rules({ action: 'exclude', olderThanDays: days }) })],
  ['a rule that excludes what is large', () => ({ narrow: rules({ action: 'exclude', largerThanBytes: bytes }), wide: {} })],
  ['a size that is larger', () => ({ narrow: rules({ action: 'exclude', largerThanBytes: 1 }), wide: rules({ action: 'exclude', largerThanBytes: bytes }) })],
  ['one condition more', () => ({ narrow: rules({ action: 'exclude', wellKnown: 'inbox' }), wide: rules({ action: 'exclude', wellKnown: 'inbox', largerThanBytes: bytes, olderThanDays: days }) })],
  ['an exception by default folder', () => ({ narrow: rules(nothing), wide: rules({ action: 'include', wellKnown: 'inbox' }, nothing) })],
  ['an exception by path', () => ({ narrow: rules(nothing), wide: rules({ action: 'include', path: 'Projects/**' }, nothing) })],
  ['an exception by class', () => ({ narrow: rules(nothing), wide: rules({ action: 'include', itemClass: 'IPM.Note' }, nothing) })],
  ['an exception by age', () => ({ narrow: rules(nothing), wide: rules({ action: 'include', olderThanDays: days }, nothing) })],
  ['an exception by size', () => ({ narrow: rules(nothing), wide: rules({ action: 'include', largerThanBytes: bytes }, nothing) })],
  ['private items', () => ({ narrow: { leaveOutPrivate: true }, wide: {} })],
  ['private items and rules', () => ({ narrow: { leaveOutPrivate: true, ...rules({ action: 'exclude', wellKnown: 'inbox' }) }, wide: rules({ action: 'exclude', wellKnown: 'inbox', largerThanBytes: bytes }) })],
];
const complete = ({ leaveOutPrivate = false, ...settings }: Settings): [Settings, boolean] => [settings, leaveOutPrivate];

test.each(widenings)('%s: wider is what a wide archive holds, and only what is newly wanted is asked for', async (_, settings) => {
  const { narrow, wide } = settings();
  const archive = await anArchive(...complete(narrow));
  await pass(archive);
  const fresh = await anArchive(...complete(wide));
  await pass(fresh);
  const [had, wanted] = [await kept(archive), await kept(fresh)];
  expect(wanted.length).toBeGreaterThan(had.length);
  await change(archive, ...complete(wide));
  const { asked, synchronised } = await pass(archive);
  expect(await stored(archive)).toEqual(await stored(fresh));
  expect(await live(archive)).toEqual(await live(fresh));
  const isNew = wanted.filter((id) => !had.includes(id));
  // Of private ones nothing is known before: all of them are asked for.
  if (narrow.leaveOutPrivate === true) expect(asked).toEqual(expect.arrayContaining(isNew));
  else expect(asked.toSorted()).toEqual(isNew.toSorted());
  expect(new Set(asked).size).toBe(asked.length);
  expect(synchronised).toBe(0);
  // Nothing is left to do.
  expect(await outdated(archive)).toEqual([]);
  expect(await pass(archive)).toMatchObject({ asked: [], synchronised: 0 });
});

test.each(widenings)('%s: narrower shows what a narrow archive shows, keeps what is stored, and wider again is as before', async (_, settings) => {
  const { narrow, wide } = settings();
  const archive = await anArchive(...complete(wide));
  await pass(archive);
  const before = await live(archive);
  const { rows: [moment] } = await sql<{ at: Date }>`select clock_timestamp() + interval '1 millisecond' as at`.execute(lab.owner);
  const everything = await stored(archive);
  const had = await kept(archive);
  await new Promise((resolve) => setTimeout(resolve, 3));
  await change(archive, ...complete(narrow));
  expect(await pass(archive)).toMatchObject({ asked: [], synchronised: 0 });
  const fresh = await anArchive(...complete(narrow));
  await pass(fresh);
  expect(await live(archive)).toEqual(await live(fresh));
  expect((await kept(archive)).length).toBeLessThan(had.length);
  // Of those that are left out the present row holds what a narrow archive holds of them.
  expect(await stored(archive)).toEqual(await stored(fresh));
  expect(await pictureOfArchive(lab.app, archive.task.organisation, archive.mailbox, { kind: 'as-of', at: the(moment).at })).toEqual(before);
  const full = await pictureOfArchive(lab.app, archive.task.organisation, archive.mailbox, { kind: 'full' });
  expect(full.filter((line) => line.startsWith('item'))).toEqual(before.filter((line) => line.startsWith('item')));
  await change(archive, ...complete(wide));
  await pass(archive);
  expect(await stored(archive)).toEqual(everything);
  expect(await live(archive)).toEqual(before);
});

test('content that is asked for from now on asks for no metadata', async () => {
  const archive = await anArchive({ withContent: false }, false);
  await pass(archive);
  await change(archive, { withContent: true }, false);
  expect(await pass(archive)).toEqual({ asked: [], withContent: true, synchronised: 0 });
  expect(await stored(archive)).toEqual(await stored(reference));
});

test('another definition, task and site go on where the ones before stopped', async () => {
  const archive = await anArchive({ rules: [{ action: 'exclude', wellKnown: 'inbox' }] }, false);
  await pass(archive);
  const wider = await anArchive({}, false);
  await pass(wider);
  const { organisation } = archive.task;
  const task = await aTask(lab.owner, { site: await aSite(lab.owner, { id: organisation }) });
  const moved = { task, mailbox: archive.mailbox };
  await sql`update mailbox set connection_id = ${task.connection} where id = ${archive.mailbox.id}`.execute(lab.owner);
  await sql`update mailbox_owner set task_id = ${task.task} where mailbox_id = ${archive.mailbox.id}`.execute(lab.owner);
  const had = await kept(archive);
  const { asked, synchronised } = await pass(moved);
  expect([asked.toSorted(), synchronised]).toEqual([(await kept(wider)).filter((id) => !had.includes(id)).toSorted(), 0]);
  expect(await stored(moved)).toEqual(await stored(wider));
});

test('a folder that is moved to where rules say otherwise is judged again in the same pass', async () => {
  const given: Settings = rules({ action: 'exclude', path: 'Elsewhere/**' });
  const archive = await anArchive(...complete(given));
  await pass(archive);
  const parent = box.addFolder({ parent: ROOT, name: 'Elsewhere' }).number;
  const projects = the(box.folders().find(({ name, parent: above }) => name === 'Projects' && above === ROOT));
  for (const above of [parent, ROOT]) {
    box.changeFolder(projects.number, { parent: above });
    expect((await pass(archive)).synchronised).toBeLessThan(box.folders().length);
    const fresh = await anArchive(...complete(given));
    await pass(fresh);
    expect(await live(archive)).toEqual(await live(fresh));
    expect(await stored(archive)).toEqual(await stored(fresh));
  }
});

test('more than one page of newly wanted items comes in one run', async () => {
  const large = sampleMailbox('large@mail.example.test', 0, 2);
  const inbox = the(large.folders().find(({ wellKnown }) => wellKnown === 'inbox')).number;
  const template = the(itemsOf(box)[0]);
  for (let n = 0; n < 1201; n += 1) large.addItem(() => ({ ...template, folder: inbox, sensitivity: 'Normal', searchKey: Buffer.from(`key ${n}`) }));
  const server = await startSampleExchange({ mailboxes: [large], accounts: { svc: { password: 'secret', impersonates: true } } });
  const of = new EwsSource({ type: 'ews', url: server.url, authentication: 'basic', account: 'svc' }, 'secret');
  try {
    const task = await aTask(lab.owner);
    const archive = { task, mailbox: await aMailbox(lab.owner, task, large.owner.address) };
    await change(archive, { exclude: { inbox: true, sentItems: false, deletedItems: false } }, true);
    await pass(archive, of);
    expect(await kept(archive)).toEqual([]);
    await change(archive, {}, true);
    expect((await pass(archive, of)).asked).toHaveLength(1201);
    expect(await kept(archive)).toHaveLength(1201);
    expect(await outdated(archive)).toEqual([]);
  } finally {
    await of.close();
    await server.close();
  }
});

test('what was deleted is at its last folder in the full view, and not in the live one', async () => {
  const archive = await anArchive({}, false);
  await pass(archive);
  const projects = the(box.folders().find(({ name, parent }) => name === 'Projects' && parent === ROOT));
  const [item] = box.itemsBelow(projects.number);
  const line = (picture: Picture) => picture.filter((text) => text.startsWith('item /Projects:')).length;
  const before = line(await live(archive));
  box.deleteItem(the(item).uid);
  await pass(archive);
  expect(line(await live(archive))).toBe(before - 1);
  expect(line(await pictureOfArchive(lab.app, archive.task.organisation, archive.mailbox, { kind: 'full' }))).toBe(before);
  const { rows } = await sql<{ item_id: ItemId; reason: string }>`select item_id, reason from former_placement where mailbox_id = ${archive.mailbox.id}`.execute(lab.owner);
  expect(rows).toMatchObject([{ reason: 'deleted' }]);
  const history = await withOrganisation(lab.app, archive.task.organisation, (tx) => findItemHistory(tx, archive.mailbox.id, the(rows[0]).item_id, { kind: 'full' }));
  expect(history.placements).toMatchObject([{ reason: 'deleted' }]);
});
