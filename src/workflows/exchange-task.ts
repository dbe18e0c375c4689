import { ActivityFailure, ApplicationFailure, CancellationScope, executeChild, isCancellation, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { TaskActivities } from '../activities/platform/task-activities.ts';
import type { PartitionInput, PlannedTaskRun, TaskRunInput, TaskRunPlan, TaskRunResult } from '../shared/task-run.ts';
import { PARTITION_LENGTH, replicateMailboxes } from './replicate-mailboxes.ts';
import { platformStep, taskPlan } from './retry-policies.ts';
import { showState } from './run-state.ts';

const { planRun } = proxyActivities<TaskActivities>(taskPlan);
const { finishTaskRun } = proxyActivities<TaskActivities>(platformStep);

/**
 * One run of a task: the list of its mailboxes, then all of them, many at once, then the end. The list and what becomes of each mailbox is
 * in the database; here are ordinals and counts. A mailbox that cannot be read is not the run's failure.
 */
export async function exchangeTask(input: TaskRunInput): Promise<TaskRunResult> {
  const plan = await planned(input);
  if (plan.outcome === 'skipped') {
    showState('skipped', `Skipped: ${plan.reason}.`);
    return plan;
  }
  const { runId } = plan;
  showState('running', `Site **${plan.site}** works on ${plan.mailboxes} mailboxes of **${plan.task}**. It waits here while the site is offline.`);
  try {
    await (plan.mailboxes <= PARTITION_LENGTH ? replicateMailboxes({ ...slice(plan), offset: 0, length: plan.mailboxes }) : inPartitions(plan));
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(() => finishTaskRun({ runId, outcome: 'cancelled' }));
    showState('cancelled', 'Cancelled. What was committed is kept.');
    throw error;
  }
  const { outcome, totals, error } = await CancellationScope.nonCancellable(() => finishTaskRun({ runId, outcome: 'done' }));
  if (outcome === 'failed') {
    showState('failed', `Failed: ${error?.code ?? ''}.`);
    throw ApplicationFailure.nonRetryable(error?.code, error?.class);
  }
  showState(outcome, Object.entries(totals).map(([name, count]) => `${name}: ${count}`).join(' · '));
  return { outcome, totals };
}

/** Not cut off by a cancellation: a run that its workflow does not know of would stay open. */
async function planned(input: TaskRunInput): Promise<TaskRunPlan> {
  try {
    return await CancellationScope.nonCancellable(() => planRun({ ...input, workflowId: workflowInfo().workflowId }));
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) showState('failed', `Failed: ${error.cause.message}.`);
    throw error;
  }
}

const slice = ({ runId, siteQueue, task, site, urgent }: PlannedTaskRun): Omit<PartitionInput, 'offset' | 'length'> => ({ runId, siteQueue, task, site, urgent });

/** A history has room for some ten thousand activities. */
async function inPartitions(plan: PlannedTaskRun): Promise<void> {
  let done = 0;
  const count = Math.ceil(plan.mailboxes / PARTITION_LENGTH);
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const offset = index * PARTITION_LENGTH;
      const part: PartitionInput = { ...slice(plan), offset, length: Math.min(PARTITION_LENGTH, plan.mailboxes - offset) };
      await executeChild(exchangePartition, { args: [part], workflowId: `${workflowInfo().workflowId}/part-${index + 1}` });
      done += 1;
      setCurrentDetails(`${done} of ${count} partitions are done.`);
    }),
  );
}

/** Mailboxes of a large run. Its end is its parent's. */
export async function exchangePartition(input: PartitionInput): Promise<void> {
  await replicateMailboxes(input);
}
