import { type ReplayWorkerOptions, Worker } from '@temporalio/worker';
import { globalHandlers } from '@temporalio/worker/lib/workflow/vm-shared.js';

/**
 * Replays a recorded history; rejects when it does not fit. Replays run workflow code in this process (workers use threads),
 * and the SDK's promise hook would stay behind for the test files that jest runs here later, where it throws.
 */
export async function replayHistory(options: ReplayWorkerOptions, history: unknown): Promise<void> {
  try {
    await Worker.runReplayHistory(options, history);
  } finally {
    globalHandlers.uninstall();
  }
}
