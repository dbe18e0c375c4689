import { ApplicationFailure, CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { ConnectionTestActivities } from '../activities/platform/connection-test-activities.ts';
import type { MailboxSiteActivities } from '../shared/mailbox-contract.ts';
import type { ConnectionTestInput } from '../shared/task-run.ts';
import { platformStep, siteTest } from './retry-policies.ts';
import { showState } from './run-state.ts';
import { failureOf } from './step-failure.ts';

const { beginConnectionTest, finishConnectionTest } = proxyActivities<ConnectionTestActivities>(platformStep);

/**
 * Goes through what reading mailboxes through a connection needs, on its site. A step that fails is a result, not a failure of the run; its
 * sentences are in the run's report, here is only whether there is one.
 */
export async function connectionTest({ runId }: ConnectionTestInput): Promise<void> {
  const { siteQueue: taskQueue, connection, site } = await beginConnectionTest({ runId });
  showState('running', `Site **${site}** tests **${connection}**. It waits two minutes while the site is offline.`);
  try {
    const { testConnection } = proxyActivities<MailboxSiteActivities>({ ...siteTest, taskQueue, summary: `test ${connection} at ${site}` });
    const { passed, failed } = await testConnection({ runId });
    await CancellationScope.nonCancellable(() => finishConnectionTest({ runId, outcome: 'done' }));
    showState('succeeded', `passed: ${passed} · failed: ${failed}`);
  } catch (error) {
    const failure = failureOf(error);
    await CancellationScope.nonCancellable(() => finishConnectionTest({ runId, ...failure }));
    showState(failure.outcome, failure.outcome === 'cancelled' ? 'Cancelled.' : `Failed: ${failure.code}.`);
    if (failure.outcome === 'cancelled') throw error;
    throw ApplicationFailure.nonRetryable(failure.code, failure.class);
  }
}
