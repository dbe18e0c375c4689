/** Runs of tasks, and of connection tests: asked for, followed and ended. What is in a run is planned by task-run-plan.ts. */
import { randomUUID } from 'node:crypto';
import { type Insertable, sql } from 'kysely';
import type { ErrorReport } from '../shared/errors.ts';
import { type ConnectionId, runId, type RunId, type SiteId, type TaskId } from '../shared/ids.ts';
import { runWorkflowId } from '../shared/names.ts';
import { isOpen, openRunStates, type RunTrigger, type TaskRunTotals } from '../shared/runs.ts';
import type { TaskRunScope } from '../shared/tasks.ts';
import type { OrganisationTransaction } from './database.ts';
import { ConflictError, NotFoundError } from './record-errors.ts';
import { findRun, finishRun, holdRunNumbers, type RunEnd, type RequestedRun, type RunNumbers, type RunRow, takeRunNumber } from './runs.ts';
import type { Tables } from './tables.ts';

export interface TaskRunRequest {
  readonly task: TaskId;
  readonly trigger: RunTrigger;
  /** Of a resync; absent: the whole task, by changes. */
  readonly scope?: TaskRunScope;
  /** Of the workflow that asks, when it runs already (a tick of a schedule). */
  readonly workflowId?: string;
}

/**
 * Asks for a run: a new queued one, or the open one of the same task and scope.
 * @throws NotFoundError
 */
export async function requestTaskRun(tx: OrganisationTransaction, request: TaskRunRequest): Promise<RequestedRun> {
  const numbers = await holdRunNumbers(tx);
  const task = await tx.selectFrom('task').select('name').where('id', '=', request.task).executeTakeFirst();
  if (task === undefined) throw new NotFoundError('such task');
  const scope = request.scope === undefined ? null : JSON.stringify(request.scope);
  const open = await openRuns(tx)
    .where('task_id', '=', request.task)
    .where(sql<boolean>`task_scope is not distinct from ${scope}::jsonb`)
    .executeTakeFirst();
  if (open !== undefined) return { run: open, joined: true };
  const run = await queueRun(tx, numbers, task.name, {
    kind: 'exchange-task', task_id: request.task, task_scope: scope, trigger: request.trigger, workflow_id: request.workflowId,
  });
  return { run, joined: false };
}

/**
 * Asks for a test of a connection, or joins the open one. `address`: whose mailbox is opened; absent: none.
 * @throws NotFoundError
 */
export async function requestConnectionTest(tx: OrganisationTransaction, connection: ConnectionId, address: string | undefined): Promise<RequestedRun> {
  const numbers = await holdRunNumbers(tx);
  const found = await tx.selectFrom('exchange_connection').select('name').where('id', '=', connection).executeTakeFirst();
  if (found === undefined) throw new NotFoundError('such connection');
  const open = await openRuns(tx).where('connection_id', '=', connection).executeTakeFirst();
  if (open !== undefined) return { run: open, joined: true };
  const run = await queueRun(tx, numbers, found.name, { kind: 'connection-test', connection_id: connection, test_address: address ?? null, trigger: 'manual' });
  return { run, joined: false };
}

const openRuns = (tx: OrganisationTransaction) => tx.selectFrom('run').selectAll().where('state', 'in', [...openRunStates]);

type QueuedRun = Pick<Insertable<Tables['run']>, 'kind' | 'trigger' | 'task_id' | 'task_scope' | 'connection_id' | 'test_address'> & {
  /** Default: `runWorkflowId(…)`. */
  readonly workflow_id?: string | undefined;
};

