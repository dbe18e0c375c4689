/** Two organisations in one database, one mailbox of some size: every list reads by indexes and shows nothing of others. */
import { sql } from 'kysely';
import { isContentDue, nextContent } from '../../src/archive/content/content-work.ts';
import { type OrganisationTransaction, withOrganisation } from '../../src/archive/database.ts';
import { findFolderTree } from '../../src/archive/folder-tree.ts';
import { claimMailboxes } from '../../src/archive/mailbox-claims.ts';
import { holdMailbox } from '../../src/archive/mailbox-lease.ts';
import { completePass } from '../../src/archive/mailbox-pass.ts';
import { findItemHistory } from '../../src/archive/item-history.ts';
import { sourceHash } from '../../src/archive/item-mapping.ts';
import { listItems } from '../../src/archive/item-list.ts';
import type { MailboxView } from '../../src/archive/mailbox-view.ts';
import type { MailboxClaim } from '../../src/shared/mailbox-contract.ts';
import { type FolderId, folderId, type ItemId, itemId } from '../../src/shared/ids.ts';
import type { FolderEntry, FolderPage, ItemEntry, SourceFolderId, SourceItemId } from '../../src/shared/mailbox.ts';
import { aMailbox, archiveClient, aTask, aTaskRun, type LabMailbox, type LabTask } from '../lab/mailboxes.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

const ITEMS = 12_000;
const PAGE = 2000;
const { signal } = new AbortController();

const item = (n: number, subject = `Item ${n}`): ItemEntry => ({
  id: `item-${n}` as SourceItemId,
  changeKey: subject,
  searchKey: Buffer.from(`search-${n}`).toString('base64'),
  sourceKey: null,
  properties: {
    itemClass: 'IPM.Note', subject, from: null, to: [], cc: [], bcc: [], sentAt: null, receivedAt: new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString(),
    createdAt: null, modifiedAt: null, size: 1000, sensitivity: n % 50 === 0 ? 'private' : 'normal', importance: 'normal', isRead: true, isDraft: false,
    hasAttachments: false, flag: 'none', categories: [], messageId: null, inReplyTo: null, conversationId: null,
  },
});
const folder = (n: number): FolderEntry => ({
  id: `folder-${n}` as SourceFolderId, parentId: 'root' as SourceFolderId, name: `Folder ${n}`, folderClass: 'IPF.Note',
  wellKnown: n === 0 ? 'inbox' : null, hidden: false, search: false, itemCount: 0,
});
const page = (overrides: Partial<FolderPage>): FolderPage => ({ items: [], removed: [], read: [], problems: [], state: 'c3RhdGU=', last: false, ...overrides });

interface Tenant {
  readonly task: LabTask;
  readonly mailbox: LabMailbox;
  readonly inbox: FolderId;
  readonly item: ItemId;
  readonly between: Date;
}
let lab: LabDatabase;
let ours: Tenant;
let theirs: Tenant;
const the = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there is none');
  return value;
};

