import { ApplicationFailure } from '@temporalio/common';
import { type Database, withOrganisation } from '../../archive/database.ts';
import { locateRun } from '../../archive/engine-rows.ts';
import { ConflictError, NotFoundError } from '../../archive/record-errors.ts';
import { beginRun, finishRun } from '../../archive/runs.ts';
import { planTaskRun } from '../../archive/task-run-plan.ts';
import { breakTaskRunOff, endTaskRun, findTaskRunPlace } from '../../archive/task-runs.ts';
import { beginTaskTick } from '../../archive/task-ticks.ts';
import type { ErrorClass, ErrorReport } from '../../shared/errors.ts';
import type { OrganisationId, RunId } from '../../shared/ids.ts';
import { siteQueue } from '../../shared/names.ts';
import type { TaskRunTotals } from '../../shared/runs.ts';
import type { TaskRunInput, TaskRunPlan } from '../../shared/task-run.ts';

export interface FinishedTaskRun {
  readonly outcome: 'succeeded' | 'partial' | 'failed';
  /** Of a failed run. */
  readonly error?: Pick<ErrorReport, 'class' | 'code'>;
  readonly totals: Partial<TaskRunTotals>;
}

/** Beginning and end of every run of a task. Each may be repeated: the rows remember. */
export interface TaskActivities {
  /**
   * Makes the run's row running and its list of mailboxes; or skips a tick and says why.
   * @throws ApplicationFailure ConfigInvalid `run.unknown`, and of what keeps the group from being resolved; the sentence is in the run's row
   */
  planRun(input: TaskRunInput & { readonly workflowId: string }): Promise<TaskRunPlan>;
  /** Writes the end down: from the rows of its mailboxes, or that it was cancelled. The first end counts. */
  finishTaskRun(input: { readonly runId: RunId; readonly outcome: 'done' | 'cancelled' }): Promise<FinishedTaskRun>;
}

export function createTaskActivities({ database }: { readonly database: Database }): TaskActivities {
  const organisationOf = async (run: RunId): Promise<OrganisationId> => {
    const place = await locateRun(database, run);
    if (place === undefined) throw ApplicationFailure.nonRetryable('run.unknown', 'ConfigInvalid' satisfies ErrorClass);
    return place.organisationId;
  };

  return {
    async planRun(input) {
      let id: RunId;
      let organisation: OrganisationId;
      if (input.trigger === 'manual') {
        id = input.runId;
        organisation = await organisationOf(id);
        await withOrganisation(database, organisation, (tx) => beginRun(tx, id));
      } else {
        organisation = input.organisationId;
        const tick = await withOrganisation(database, organisation, (tx) => beginTaskTick(tx, input.taskId, input.workflowId));
        if (tick.outcome === 'skipped') return tick;
        id = tick.run;
      }
      try {
        return await withOrganisation(database, organisation, async (tx) => {
          const mailboxes = await planTaskRun(tx, id);
          const { run, task, site, siteId, ...place } = await findTaskRunPlace(tx, id);
          return {
            outcome: 'planned' as const, runId: id, siteQueue: siteQueue(siteId), organisation: place.organisation, task, site, mailboxes, urgent: run.task_scope !== null,
          };
        });
      } catch (error) {
        const report = planFailure(error);
        if (report === undefined) throw error;
        await withOrganisation(database, organisation, (tx) => finishRun(tx, id, { state: 'failed', error: report }));
        throw ApplicationFailure.nonRetryable(report.code, report.class);
      }
    },

    async finishTaskRun({ runId, outcome }) {
      const organisation = await organisationOf(runId);
      const row = await withOrganisation(database, organisation, async (tx) => {
        if (outcome === 'done') return endTaskRun(tx, runId);
        return breakTaskRunOff(tx, runId, { state: 'cancelled' });
      });
      if (row.state === 'failed' && row.error !== null) {
        return { outcome: 'failed', error: { class: row.error.class, code: row.error.code }, totals: row.totals };
      }
      return { outcome: row.state === 'partial' ? 'partial' : 'succeeded', totals: row.totals };
    },
  };
}

/** What no retry cures. */
function planFailure(error: unknown): ErrorReport | undefined {
  if (error instanceof ConflictError) return { class: 'ConfigInvalid', code: error.code, message: error.message, next: error.next };
  if (!(error instanceof NotFoundError)) return undefined;
  return {
    class: 'ConfigInvalid',
    code: 'task.group-gone',
    message: `The mailboxes of the task cannot be found: ${error.message}.`,
    next: 'Give the mailbox group another group of the directory: lockstep mailbox-group change NAME.',
  };
}
