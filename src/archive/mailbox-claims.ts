/** Which mailboxes of a run an attempt works on, and how they ended. */
import { sql } from 'kysely';
import type { ConnectionId, MailboxId, MailboxKey, RunId, SiteId } from '../shared/ids.ts';
import type { MailboxFeature } from '../shared/mailbox.ts';
import type { ClaimRequest, MailboxClaim, MailboxResult } from '../shared/mailbox-contract.ts';
import { isOpen, type RunState } from '../shared/runs.ts';
import type { OrganisationTransaction } from './database.ts';
import { isContentDue } from './content/content-work.ts';
import { hierarchyState } from './mailbox-cursor.ts';
import { foldersToRead } from './mailbox-folders.ts';
import { type LeasedMailbox, leaseLost, type RuleRow, rulesOf } from './mailbox-lease.ts';
import { NotFoundError } from './record-errors.ts';
import { runClosed } from './site-runs.ts';

/** Every folder is read, whatever its hint says, this often. */
const VERIFIED_HOURS = 24;

interface TaskRun extends RuleRow {
  readonly feature: MailboxFeature;
  readonly now: Date;
}

/** @throws NotFoundError for a run that is not of a task of the site, ConflictError `run.closed` */
async function findTaskRun(tx: OrganisationTransaction, site: SiteId, run: RunId): Promise<TaskRun> {
  const { rows: [found] } = await sql<TaskRun & { state: RunState }>`
    select run.state, task.feature, definition.settings, organisation.leave_out_private, now() as now
    from run
    join task on task.id = run.task_id
    join definition on definition.id = task.definition_id
    join organisation on organisation.id = run.org_id
    where run.id = ${run} and task.site_id = ${site}`.execute(tx);
  if (found === undefined) throw new NotFoundError('such run');
  if (!isOpen(found.state)) throw runClosed(found.state);
  return found;
}

interface ClaimedRow {
  readonly ordinal: number;
  readonly lease: string;
  readonly fruitless: number;
  readonly id: MailboxId;
  readonly key: MailboxKey;
  readonly address: string;
  readonly exchange_guid: string | null;
  readonly connection_id: ConnectionId;
  readonly open_pass: string;
  readonly completed_pass: string;
  readonly trusted: boolean;
}

/**
 * Takes mailboxes of a run over from whoever worked on them, in this run or another. Left out: what is done, what another task owns,
 * what has no connection, and what is another run's turn (`giveWay`).
 * @throws NotFoundError, ConflictError `run.closed`
 */
export async function claimMailboxes(tx: OrganisationTransaction, site: SiteId, run: RunId, { offset, length }: ClaimRequest): Promise<MailboxClaim[]> {
  const { feature, now, ...row } = await findTaskRun(tx, site, run);
  const rules = rulesOf(row);
  await giveWay(tx, run, { offset, length });
  // Pages of an earlier attempt that are being committed are waited for; those that come later find the lease lost.
  const { rows: wanted } = await sql<{ id: MailboxId }>`
    select m.id
    from run_mailbox listed
    join mailbox m on m.id = listed.mailbox_id
    join exchange_connection connection on connection.id = m.connection_id
    where listed.run_id = ${run} and listed.ordinal >= ${offset} and listed.ordinal < ${offset + length}
      and (listed.outcome is null or listed.outcome in ('deferred', 'waiting')) and connection.site_id = ${site}
      and not exists (
        select from mailbox_owner owner join run on run.id = listed.run_id
        where owner.mailbox_id = m.id and owner.feature = ${feature} and owner.task_id <> run.task_id)
    order by m.id
    for no key update of m`.execute(tx);
  const ids = wanted.map(({ id }) => id);
  if (ids.length === 0) return [];
  await sql`update run_mailbox set lease = null where mailbox_id = any (${ids}::bigint[]) and run_id <> ${run} and lease is not null`.execute(tx);
  await sql`
    update run_mailbox set lease = gen_random_uuid(), leased_at = now(), outcome = null
    where run_id = ${run} and mailbox_id = any (${ids}::bigint[])`.execute(tx);
  const { rows } = await sql<ClaimedRow>`
    select listed.ordinal, listed.lease, listed.fruitless, m.id, m.key, m.address, m.exchange_guid, m.connection_id, m.open_pass, m.completed_pass,
      connection.hints_trusted and coalesce(m.verified_at > now() - ${VERIFIED_HOURS} * interval '1 hour', false) as trusted
    from run_mailbox listed
    join mailbox m on m.id = listed.mailbox_id
    join exchange_connection connection on connection.id = m.connection_id
    where listed.run_id = ${run} and listed.mailbox_id = any (${ids}::bigint[])
    order by listed.ordinal`.execute(tx);
  const claims: MailboxClaim[] = [];
  for (const { id, key, ordinal, lease, fruitless, address, ...mailbox } of rows) {
    const folders = await foldersToRead(tx, { id, key, rules, now });
    claims.push({
      ordinal,
      mailbox: key,
      address,
      guid: mailbox.exchange_guid,
      connection: mailbox.connection_id,
      feature,
      lease,
      fruitless,
      hierarchy: await hierarchyState(tx, { key }),
      folders: folders.cursors,
      trustHints: mailbox.trusted,
      passOpen: mailbox.open_pass !== mailbox.completed_pass || folders.outdated,
      contentDue: row.settings.withContent && (await isContentDue(tx, id)),
      withContent: row.settings.withContent,
    });
  }
  return claims;
}

