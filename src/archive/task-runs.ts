/** Runs of tasks, and of connection tests: asked for, followed and ended. What is in a run is planned by task-run-plan.ts. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { ErrorReport } from '../shared/errors.ts';
import { type ConnectionId, runId, type RunId, type SiteId, type TaskId } from '../shared/ids.ts';
import { runWorkflowId } from '../shared/names.ts';
import { isOpen, type RunTrigger, type TaskRunTotals } from '../shared/runs.ts';
import type { TaskRunScope } from '../shared/tasks.ts';
import type { OrganisationTransaction } from './database.ts';
import { ConflictError, NotFoundError } from './record-errors.ts';
import { findRun, finishRun, holdRunNumbers, type RunEnd, type RunRow, takeRunNumber } from './runs.ts';
import { siteState, type SiteState } from './sites.ts';

export interface RequestedRun {
  readonly run: RunRow;
  /** It was open already. */
  readonly joined: boolean;
}

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
  const open = await tx
    .selectFrom('run')
    .selectAll()
    .where('task_id', '=', request.task)
    .where('state', 'in', ['queued', 'running'])
    .where(sql<boolean>`task_scope is not distinct from ${scope}::jsonb`)
    .executeTakeFirst();
  if (open !== undefined) return { run: open, joined: true };
  const run = await tx
    .insertInto('run')
    .values({
      id: runId(randomUUID()),
      org_id: numbers.id,
      task_id: request.task,
      number: numbers.number,
      kind: 'exchange-task',
      trigger: request.trigger,
      task_scope: scope,
      state: 'queued',
      workflow_id: request.workflowId ?? runWorkflowId('exchange-task', numbers.name, task.name, numbers.number),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await takeRunNumber(tx, numbers);
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
  const open = await tx.selectFrom('run').selectAll().where('connection_id', '=', connection).where('state', 'in', ['queued', 'running']).executeTakeFirst();
  if (open !== undefined) return { run: open, joined: true };
  const run = await tx
    .insertInto('run')
    .values({
      id: runId(randomUUID()),
      org_id: numbers.id,
      connection_id: connection,
      test_address: address ?? null,
      number: numbers.number,
      kind: 'connection-test',
      trigger: 'manual',
      state: 'queued',
      workflow_id: runWorkflowId('connection-test', numbers.name, found.name, numbers.number),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await takeRunNumber(tx, numbers);
  return { run, joined: false };
}

/** Counts of a run's list as it is now. One look at its rows: some ten thousand at most. */
export async function countTaskRun(tx: OrganisationTransaction, run: RunId): Promise<TaskRunTotals> {
  const { rows: [counts] } = await sql<Record<'mailboxes' | 'done' | 'quiet' | 'failed' | 'waiting' | 'pages' | 'items' | 'duplicate' | 'skipped', string>>`
    select count(*) as mailboxes,
      count(*) filter (where outcome in ('finished', 'quiet', 'superseded')) as done,
      count(*) filter (where outcome = 'quiet') as quiet,
      count(*) filter (where outcome = 'failed') as failed,
      count(*) filter (where outcome = 'waiting') as waiting,
      coalesce(sum(pages), 0) as pages, coalesce(sum(items), 0) as items,
      coalesce((select (totals ->> 'duplicate')::bigint from run where id = ${run}), 0) as duplicate,
      coalesce((select (totals ->> 'skipped')::bigint from run where id = ${run}), 0) as skipped
    from run_mailbox where run_id = ${run}`.execute(tx);
  const number = (value: string | undefined) => Number(value ?? 0);
  return {
    mailboxes: number(counts?.mailboxes),
    done: number(counts?.done),
    quiet: number(counts?.quiet),
    failed: number(counts?.failed),
    waiting: number(counts?.waiting),
    duplicate: number(counts?.duplicate),
    skipped: number(counts?.skipped),
    pages: number(counts?.pages),
    items: number(counts?.items),
  };
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
  readonly siteState: SiteState;
}

/** @throws NotFoundError for a run of something else */
export async function findTaskRunPlace(tx: OrganisationTransaction, id: RunId): Promise<TaskRunPlace> {
  const run = await findRun(tx, id);
  const place = await tx
    .selectFrom('task')
    .innerJoin('site', 'site.id', 'task.site_id')
    .innerJoin('organisation', 'organisation.id', 'task.org_id')
    .select(['organisation.name as organisation', 'task.name as task', 'site.name as site', 'site.id as siteId', siteState.as('siteState')])
    .where('task.id', '=', run.task_id)
    .executeTakeFirst();
  if (place === undefined) throw new NotFoundError('such run of a task');
  return { run, ...place };
}

/** @throws NotFoundError, ConflictError `task.run-open` */
export async function refuseWhileRunning(tx: OrganisationTransaction, task: TaskId, name: string): Promise<void> {
  const open = await tx.selectFrom('run').select('id').where('task_id', '=', task).where('state', 'in', ['queued', 'running']).limit(1).executeTakeFirst();
  if (open === undefined) return;
  throw new ConflictError({
    code: 'task.run-open',
    message: `A run of the task "${name}" is open.`,
    next: 'Wait until it ends, or cancel it: lockstep runs cancel.',
  });
}
