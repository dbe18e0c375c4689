/** Rows that the fan-out makes for a run of a task, and a client that puts pages into the archive without HTTP. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { ContentTransfer } from '../../src/activities/mailbox/replicate-content.ts';
import type { BlobStore } from '../../src/archive/blobs/blob-store.ts';
import { recordContent } from '../../src/archive/content/content-report.ts';
import { nextContent } from '../../src/archive/content/content-work.ts';
import { type Database, withOrganisation } from '../../src/archive/database.ts';
import { claimMailboxes, recordResults } from '../../src/archive/mailbox-claims.ts';
import { folderCursor, hierarchyCursor, restartReading } from '../../src/archive/mailbox-cursor.ts';
import { commitHierarchyPage } from '../../src/archive/mailbox-hierarchy.ts';
import { commitFolderPage } from '../../src/archive/mailbox-items.ts';
import { holdMailbox, type LeasedMailbox } from '../../src/archive/mailbox-lease.ts';
import { completePass } from '../../src/archive/mailbox-pass.ts';
import { type OrganisationTransaction } from '../../src/archive/database.ts';
import { pageHash } from '../../src/archive/page-cursor.ts';
import type { Claimed, MailboxClient } from '../../src/client/mailbox-client.ts';
import {
  connectionId, type ConnectionId, type MailboxId, mailboxKey, type MailboxKey, type OrganisationId, runId, type RunId, type SiteId, taskId, type TaskId,
} from '../../src/shared/ids.ts';
import type { ConnectionSettings } from '../../src/shared/mailbox-contract.ts';
import type { FolderReplicationSettings } from '../../src/shared/tasks.ts';
import { anOrganisation, aSite, uniqueName } from './builders.ts';
import { MemoryBlobs } from './memory-blobs.ts';

export const replicationSettings = (overrides: Partial<FolderReplicationSettings> = {}): FolderReplicationSettings => ({
  withContent: false, exclude: { inbox: false, sentItems: false, deletedItems: false }, rules: [], ...overrides,
});

export interface LabTask {
  readonly organisation: OrganisationId;
  readonly site: SiteId;
  readonly connection: ConnectionId;
  readonly definition: string;
  readonly task: TaskId;
}

/** A task of folder replication with its connection, in an organisation of its own unless a site is given. */
export async function aTask(
  owner: Database,
  { site, url = 'http://127.0.0.1:9/EWS/Exchange.asmx', settings = {}, credential = null }: {
    readonly site?: { readonly id: SiteId; readonly org_id: OrganisationId };
    readonly url?: string;
    readonly settings?: Partial<FolderReplicationSettings>;
    readonly credential?: Buffer | null;
  } = {},
): Promise<LabTask> {
  const { id: siteId, org_id: organisation } = site ?? (await aSite(owner, await anOrganisation(owner)));
  const connection = connectionId(randomUUID());
  const task = taskId(randomUUID());
  const [definition, group] = [randomUUID(), randomUUID()];
  const connectionSettings: ConnectionSettings = { type: 'ews', url, authentication: 'basic', account: 'svc@mail.example.test' };
  await sql`insert into exchange_connection (id, org_id, site_id, name, settings, credential)
    values (${connection}, ${organisation}, ${siteId}, ${uniqueName('ews')}, ${JSON.stringify(connectionSettings)}, ${credential})`.execute(owner);
  await sql`insert into definition (id, org_id, name, feature, settings)
    values (${definition}, ${organisation}, ${uniqueName('def')}, 'folder-replication', ${JSON.stringify(replicationSettings(settings))})`.execute(owner);
  await sql`insert into mailbox_group (id, org_id, name, source)
    values (${group}, ${organisation}, ${uniqueName('group')}, ${JSON.stringify({ kind: 'mailboxes', addresses: [] })})`.execute(owner);
  await sql`insert into task (id, org_id, site_id, name, feature, definition_id, group_id)
    values (${task}, ${organisation}, ${siteId}, ${uniqueName('task')}, 'folder-replication', ${definition}, ${group})`.execute(owner);
  return { organisation, site: siteId, connection, definition, task };
}

export interface LabMailbox {
  readonly id: MailboxId;
  readonly key: MailboxKey;
  readonly address: string;
}

