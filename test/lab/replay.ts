import { type ReplayWorkerOptions, Worker } from '@temporalio/worker';
import { globalHandlers } from '@temporalio/worker/lib/workflow/vm-shared.js';

/** As it begins: ids of children are made from its own. */
interface Recorded {
  readonly events: readonly { readonly workflowExecutionStartedEventAttributes?: { readonly workflowId?: string } }[];
}

/**
 * Replays a recorded history; rejects when it does not fit. Replays run workflow code in this process (workers use threads),
 * and the SDK's promise hook would stay behind for the test files that jest runs here later, where it throws.
 */
export async function replayHistory(options: ReplayWorkerOptions, history: unknown): Promise<void> {
  try {
    await Worker.runReplayHistory(options, history, (history as Recorded).events[0]?.workflowExecutionStartedEventAttributes?.workflowId);
  } finally {
    globalHandlers.uninstall();
  }
}