/**
 * Of two open runs of a task one works on a mailbox: the one that somebody waits for before a scheduled one, else the later one. The
 * other leaves it for good; they would take it from each other in turns.
 */
async function giveWay(tx: OrganisationTransaction, run: RunId, { offset, length }: ClaimRequest): Promise<void> {
  await sql`
    update run_mailbox listed set outcome = 'superseded', lease = null
    from run
    where run.id = ${run} and listed.run_id = run.id and listed.ordinal >= ${offset} and listed.ordinal < ${offset + length}
      and (listed.outcome is null or listed.outcome in ('deferred', 'waiting'))
      and exists (
        select from run ahead
        join run_mailbox other on other.run_id = ahead.id and other.mailbox_id = listed.mailbox_id
        where ahead.task_id = run.task_id and ahead.state in ('queued', 'running')
          and (ahead.task_scope is not null, ahead.number) > (run.task_scope is not null, run.number)
          and (other.outcome is null or other.outcome in ('deferred', 'waiting')))`.execute(tx);
}

/**
 * How mailboxes ended in a run. Repeating a result changes nothing. Of a mailbox that another attempt took over it is not taken: that
 * attempt says how it ends.
 * @throws NotFoundError, ConflictError `run.closed`, `mailbox.lease-lost` when others took them all
 */
export async function recordResults(tx: OrganisationTransaction, site: SiteId, run: RunId, results: readonly MailboxResult[]): Promise<void> {
  await findTaskRun(tx, site, run);
  const said = results.map(({ ordinal, lease, outcome }) => ({
    ordinal,
    lease,
    outcome: outcome.state,
    error: 'error' in outcome ? outcome.error : null,
    verified: outcome.state === 'quiet' && outcome.verified,
    progressed: outcome.state === 'waiting' && outcome.progressed,
  }));
  const rows = JSON.stringify(said);
  // The lease stays with the row: it tells a result that comes twice from one that comes too late.
  const { rows: taken } = await sql<{ ordinal: number }>`
    update run_mailbox listed set outcome = x.outcome, error = x.error,
      fruitless = case when x.outcome <> 'waiting' or x.progressed then 0 else listed.fruitless + 1 end
    from jsonb_to_recordset(${rows}::jsonb) as x (ordinal integer, lease uuid, outcome text, error jsonb, progressed boolean)
    where listed.run_id = ${run} and listed.ordinal = x.ordinal and listed.lease = x.lease
    returning listed.ordinal`.execute(tx);
  if (taken.length === 0 && results.length > 0) throw leaseLost();
  await sql`
    update mailbox m set verified_at = now()
    from jsonb_to_recordset(${rows}::jsonb) as x (ordinal integer, lease uuid, verified boolean)
    join run_mailbox listed on listed.run_id = ${run} and listed.ordinal = x.ordinal and listed.lease = x.lease
    where m.id = listed.mailbox_id and x.verified`.execute(tx);
  await sql`
    update task_mailbox state set
      state = case when x.outcome <> 'failed' then 'healthy' when x.error ->> 'class' = 'MailboxGone' then 'skipped' else 'attention' end,
      error = x.error, last_run_id = ${run}, changed_at = now(),
      first_done_at = case when x.outcome = 'failed' then state.first_done_at else coalesce(state.first_done_at, now()) end,
      last_success_at = case when x.outcome = 'failed' then state.last_success_at else now() end
    from jsonb_to_recordset(${rows}::jsonb) as x (ordinal integer, lease uuid, outcome text, error jsonb)
    join run_mailbox listed on listed.run_id = ${run} and listed.ordinal = x.ordinal and listed.lease = x.lease
    join run on run.id = listed.run_id
    where state.task_id = run.task_id and state.mailbox_id = listed.mailbox_id and x.outcome not in ('deferred', 'waiting')`.execute(tx);
  await noteRefusal(tx, run, rows);
  await sql`update run set progress_at = now() where id = ${run}`.execute(tx);
}

/** A page of a mailbox was committed in its run. */
export async function countPage(tx: OrganisationTransaction, { id, run }: Pick<LeasedMailbox, 'id' | 'run'>, items: number): Promise<void> {
  await sql`update run_mailbox set pages = pages + 1, items = items + ${items} where run_id = ${run} and mailbox_id = ${id}`.execute(tx);
}

/** A refused sign-in concerns the whole connection, a sign-in that works cures it. */
async function noteRefusal(tx: OrganisationTransaction, run: RunId, rows: string): Promise<void> {
  await sql`
    update exchange_connection c set refused_at = case when said.refused is null then null else now() end, refused_error = said.refused
    from (
      select m.connection_id, (array_agg(x.error) filter (where x.error ->> 'class' = 'AuthRejected'))[1] as refused,
        bool_or(x.outcome in ('quiet', 'finished')) as worked
      from jsonb_to_recordset(${rows}::jsonb) as x (ordinal integer, lease uuid, outcome text, error jsonb)
      join run_mailbox listed on listed.run_id = ${run} and listed.ordinal = x.ordinal and listed.lease = x.lease
      join mailbox m on m.id = listed.mailbox_id
      group by m.connection_id) said
    where c.id = said.connection_id and (said.refused is not null or said.worked and c.refused_at is not null)`.execute(tx);
}
