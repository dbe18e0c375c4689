import { ApplicationFailure, CancellationScope, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { RunActivities } from '../activities/platform/run-activities.ts';
import type { BegunRun, DirectoryRunInput, DirectoryRunResult } from '../shared/directory-run.ts';
import type { DirectoryRunKind } from '../shared/runs.ts';
import { platformStep } from './retry-policies.ts';
import { showState as show } from './run-state.ts';
import { failureOf } from './step-failure.ts';

const platform = proxyActivities<RunActivities>(platformStep);

/**
 * The frame of every directory workflow: begin the run (or skip the tick), let the site do its part, write the end down.
 * Whatever happens in between (failure, cancellation, a site that never came), the run's row gets its end; only the loss
 * of Temporal's own store does not pass here, and the sweeper closes such runs.
 */
export async function directoryRun(
  kind: DirectoryRunKind,
  input: DirectoryRunInput,
  siteStep: (run: Extract<BegunRun, { outcome: 'begun' }>) => Promise<void>,
): Promise<DirectoryRunResult> {
  const run = await platform.beginRun({ ...input, kind, workflowId: workflowInfo().workflowId });
  if (run.outcome === 'skipped') {
    show('skipped', `Skipped: ${run.reason}.`);
    return run;
  }
  show('running', `Site **${run.site}** works on **${run.integration}**. It waits here while the site is offline.`);
  try {
    await siteStep(run);
  } catch (error) {
    const failure = failureOf(error);
    const ended = await CancellationScope.nonCancellable(() => platform.finishRun({ runId: run.runId, ...failure }));
    // A doubtful reading waits for an administrator.
    if (failure.outcome === 'failed' && ended.outcome === 'held') {
      show('held', `Held: ${failure.code}. Nothing was taken for missing.`);
      return { outcome: 'held', totals: ended.totals };
    }
    show(failure.outcome, failure.outcome === 'cancelled' ? 'Cancelled. What was committed is kept.' : `Failed: ${failure.code}.`);
    if (failure.outcome === 'cancelled') throw error;
    throw ApplicationFailure.create({ type: failure.class, message: failure.code, nonRetryable: true });
  }
  const { outcome, totals } = await CancellationScope.nonCancellable(() => platform.finishRun({ runId: run.runId, outcome: 'done' }));
  if (outcome === 'incomplete') {
    show('failed', 'Failed: directory.incomplete.');
    throw ApplicationFailure.create({ type: 'Unavailable', message: 'directory.incomplete', nonRetryable: true });
  }
  show(outcome, Object.entries(totals).map(([name, count]) => `${name}: ${count}`).join(' · '));
  return { outcome, totals };
}
