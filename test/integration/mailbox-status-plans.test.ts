/** Organisations of thousands of mailboxes in one database: every list of mailboxes, and every status, reads by indexes. */
import { sql } from 'kysely';
import { type OrganisationTransaction, withOrganisation } from '../../src/archive/database.ts';
import { findMailboxId } from '../../src/archive/find-mailbox.ts';
import { folderPaths } from '../../src/archive/folder-paths.ts';
import { listMailboxes } from '../../src/archive/mailbox-list.ts';
import { findMailboxStatus } from '../../src/archive/mailbox-status.ts';
import { findTaskStatus, listTaskMailboxes } from '../../src/archive/task-status.ts';
import { listUnreadableItems } from '../../src/archive/unreadable-items.ts';
import type { FolderId, MailboxId } from '../../src/shared/ids.ts';
import { aTask, type LabTask } from '../lab/mailboxes.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

const MAILBOXES = 3000;
/** A task that had half of all mailboxes would rightly read the whole table. */
const OTHERS = 5;
const RUNS = 1000;

let lab: LabDatabase;
let task: LabTask;
let name: string;
let mailbox: MailboxId;
let folders: FolderId[];

/** A task that ran for some time: most mailboxes are healthy, some need somebody; most items that could not be read came right. */
async function load(): Promise<LabTask> {
  const made = await aTask(lab.owner);
  const { organisation: org, task: id } = made;
  await sql`
    insert into mailbox (org_id, address, display_name, recipient_type, connection_id, completed_pass, open_pass, items, bytes)
    select ${org}, 'm' || n || '@mail.example.test', 'M ' || n, 'user-mailbox', ${made.connection}, 1, 1, 10, 1000 from generate_series(1, ${MAILBOXES}::int) n`.execute(lab.owner);
  await sql`
    insert into task_mailbox (task_id, mailbox_id, org_id, state, last_success_at, first_done_at)
    select ${id}, m.id, m.org_id, case when m.id % 500 = 0 then 'attention' when m.id % 499 = 0 then 'skipped' else 'healthy' end, now() - m.id * interval '1 second', now()
    from mailbox m where m.org_id = ${org}`.execute(lab.owner);
  await sql`insert into mailbox_owner (mailbox_id, feature, org_id, task_id) select id, 'folder-replication', org_id, ${id} from mailbox where org_id = ${org}`.execute(lab.owner);
  await sql`insert into pass (mailbox_id, number, org_id, completed_at) select id, 1, org_id, now() from mailbox where org_id = ${org}`.execute(lab.owner);
  await sql`
    insert into folder (org_id, mailbox_id, source_hash, source_id, parent_hash, name, folder_class, opened_pass, named_pass, epoch)
    select m.org_id, m.id, decode(md5('f' || n), 'hex'), 'f' || n, decode(md5('f' || n - 1), 'hex'), 'Folder ' || n, 'IPF.Note', 1, 1, 1
    from mailbox m cross join generate_series(1, 4) n where m.org_id = ${org}`.execute(lab.owner);
  await sql`
    insert into item_problem (mailbox_id, source_hash, org_id, source_id, folder_id, code, detail, resolved_at)
    select m.id, decode(md5('i' || n), 'hex'), m.org_id, 'i' || n, (select f.id from folder f where f.mailbox_id = m.id and f.name = 'Folder 3'), 'item.corrupt', '',
      case when m.id % 20 > 0 or n > 1 then now() end
    from mailbox m cross join generate_series(1, 3) n where m.org_id = ${org}`.execute(lab.owner);
  await sql`
    insert into run (id, org_id, task_id, number, kind, trigger, state, workflow_id, task_scope, finished_at)
    select gen_random_uuid(), ${org}, ${id}, n, 'exchange-task', 'schedule', case when n > ${RUNS - 2}::int then 'running' else 'succeeded' end, 'w' || n,
      to_jsonb(n), case when n <= ${RUNS - 2}::int then now() end
    from generate_series(1, ${RUNS}::int) n`.execute(lab.owner);
  await sql`
    insert into run_mailbox (run_id, ordinal, org_id, mailbox_id)
    select r.id, (row_number() over (partition by r.id) - 1)::int, m.org_id, m.id from run r join mailbox m on m.org_id = r.org_id
    where r.org_id = ${org} and r.number > ${RUNS - 60} and m.id % 20 = 0`.execute(lab.owner);
  return made;
}

beforeAll(async () => {
  lab = await freshDatabase();
  for (let other = 0; other < OTHERS; other++) await load();
  task = await load();
  // Index-only scans need to know which pages are all visible.
  await sql`vacuum analyze`.execute(lab.owner);
  name = (await lab.owner.selectFrom('task').select('name').where('id', '=', task.task).executeTakeFirstOrThrow()).name;
  const { rows: [one] } = await sql<{ id: MailboxId }>`select id from mailbox where org_id = ${task.organisation} and id % 20 = 0 order by id limit 1`.execute(lab.owner);
  if (one === undefined) throw new Error('no mailbox');
  mailbox = one.id;
  folders = (await sql<{ id: FolderId }>`select id from folder where org_id = ${task.organisation} order by mailbox_id, name limit 500`.execute(lab.owner)).rows.map(({ id }) => id);
}, 120_000);
afterAll(() => lab.close());

