/**
 * The list of a run: whose mailboxes its task means now, which of them it owns, and where a full resync begins anew. Made once, in one
 * transaction, however often it is asked for.
 */
import { sql } from 'kysely';
import type { ErrorReport } from '../shared/errors.ts';
import type { ConnectionId, MailboxId, RunId, SiteId, TaskId } from '../shared/ids.ts';
import type { MailboxFeature } from '../shared/mailbox.ts';
import type { MailboxGroupSource, TaskRunScope } from '../shared/tasks.ts';
import type { OrganisationTransaction } from './database.ts';
import { resolveMailboxes, type SkippedMember } from './group-mailboxes.ts';
import { folderScope } from './mailbox-cursor.ts';
import { currentOrganisation } from './mailbox-lease.ts';
import { saveMailboxes } from './mailboxes.ts';
import { NotFoundError } from './record-errors.ts';

interface PlannedTask {
  readonly task_id: TaskId;
  readonly site_id: SiteId;
  readonly feature: MailboxFeature;
  readonly source: MailboxGroupSource;
  readonly task_scope: TaskRunScope | null;
  readonly planned: boolean;
}

/**
 * Makes the list of an open run; answers its length, 0 when nothing of it can be worked on.
 * @throws NotFoundError when the group is gone from its directory, ConflictError as resolveMailboxes
 */
export async function planTaskRun(tx: OrganisationTransaction, run: RunId): Promise<number> {
  const { rows: [found] } = await sql<PlannedTask>`
    select run.task_id, task.site_id, task.feature, mailbox_group.source, run.task_scope, run.planned_at is not null as planned
    from run join task on task.id = run.task_id join mailbox_group on mailbox_group.id = task.group_id
    where run.id = ${run} for update of run`.execute(tx);
  if (found === undefined) throw new NotFoundError('such run of a task');
  if (!found.planned) {
    const { task_scope: scope } = found;
    if (scope?.mailbox === undefined) await resolveTask(tx, run, found);
    else {
      await connect(tx, [scope.mailbox], found.site_id);
      await listOne(tx, run, scope.mailbox);
    }
    await giveUpUnconnected(tx, run);
    if (scope !== null) await beginResync(tx, run, scope);
    await sql`update run set planned_at = now() where id = ${run}`.execute(tx);
  }
  const { rows: [listed] } = await sql<{ count: string; connected: boolean | null }>`
    select count(*) as count, bool_or(error ->> 'code' is distinct from ${noConnection.code}) as connected from run_mailbox where run_id = ${run}`.execute(tx);
  return listed?.connected === true ? Number(listed.count) : 0;
}

const noConnection: ErrorReport = {
  class: 'ConfigInvalid',
  code: 'mailbox.no-connection',
  message: 'The site of the task has no exchange connection.',
  next: 'Add one: lockstep connection add.',
};

/** A site without a connection can read none of them: the run says so, and asks no site. */
async function giveUpUnconnected(tx: OrganisationTransaction, run: RunId): Promise<void> {
  await sql`
    update run_mailbox listed set outcome = 'failed', error = ${JSON.stringify(noConnection)}::jsonb
    from mailbox m
    where listed.run_id = ${run} and m.id = listed.mailbox_id and m.connection_id is null`.execute(tx);
}

async function resolveTask(tx: OrganisationTransaction, run: RunId, { task_id: task, site_id: site, feature, source }: PlannedTask): Promise<void> {
  const { mailboxes: resolved, skipped } = await resolveMailboxes(tx, source);
  const mailboxes = await saveMailboxes(tx, resolved);
  await connect(tx, mailboxes, site);
  await own(tx, { task, feature, mailboxes });
  await keepStates(tx, { task, feature, mailboxes });
  await keepSkipped(tx, task, skipped);
  await sql`
    insert into run_mailbox (run_id, ordinal, org_id, mailbox_id)
    select ${run}, (row_number() over (order by m.id) - 1)::int, m.org_id, m.id
    from task_mailbox state join mailbox m on m.id = state.mailbox_id
    where state.task_id = ${task} and state.in_group and state.state <> 'duplicate'`.execute(tx);
  await sql`
    update run set totals = totals || jsonb_build_object('skipped', ${skipped.length}::int,
      'duplicate', (select count(*) from task_mailbox m where m.task_id = ${task} and m.in_group and m.state = 'duplicate'))
    where id = ${run}`.execute(tx);
}

/** Through the connection that it is read through already, when that is one of the site; else through the site's first one. */
async function connect(tx: OrganisationTransaction, mailboxes: readonly MailboxId[], site: SiteId): Promise<void> {
  const { rows: [first] } = await sql<{ id: ConnectionId }>`
    select id from exchange_connection where site_id = ${site} order by created_at, id limit 1`.execute(tx);
  await sql`
    update mailbox m set connection_id = ${first?.id ?? null}
    where m.id = any (${mailboxes}::bigint[]) and m.connection_id is distinct from ${first?.id ?? null}
      and not exists (select from exchange_connection c where c.id = m.connection_id and c.site_id = ${site})`.execute(tx);
}