/** Owned by the task, and in its list. */
export async function aMailbox(owner: Database, task: LabTask, address: string): Promise<LabMailbox> {
  const { rows: [row] } = await sql<{ id: MailboxId; key: string }>`
    insert into mailbox (org_id, address, display_name, recipient_type, connection_id)
    values (${task.organisation}, ${address}, ${address}, 'user-mailbox', ${task.connection}) returning id, key`.execute(owner);
  if (row === undefined) throw new Error('no mailbox');
  await sql`insert into mailbox_owner (mailbox_id, feature, org_id, task_id) values (${row.id}, 'folder-replication', ${task.organisation}, ${task.task})`.execute(owner);
  await sql`insert into task_mailbox (task_id, mailbox_id, org_id, state) values (${task.task}, ${row.id}, ${task.organisation}, 'pending')`.execute(owner);
  return { id: row.id, key: mailboxKey(row.key), address };
}

/** A running run of the task over these mailboxes; the run before it is over. */
export async function aTaskRun(owner: Database, task: LabTask, mailboxes: readonly LabMailbox[]): Promise<RunId> {
  const run = runId(randomUUID());
  await sql`update run set state = 'succeeded', finished_at = now() where task_id = ${task.task} and state = 'running'`.execute(owner);
  await sql`alter table run drop constraint if exists run_kind_check`.execute(owner);
  await sql`
    insert into run (id, org_id, task_id, number, kind, trigger, state, workflow_id)
    select ${run}, ${task.organisation}, ${task.task}, coalesce(max(number), 0) + 1, 'exchange-task', 'manual', 'running', ${run}
    from run where org_id = ${task.organisation}`.execute(owner);
  await sql`
    insert into run_mailbox (run_id, ordinal, org_id, mailbox_id)
    select ${run}, (ordinality - 1)::integer, ${task.organisation}, id
    from unnest(${mailboxes.map(({ id }) => id)}::bigint[]) with ordinality as x (id)`.execute(owner);
  return run;
}

/** For mailboxes of which only metadata is wanted. */
export const noContent: ContentTransfer = {
  spool: { take: () => Promise.reject(new Error('content was read')), remove: () => Promise.resolve() },
  blobs: { putBlob: () => Promise.reject(new Error('content was sent')) },
};

/** As the ingest API, in this process. What is sent is sent as JSON. */
export function archiveClient(app: Database, task: LabTask, blobs: Pick<BlobStore, 'get'> = new MemoryBlobs()): MailboxClient {
  const inside = <T>(work: (tx: OrganisationTransaction) => Promise<T>) => withOrganisation(app, task.organisation, work);
  const held = <T>({ mailbox, lease }: Claimed, work: (tx: OrganisationTransaction, mailbox: LeasedMailbox) => Promise<T>) =>
    inside(async (tx) => work(tx, await holdMailbox(tx, task.site, mailbox, lease)));
  const sent = <T>(value: T) => ({ value: JSON.parse(JSON.stringify(value)) as T, hash: pageHash(Buffer.from(JSON.stringify(value))) });
  return {
    connection: () => Promise.reject(new Error('not of this client')),
    claim: async (run, request) => ({ mailboxes: await inside((tx) => claimMailboxes(tx, task.site, run, request)) }),
    postHierarchy: (claimed, position, page) => {
      const { value, hash } = sent(page);
      return held(claimed, (tx, mailbox) => commitHierarchyPage(tx, mailbox, position, value, hash));
    },
    postFolder: (claimed, folder, position, page) => {
      const { value, hash } = sent(page);
      return held(claimed, (tx, mailbox) => commitFolderPage(tx, mailbox, folder, position, value, hash));
    },
    restart: (claimed, folder) =>
      held(claimed, (tx, mailbox) => restartReading(tx, folder === null ? hierarchyCursor(mailbox) : folderCursor(mailbox, folder))),
    complete: async (claimed, completion) => void (await held(claimed, (tx, mailbox) => completePass(tx, mailbox, completion))),
    nextContent: (claimed, after) => held(claimed, (tx, mailbox) => nextContent(tx, mailbox, after)),
    reportContent: (claimed, report) => recordContent(blobs, task.organisation, (work) => held(claimed, work), sent(report).value),
    putResults: (run, results) => inside((tx) => recordResults(tx, task.site, run, results)),
  };
}