const inside = <T>(work: (tx: OrganisationTransaction) => Promise<T>) => withOrganisation(lab.app, task.organisation, work);

/** Tables of more than two pages that `work` read from end to end. */
async function readFromEndToEnd(tx: OrganisationTransaction, work: () => Promise<unknown>): Promise<string[]> {
  const counts = async () => {
    const { rows } = await sql<{ name: string; scans: string }>`
      select relname as name, seq_scan as scans from pg_stat_xact_user_tables where pg_relation_size(relid) > 2 * 8192 order by relname`.execute(tx);
    return new Map(rows.map(({ name: table, scans }) => [table, Number(scans)]));
  };
  const before = await counts();
  await work();
  return [...(await counts())].flatMap(([table, scans]) => (scans > (before.get(table) ?? 0) ? [table] : []));
}

const queries: Record<string, (tx: OrganisationTransaction) => Promise<unknown>> = {
  'list of mailboxes': (tx) => listMailboxes(tx, { limit: 500 }),
  'later page of mailboxes': (tx) => listMailboxes(tx, { limit: 500, after: `${mailbox}:m2000@mail.example.test` }),
  'mailboxes by address': (tx) => listMailboxes(tx, { search: 'M29', limit: 500 }),
  'mailboxes in attention': (tx) => listMailboxes(tx, { state: 'attention', limit: 500 }),
  'healthy mailboxes': (tx) => listMailboxes(tx, { state: 'healthy', limit: 500 }),
  'a mailbox by address': (tx) => findMailboxId(tx, 'm77@mail.example.test'),
  'a mailbox by id': (tx) => findMailboxId(tx, '00000000-0000-4000-8000-000000000000').catch(() => undefined),
  'how a mailbox fares': (tx) => findMailboxStatus(tx, mailbox),
  'how a task fares': (tx) => findTaskStatus(tx, name),
  'mailboxes of a task': (tx) => listTaskMailboxes(tx, name, { limit: 500 }),
  'mailboxes of a task in attention': (tx) => listTaskMailboxes(tx, name, { state: 'attention', limit: 500 }),
  'later page of skipped mailboxes of a task': (tx) => listTaskMailboxes(tx, name, { state: 'skipped', limit: 5, after: `mailbox:${mailbox}` }),
  'unreadable items': (tx) => listUnreadableItems(tx, { limit: 500 }),
  'later page of unreadable items': (tx) => listUnreadableItems(tx, { limit: 500, after: `${mailbox}:00` }),
  'unreadable items of a mailbox': (tx) => listUnreadableItems(tx, { of: { mailbox }, limit: 500 }),
  'unreadable items of a task': (tx) => listUnreadableItems(tx, { of: { task: task.task }, limit: 100 }),
  'paths of folders': (tx) => folderPaths(tx, folders),
};

test.each(Object.keys(queries))('%s reads no table from end to end', async (title) => {
  await inside(async (tx) => expect(await readFromEndToEnd(tx, () => queries[title]?.(tx) ?? Promise.reject(new Error(title)))).toEqual([]));
});

test('a search for a rare state looks at a thousand mailboxes a page, and finds all', async () => {
  const found: string[] = [];
  let pages = 0;
  for (let after: string | undefined | null = undefined; after !== null; pages++) {
    const from: string | undefined = after;
    const page: Awaited<ReturnType<typeof listMailboxes>> = await inside((tx) => listMailboxes(tx, { state: 'attention', limit: 500, after: from }));
    found.push(...page.items.map(({ key }) => key));
    after = page.next;
  }
  expect(new Set(found).size).toBe(MAILBOXES / 500);
  expect(found).toHaveLength(MAILBOXES / 500);
  expect(pages).toBeGreaterThanOrEqual(MAILBOXES / 1000);
});

test('the numbers of a task are those of its mailboxes', async () => {
  const status = await inside((tx) => findTaskStatus(tx, name));
  expect(status).toMatchObject({ items: MAILBOXES * 10, bytes: MAILBOXES * 1000, unreadable: MAILBOXES / 20, firstOutstanding: 0, lastRun: { number: String(RUNS) } });
  expect(await inside((tx) => listUnreadableItems(tx, { limit: 500 }))).toMatchObject({ items: { length: MAILBOXES / 20 }, next: null });
  const paths = await inside((tx) => folderPaths(tx, folders));
  expect(folders.slice(0, 4).map((id) => paths.get(id)?.join('/'))).toEqual(['Folder 1', 'Folder 1/Folder 2', 'Folder 1/Folder 2/Folder 3', 'Folder 1/Folder 2/Folder 3/Folder 4']);
});