interface Ownership {
  readonly task: TaskId;
  readonly feature: MailboxFeature;
  readonly mailboxes: readonly MailboxId[];
}

/** One task does a feature of a mailbox: the first that asked, until it no longer asks. */
async function own(tx: OrganisationTransaction, { task, feature, mailboxes }: Ownership): Promise<void> {
  await sql`delete from mailbox_owner where task_id = ${task} and feature = ${feature} and mailbox_id <> all (${mailboxes}::bigint[])`.execute(tx);
  await sql`
    insert into mailbox_owner (mailbox_id, feature, org_id, task_id)
    select id, ${feature}, ${currentOrganisation}, ${task} from unnest(${mailboxes}::bigint[]) as x (id) order by id
    on conflict do nothing`.execute(tx);
}

async function keepStates(tx: OrganisationTransaction, { task, feature, mailboxes }: Ownership): Promise<void> {
  await sql`update task_mailbox set in_group = false, changed_at = now() where task_id = ${task} and in_group and mailbox_id <> all (${mailboxes}::bigint[])`.execute(tx);
  await sql`
    insert into task_mailbox as known (task_id, mailbox_id, org_id, state, error)
    select ${task}, m.id, m.org_id,
      case when owner.task_id <> ${task} then 'duplicate' when m.connection_id is null then 'attention' else 'pending' end,
      case when owner.task_id <> ${task} then jsonb_build_object('class', 'ConfigInvalid', 'code', 'mailbox.duplicate',
          'message', format('The task "%s" replicates this mailbox already.', other.name),
          'next', 'Take the mailbox out of one of the two groups. A mailbox that leaves the other task''s group is taken over by the next run.')
        when m.connection_id is null then ${JSON.stringify(noConnection)}::jsonb end
    from unnest(${mailboxes}::bigint[]) as x (id)
    join mailbox m on m.id = x.id
    join mailbox_owner owner on owner.mailbox_id = m.id and owner.feature = ${feature}
    join task other on other.id = owner.task_id
    on conflict (task_id, mailbox_id) do update set in_group = true, changed_at = now(), state = excluded.state, error = excluded.error
    where not known.in_group or excluded.state <> 'pending' or known.state = 'duplicate' or known.error ->> 'code' = ${noConnection.code}`.execute(tx);
}

async function keepSkipped(tx: OrganisationTransaction, task: TaskId, skipped: readonly SkippedMember[]): Promise<void> {
  await sql`delete from task_skipped_member where task_id = ${task}`.execute(tx);
  await sql`
    insert into task_skipped_member (task_id, position, org_id, name, address, reason)
    select ${task}, (ordinality - 1)::int, ${currentOrganisation}, x ->> 'name', x ->> 'address', x ->> 'reason'
    from jsonb_array_elements(${JSON.stringify(skipped)}::jsonb) with ordinality as e (x, ordinality)`.execute(tx);
}

async function listOne(tx: OrganisationTransaction, run: RunId, mailbox: MailboxId): Promise<void> {
  await sql`insert into run_mailbox (run_id, ordinal, org_id, mailbox_id) values (${run}, 0, ${currentOrganisation}, ${mailbox})`.execute(tx);
}

/** A full one reads everything again in a new epoch, which takes nothing away before its last page; else no hint is believed once. */
async function beginResync(tx: OrganisationTransaction, run: RunId, { full, folder }: TaskRunScope): Promise<void> {
  const listed = sql`select mailbox_id from run_mailbox where run_id = ${run}`;
  // Pages that are being committed are waited for.
  const { rows: mailboxes } = await sql<{ id: MailboxId; key: string }>`
    select id, key from mailbox where id in (${listed}) order by id for no key update`.execute(tx);
  const hintless = folder === undefined ? sql`mailbox_id in (${listed})` : sql`id = ${folder} and mailbox_id in (${listed})`;
  await sql`update folder set hint = null where ${hintless} and hint is not null`.execute(tx);
  if (folder === undefined) await sql`update mailbox set verified_at = null where id in (${listed})`.execute(tx);
  if (!full) return;
  const scopes = folder === undefined ? sql`true` : sql`c.scope = ${folderScope(folder)}`;
  await sql`
    update page_cursor c set epoch = c.epoch + 1, seq = 0, phase = 'full', value = null, page_hash = null, opened_at = now()
    where c.owner = any (${mailboxes.map(({ key }) => key)}::uuid[]) and ${scopes}`.execute(tx);
}
