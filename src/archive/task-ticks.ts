/** Ticks of a task's schedule. */
import { sql } from 'kysely';
import type { RunId, TaskId } from '../shared/ids.ts';
import type { TaskSkipReason } from '../shared/task-run.ts';
import type { OrganisationTransaction } from './database.ts';
import { beginRun } from './runs.ts';
import { requestTaskRun } from './task-runs.ts';

export type TaskTick = { readonly outcome: 'run'; readonly run: RunId } | { readonly outcome: 'skipped'; readonly reason: TaskSkipReason };

/** Makes the run of a tick, or counts the tick as skipped. A workflow that asks twice gets its own run. */
export async function beginTaskTick(tx: OrganisationTransaction, task: TaskId, workflowId: string): Promise<TaskTick> {
  const { rows: [found] } = await sql<{ state: string; refused: boolean }>`
    select task.state, coalesce((
      select bool_and(coalesce(c.refused_at >= coalesce(c.credential_changed_at, '-infinity') and c.refused_at >= c.changed_at, false))
      from exchange_connection c where c.site_id = task.site_id), false) as refused
    from task where task.id = ${task}`.execute(tx);
  if (found === undefined || found.state === 'paused') return { outcome: 'skipped', reason: 'paused' };
  // Each further try could lock the account (AD counts bad passwords).
  if (found.refused) return skip(tx, task, 'credential-refused');
  const { run, joined } = await requestTaskRun(tx, { task, trigger: 'schedule', workflowId });
  if (joined && run.workflow_id !== workflowId) return skip(tx, task, 'already-running');
  await beginRun(tx, run.id);
  return { outcome: 'run', run: run.id };
}

async function skip(tx: OrganisationTransaction, task: TaskId, reason: TaskSkipReason): Promise<TaskTick> {
  await tx.updateTable('task').set({ skipped_ticks: sql`skipped_ticks + 1` }).where('id', '=', task).execute();
  return { outcome: 'skipped', reason };
}