/** A mailbox after two passes: in the second a fifth of the items left the inbox and a fifth changed. */
async function tenant(items: number): Promise<Tenant> {
  const task = await aTask(lab.owner);
  const mailbox = await aMailbox(lab.owner, task, 'ada@mail.example.test');
  const client = archiveClient(lab.app, task);
  const claimed = async (): Promise<MailboxClaim> => the((await client.claim(await aTaskRun(lab.owner, task, [mailbox]), { offset: 0, length: 1 }, signal)).mailboxes[0]);
  const nothing = { hints: [], failures: [], wrongHints: [], verified: true };
  const first = await claimed();
  const answer = await client.postHierarchy(first, first.hierarchy, { folders: Array.from({ length: 20 }, (_, n) => folder(n)), removed: [], state: 'eA==', last: true }, signal);
  const known = 'folders' in answer ? the(answer.folders) : [];
  for (let from = 0; from < items; from += PAGE) {
    const all = Array.from({ length: Math.min(PAGE, items - from) }, (_, n) => item(from + n));
    await client.postFolder(first, the(known[0]).folder, { epoch: 1, seq: from / PAGE }, page({ items: all, last: from + PAGE >= items }), signal);
  }
  const problem = { id: 'broken' as SourceItemId, code: 'item.corrupt', detail: '' };
  await client.postFolder(first, the(known[1]).folder, { epoch: 1, seq: 0 }, page({ items: [item(items + 1)], problems: [problem], last: true }), signal);
  await client.complete(first, nothing, signal);
  const { rows: [clock] } = await sql<{ now: Date }>`select clock_timestamp() + interval '1 millisecond' as now`.execute(lab.owner);
  await new Promise((resolve) => setTimeout(resolve, 3));
  const second = await claimed();
  const cursor = the(second.folders[0]).cursor;
  const fifth = Math.floor(items / 5);
  await client.postFolder(second, the(known[0]).folder, cursor, page({
    removed: Array.from({ length: fifth }, (_, n) => item(n).id),
    items: Array.from({ length: fifth }, (_, n) => item(fifth + n, `Changed ${n}`)),
    read: [{ id: item(items - 1).id, isRead: false }],
  }), signal);
  // A reading from the beginning that is under way.
  const restarted = await client.restart(second, the(known[2]).folder, signal);
  await client.postFolder(second, the(known[2]).folder, restarted, page({ items: [item(items + 2)] }), signal);
  const { folders: [renamed] } = { folders: [{ ...folder(3), name: 'Renamed' }] };
  await client.postHierarchy(second, second.hierarchy, { folders: [the(renamed)], removed: [], state: 'eA==', last: true }, signal);
  await client.complete(second, nothing, signal);
  const { rows: [row] } = await sql<{ id: string }>`select id from item where mailbox_id = ${mailbox.id} and source_hash = ${sourceHash(`item-${items - 1}`)}`.execute(lab.owner);
  const { rows: [content] } = await sql<{ id: string }>`
    insert into content (org_id, sha256, bytes, digest_version, blob, to_share) values (${task.organisation}, '\\x01', 1, 1, '\\x01', false) returning id`.execute(lab.owner);
  await sql`insert into content_part (content_id, number, org_id, sha256, bytes, content_type) values (${content?.id}, 1, ${task.organisation}, '\\x01', 1, 'text/plain')`.execute(lab.owner);
  return { task, mailbox, inbox: folderId(the(known[0]).folder), item: itemId(the(row).id), between: the(clock).now };
}