async function queueRun(tx: OrganisationTransaction, numbers: RunNumbers, subject: string, { workflow_id: workflowId, ...run }: QueuedRun): Promise<RunRow> {
  const { id, name, number } = numbers;
  const queued = await tx
    .insertInto('run')
    .values({
      id: runId(randomUUID()), org_id: id, number, state: 'queued', ...run,
      workflow_id: workflowId ?? runWorkflowId(run.kind, name, subject, number),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await takeRunNumber(tx, numbers);
  return queued;
}

/** Counts of a run's list as it is now. One look at its rows: some ten thousand at most. */
export async function countTaskRun(tx: OrganisationTransaction, run: RunId): Promise<TaskRunTotals> {
  const { rows: [counted] } = await sql<{ totals: TaskRunTotals }>`
    select jsonb_build_object(
      'mailboxes', count(*),
      'done', count(*) filter (where outcome in ('finished', 'quiet', 'superseded')),
      'quiet', count(*) filter (where outcome = 'quiet'),
      'failed', count(*) filter (where outcome = 'failed'),
      'waiting', count(*) filter (where outcome = 'waiting'),
      'duplicate', coalesce((select (totals ->> 'duplicate')::bigint from run where id = ${run}), 0),
      'skipped', coalesce((select (totals ->> 'skipped')::bigint from run where id = ${run}), 0),
      'pages', coalesce(sum(pages), 0), 'items', coalesce(sum(items), 0)) as totals
    from run_mailbox where run_id = ${run}`.execute(tx);
  if (counted === undefined) throw new Error('no answer to a count');
  return counted.totals;
}

/**
 * Ends a run whose workflow has nothing left to do. Mailboxes that were given up say why; one that another run took over meanwhile is that
 * run's. The first ending counts.
 */
export async function endTaskRun(tx: OrganisationTransaction, id: RunId): Promise<RunRow> {
  const run = await findRun(tx, id);
  if (!isOpen(run.state)) return run;
  await sql`
    update run_mailbox listed set outcome = case when listed.lease is null and listed.leased_at is not null then 'superseded' else 'failed' end,
      error = coalesce(listed.error, ${JSON.stringify(unfinished)}::jsonb)
    where listed.run_id = ${id} and (listed.outcome is null or listed.outcome in ('deferred', 'waiting'))`.execute(tx);
  await sql`
    update task_mailbox state set state = 'attention', error = listed.error, last_run_id = ${id}, changed_at = now()
    from run_mailbox listed
    where listed.run_id = ${id} and listed.outcome = 'failed' and state.task_id = ${run.task_id} and state.mailbox_id = listed.mailbox_id
      and state.last_run_id is distinct from ${id}`.execute(tx);
  const totals = await countTaskRun(tx, id);
  const { rows: [failure] } = await sql<{ error: ErrorReport; kinds: string; skips: boolean }>`
    select error, count(*) over () as kinds, bool_and(error ->> 'class' = 'MailboxGone') over () as skips from (
      select distinct on (error ->> 'code') error from run_mailbox where run_id = ${id} and outcome = 'failed') x limit 1`.execute(tx);
  // All for one reason: that is the run's.
  if (totals.mailboxes > 0 && totals.failed === totals.mailboxes && failure?.kinds === '1') return finishRun(tx, id, { state: 'failed', error: failure.error, totals });
  // A mailbox that is gone from Exchange is skipped, in each run anew: nobody has to act.
  return finishRun(tx, id, { state: failure === undefined || failure.skips ? 'succeeded' : 'partial', totals });
}

/** Ends a run that was cancelled, or whose workflow is gone. What it brought is counted; the first ending counts. */
export async function breakTaskRunOff(tx: OrganisationTransaction, id: RunId, end: Omit<RunEnd, 'totals'>): Promise<RunRow> {
  return finishRun(tx, id, { ...end, totals: await countTaskRun(tx, id) });
}

const unfinished: ErrorReport = {
  class: 'Unavailable',
  code: 'mailbox.unfinished',
  message: 'The run ended before the mailbox was read to its end.',
  next: 'Nothing is lost: the next run goes on where this one stopped. See whether the site was restarted or switched off.',
};

/** What a run of a task needs to know of itself. */
export interface TaskRunPlace {
  readonly run: RunRow;
  readonly organisation: string;
  readonly task: string;
  readonly site: string;
  readonly siteId: SiteId;
}

/** @throws NotFoundError for a run of something else */
export async function findTaskRunPlace(tx: OrganisationTransaction, id: RunId): Promise<TaskRunPlace> {
  const run = await findRun(tx, id);
  const place = await tx
    .selectFrom('task')
    .innerJoin('site', 'site.id', 'task.site_id')
    .innerJoin('organisation', 'organisation.id', 'task.org_id')
    .select(['organisation.name as organisation', 'task.name as task', 'site.name as site', 'site.id as siteId'])
    .where('task.id', '=', run.task_id)
    .executeTakeFirst();
  if (place === undefined) throw new NotFoundError('such run of a task');
  return { run, ...place };
}

/** @throws NotFoundError, ConflictError `task.run-open` */
export async function refuseWhileRunning(tx: OrganisationTransaction, task: TaskId, name: string): Promise<void> {
  if ((await openRuns(tx).where('task_id', '=', task).limit(1).executeTakeFirst()) === undefined) return;
  throw new ConflictError({
    code: 'task.run-open',
    message: `A run of the task "${name}" is open.`,
    next: 'Wait until it ends, or cancel it: lockstep runs cancel.',
  });
}
