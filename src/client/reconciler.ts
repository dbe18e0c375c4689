import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from 'pino';
import { type Database, withOrganisation } from '../archive/database.ts';
import { type EngineRun, listEngineSchedules, listEngineTasks, listOpenRuns, listOrganisationIds } from '../archive/engine-rows.ts';
import { finishRun } from '../archive/runs.ts';
import { breakTaskRunOff } from '../archive/task-runs.ts';
import type { ErrorReport } from '../shared/errors.ts';
import type { OrganisationId } from '../shared/ids.ts';
import { directoryTicks, taskTicks, type TemporalEngine } from './temporal-engine.ts';

export interface ReconcilerDeps {
  readonly client: Client;
  readonly database: Database;
  readonly engine: TemporalEngine;
  readonly logger: Logger;
}

/**
 * Brings every Temporal Schedule and every watcher in line with its row. The rows are the truth: after Temporal's store was deleted this
 * restores them all. One integration that fails does not keep the others.
 */
export async function reconcileSchedules({ database, engine, logger }: ReconcilerDeps): Promise<void> {
  const now = new Date();
  for (const organisation of await listOrganisationIds(database)) {
    for (const row of await withOrganisation(database, organisation, listEngineSchedules)) {
      try {
        await engine.applyTicks(directoryTicks(row), now);
        await engine.applyWatch(row, { changed: false });
      } catch (error) {
        logger.error({ organisation, integration: row.id, err: error }, 'schedule could not be reconciled');
      }
    }
    for (const row of await withOrganisation(database, organisation, listEngineTasks)) {
      try {
        await engine.applyTicks(taskTicks(row), now);
      } catch (error) {
        logger.error({ organisation, task: row.id, err: error }, 'schedule could not be reconciled');
      }
    }
  }
}

/**
 * Closes runs whose workflow ended without writing it down (terminated by an operator, or Temporal's store is gone), and
 * starts the queued ones whose workflow is not there: the API may have died between the row and the start.
 */
export async function sweepRuns(deps: ReconcilerDeps): Promise<void> {
  for (const organisation of await listOrganisationIds(deps.database)) {
    for (const run of await withOrganisation(deps.database, organisation, listOpenRuns)) {
      try {
        await sweepRun(deps, organisation, run);
      } catch (error) {
        deps.logger.error({ organisation, run: run.id, err: error }, 'run could not be swept');
      }
    }
  }
}

async function sweepRun({ client, database, engine, logger }: ReconcilerDeps, organisation: OrganisationId, run: EngineRun): Promise<void> {
  const status = await workflowStatus(client, run.workflowId);
  if (status === 'RUNNING') return;
  if (status === undefined && run.state === 'queued') {
    await engine.startRun(organisation, run.id);
    logger.info({ organisation, run: run.id }, 'queued run started');
    return;
  }
  const state = status === 'CANCELLED' ? 'cancelled' : 'interrupted';
  const end = { state, ...(state === 'interrupted' ? { error: interrupted } : {}) } as const;
  await withOrganisation(database, organisation, (tx) => (run.kind === 'exchange-task' ? breakTaskRunOff(tx, run.id, end) : finishRun(tx, run.id, end)));
  logger.warn({ organisation, run: run.id, status: status ?? 'unknown to Temporal', state }, 'run closed');
}

const interrupted: ErrorReport = {
  class: 'Unavailable',
  code: 'run.interrupted',
  message: 'The run ended without writing its result: Temporal no longer knows it, or somebody terminated it.',
  next: 'Nothing is lost: start it again (lockstep directory sync, or lockstep task run).',
};

/** undefined: Temporal does not know it. */
async function workflowStatus(client: Client, workflowId: string): Promise<string | undefined> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