/** A mailbox alone in its partition is rightly read by reading the partition: others share it. */
async function crowd(): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select id from generate_series(100000, 101000) as x (id)
    where satisfies_hash_partition('item'::regclass, 16, (
      select remainder from generate_series(0, 15) as y (remainder) where satisfies_hash_partition('item'::regclass, 16, remainder, ${ours.mailbox.id}::bigint)), id::bigint)
    order by id limit 6`.execute(lab.owner);
  for (const { id } of rows) {
    for (const table of ['item', 'former_version', 'former_placement']) {
      const { rows: columns } = await sql<{ name: string }>`
        select column_name as name from information_schema.columns where table_name = ${table} and column_name not in ('mailbox_id') order by 1`.execute(lab.owner);
      const names = sql.join(columns.map(({ name }) => sql.ref(name)));
      await sql`insert into ${sql.table(table)} (mailbox_id, ${names}) overriding system value select ${id}::bigint, ${names} from ${sql.table(table)} where mailbox_id = ${ours.mailbox.id}`.execute(lab.owner);
    }
  }
}

beforeAll(async () => {
  lab = await freshDatabase();
  [ours, theirs] = [await tenant(ITEMS), await tenant(40)];
  await crowd();
  await sql`analyze`.execute(lab.owner);
}, 120_000);
afterAll(() => lab.close());

const inside = <T>({ task }: Tenant, work: (tx: OrganisationTransaction) => Promise<T>) => withOrganisation(lab.app, task.organisation, work);
const views = (): Record<string, MailboxView> => ({ live: { kind: 'live' }, full: { kind: 'full' }, 'as of the first pass': { kind: 'as-of', at: ours.between } });

/** Tables and partitions of more than two pages that `work` read from end to end. */
async function readFromEndToEnd(tx: OrganisationTransaction, work: () => Promise<unknown>): Promise<string[]> {
  const counts = async () => {
    const { rows } = await sql<{ name: string; scans: string }>`
      select relname as name, seq_scan as scans from pg_stat_xact_user_tables where pg_relation_size(relid) > 2 * 8192 order by relname`.execute(tx);
    return new Map(rows.map(({ name, scans }) => [name, Number(scans)]));
  };
  const before = await counts();
  await work();
  return [...(await counts())].flatMap(([name, scans]) => (scans > (before.get(name) ?? 0) ? [name] : []));
}

describe.each(['live', 'full', 'as of the first pass'])('%s', (name) => {
  const view = () => the(views()[name]);

  test.each<[string, (tx: OrganisationTransaction) => Promise<unknown>]>([
    ['the folder tree', (tx) => findFolderTree(tx, ours.mailbox.id, view())],
    ['a page of items', (tx) => listItems(tx, ours.mailbox.id, { folder: ours.inbox, view: view(), limit: 100 })],
    ['a later page of items', (tx) => listItems(tx, ours.mailbox.id, { folder: ours.inbox, view: view(), limit: 100, after: `${Date.UTC(2026, 0, 3)}000.5` })],
    ['one message', (tx) => findItemHistory(tx, ours.mailbox.id, ours.item, view())],
  ])('%s reads no table from end to end', async (_, query) => {
    await inside(ours, async (tx) => expect(await readFromEndToEnd(tx, () => query(tx))).toEqual([]));
  });

  test('nothing of another organisation is found', async () => {
    await inside(theirs, async (tx) => {
      await expect(findFolderTree(tx, ours.mailbox.id, view())).rejects.toThrow('no such mailbox');
      await expect(listItems(tx, ours.mailbox.id, { folder: ours.inbox, view: view(), limit: 10 })).rejects.toThrow('no such mailbox');
      await expect(findItemHistory(tx, ours.mailbox.id, ours.item, view())).rejects.toThrow('no such mailbox');
      await expect(listItems(tx, theirs.mailbox.id, { folder: ours.inbox, view: view(), limit: 10 })).rejects.toThrow('no such folder');
    });
  });
});

test.each([
  ['when all is wanted', sql`true`],
  ['when almost nothing is', sql`id % 1000 = 0`],
])('content that is wanted is found without reading a table from end to end, %s', async (_, wanted) => {
  await sql`update item set content_state = case when ${wanted} then 'wanted' else 'stored' end where mailbox_id = ${ours.mailbox.id}`.execute(lab.owner);
  await sql`analyze item`.execute(lab.owner);
  await inside(ours, async (tx) => {
    const mailbox = { id: ours.mailbox.id, withContent: true };
    const found: string[] = [];
    expect(await readFromEndToEnd(tx, async () => {
      expect(await isContentDue(tx, ours.mailbox.id)).toBe(true);
      const first = await nextContent(tx, mailbox, null);
      const second = first.next === null ? { items: [] } : await nextContent(tx, mailbox, first.next);
      found.push(...[...first.items, ...second.items].map(({ item: id }) => id));
    })).toEqual([]);
    // Newest first, none twice.
    const { rows } = await sql<{ id: string }>`
      select id from item where mailbox_id = ${ours.mailbox.id} and content_state = 'wanted' and folder_id is not null and left_out is null
      order by sort_at desc, id desc limit ${found.length}`.execute(tx);
    expect(found).toEqual(rows.map(({ id }) => id));
    expect(found.length).toBeGreaterThan(0);
  });
});

test('counts and pages of a view agree, and say which pass they show', async () => {
  const fifth = ITEMS / 5;
  const privateOnes = (from: number, to: number) => Math.ceil(to / 50) - Math.ceil(from / 50);
  const expected = {
    live: { pass: 2, items: ITEMS - fifth - privateOnes(fifth, ITEMS), leftOut: privateOnes(fifth, ITEMS) },
    full: { pass: 2, items: ITEMS - privateOnes(0, ITEMS), leftOut: privateOnes(0, ITEMS) },
    'as of the first pass': { pass: 1, items: ITEMS - privateOnes(0, ITEMS), leftOut: privateOnes(0, ITEMS) },
  };
  for (const [name, { pass, items, leftOut }] of Object.entries(expected)) {
    await inside(ours, async (tx) => {
      const view = the(views()[name]);
      const tree = await findFolderTree(tx, ours.mailbox.id, view);
      expect(tree.at).toMatchObject({ pass, complete: true });
      expect(tree.folders.find(({ id }) => id === ours.inbox)).toMatchObject({ name: 'Folder 0', wellKnown: 'inbox', items, leftOut });
      let listed = 0;
      for (let after: string | null | undefined = undefined; after !== null; ) {
        const next: Awaited<ReturnType<typeof listItems>> = await listItems(tx, ours.mailbox.id, { folder: ours.inbox, view, limit: 500, after });
        listed += next.items.length;
        after = next.next;
      }
      expect(listed).toBe(items);
      expect(tree.folders.map((one) => one.name).includes('Renamed')).toBe(pass === 2);
    });
  }
});

test('a page of a folder, and the end of a pass, read no table from end to end', async () => {
  const client = archiveClient(lab.app, ours.task);
  const claim = the((await client.claim(await aTaskRun(lab.owner, ours.task, [ours.mailbox]), { offset: 0, length: 1 }, signal)).mailboxes[0]);
  const scans = async () => {
    const { rows } = await sql<{ name: string; scans: string }>`
      select relname as name, coalesce(seq_scan, 0) as scans from pg_stat_user_tables
      where (relname like 'item%' or relname like 'former\\_%') and pg_relation_size(relid) > 4 * 8192`.execute(lab.owner);
    return rows;
  };
  await sql`select pg_stat_force_next_flush()`.execute(lab.owner);
  const before = await scans();
  const cursor = the(claim.folders.find(({ folder: id }) => id === ours.inbox)).cursor;
  const moved = Array.from({ length: 100 }, (_, n) => ({ ...item(5000 + n), id: `moved-${n}` as SourceItemId }));
  await client.postFolder(claim, ours.inbox, cursor, page({ removed: moved.map((_, n) => item(5000 + n).id), items: [item(6000, 'Again')] }), signal);
  const other = the(claim.folders[4]);
  await client.postFolder(claim, other.folder, other.cursor, page({ items: moved, last: true }), signal);
  await client.complete(claim, { hints: [], failures: [], wrongHints: [], verified: false }, signal);
  expect(before.length).toBeGreaterThan(0);
  expect(await scans()).toEqual(before);
  // Each of them is the item that it was.
  const { rows: [count] } = await sql<{ moved: number }>`
    select count(*)::int as moved from former_placement where mailbox_id = ${ours.mailbox.id} and reason = 'moved'`.execute(lab.owner);
  expect(count).toEqual({ moved: 100 });
});

test('items that are judged by other rules are found without a table read from end to end', async () => {
  const client = archiveClient(lab.app, ours.task);
  const rules = [{ action: 'exclude', olderThanDays: 300, itemClass: 'IPM.Note' }];
  await sql`update definition set settings = settings || ${JSON.stringify({ rules })}::jsonb where id = ${ours.task.definition}`.execute(lab.owner);
  const run = await aTaskRun(lab.owner, ours.task, [ours.mailbox]);
  const claim = async () => the((await client.claim(run, { offset: 0, length: 1 }, signal)).mailboxes[0]);
  await inside(ours, async (tx) =>
    expect(
      await readFromEndToEnd(tx, async () => {
        const held = await holdMailbox(tx, ours.task.site, ours.mailbox.key, (await claimMailboxes(tx, ours.task.site, run, { offset: 0, length: 1 }))[0]?.lease ?? '');
        await completePass(tx, held, { hints: [], failures: [], wrongHints: [], verified: false });
      }),
    ).toEqual([]),
  );
  const { rows: [count] } = await sql<{ left: number }>`
    select count(*)::int as left from former_placement where mailbox_id = ${ours.mailbox.id} and reason = 'left-scope'`.execute(lab.owner);
  expect(the(count).left).toBeGreaterThan(1000);
  expect((await claim()).passOpen).toBe(false);
});

const tables = ['exchange_connection', 'definition', 'mailbox_group', 'task', 'mailbox', 'mailbox_owner', 'task_mailbox', 'run_mailbox', 'pass', 'folder',
  'former_folder', 'item', 'former_version', 'former_placement', 'content', 'content_part', 'seen_item', 'item_problem'] as const;

test.each(tables)('of %s an organisation reads, changes and removes its own rows only', async (table) => {
  const theirRows = async () => (await sql`select to_jsonb(t) as row from ${sql.table(table)} t where org_id = ${theirs.task.organisation} order by to_jsonb(t)::text`.execute(lab.owner)).rows;
  const before = await theirRows();
  expect(before.length).toBeGreaterThan(0);
  await inside(ours, async (tx) => {
    const foreign = sql`org_id = ${theirs.task.organisation}`;
    expect((await sql`select from ${sql.table(table)} where ${foreign}`.execute(tx)).rows).toEqual([]);
    expect(Number((await sql`update ${sql.table(table)} set org_id = org_id where ${foreign}`.execute(tx)).numAffectedRows)).toBe(0);
    expect(Number((await sql`delete from ${sql.table(table)} where ${foreign}`.execute(tx)).numAffectedRows)).toBe(0);
  });
  await expect(inside(ours, (tx) => sql`update ${sql.table(table)} set org_id = ${theirs.task.organisation}`.execute(tx))).rejects.toThrow('row-level security');
  expect(await theirRows()).toEqual(before);
});
