import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';

/** What a failed site step means. The sentences for people are in the database already: the site put them there. */
export function failureOf(error: unknown): { outcome: 'cancelled' } | { outcome: 'failed'; class: string; code: string } {
  if (isCancellation(error)) return { outcome: 'cancelled' };
  if (error instanceof ActivityFailure) {
    if (error.cause instanceof ApplicationFailure) {
      return { outcome: 'failed', class: error.cause.type ?? 'Unavailable', code: error.cause.message };
    }
    if (error.cause instanceof TimeoutFailure) {
      const code = error.cause.timeoutType === 'SCHEDULE_TO_START' ? 'site.offline' : 'site.timeout';
      return { outcome: 'failed', class: 'Unavailable', code };
    }
  }
  // Not a failure of the step but of this code: let the workflow task fail and be retried after a fix.
  throw error;
}
