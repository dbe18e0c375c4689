import type { ActivityOptions } from '@temporalio/workflow';
import { permanentErrorClasses } from '../shared/errors.ts';

/**
 * Short steps on the platform's database. PostgreSQL may be restarted or moved: 1 s, 2 s, 4 s … 1 min between tries and no
 * last try, because a run whose result is not written down is worse than one that waits.
 */
export const platformStep: ActivityOptions = {
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', nonRetryableErrorTypes: [...permanentErrorClasses] },
};

/**
 * Computing a plan copies and synchronises an organisation's directories inside the platform: minutes for hundreds of thousands
 * of objects. The longest silence is copying one table.
 */
export const platformPlan: ActivityOptions = {
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '10 minutes',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '1 minute', nonRetryableErrorTypes: [...permanentErrorClasses] },
};

/**
 * Long reading on a site. Nothing here cuts legitimate work: a dead node is found by its heartbeat (30 s), a stalled
 * source by the activity itself (no page committed for ten minutes), and thirty days are longer than any reading. The
 * site may be switched off: the task waits in its queue until a node polls again.
 */
export const siteReading: ActivityOptions = {
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '1 minute', nonRetryableErrorTypes: [...permanentErrorClasses] },
};

/**
 * A test answers somebody who waits: two minutes for a node to take it, two for the steps, two tries (the second only
 * when the first one's node died).
 */
export const siteTest: ActivityOptions = {
  scheduleToStartTimeout: '2 minutes',
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { maximumAttempts: 2, nonRetryableErrorTypes: [...permanentErrorClasses] },
};

/**
 * Watching changes: half a day at a time (the activity returns by itself after twelve hours, so that a history stays short
 * and a new version takes over), one hour to spare. A dead node is found by its heartbeat; an unreachable domain controller
 * is waited for inside the activity.
 */
export const siteWatch: ActivityOptions = {
  startToCloseTimeout: '13 hours',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '1 minute', nonRetryableErrorTypes: [...permanentErrorClasses] },
};

/** Resolving a group of ten thousand and writing their rows takes seconds; a database that is away is waited for. */
export const taskPlan: ActivityOptions = { ...platformStep, startToCloseTimeout: '10 minutes' };

/** A slice of a run's mailboxes: what takes long or fails is left to an activity of its own, so this one is short. */
export const mailboxSweep: ActivityOptions = { ...siteReading };

/**
 * One mailbox to its end. As long as reading it gets somewhere there is no last try; the activity itself gives up a mailbox that brings
 * nothing time after time (process-mailbox.ts). A throttled one says how long it wants to wait (nextRetryDelay).
 */
export const mailboxReading: ActivityOptions = {
  ...siteReading,
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '2 minutes', nonRetryableErrorTypes: [...permanentErrorClasses] },
};
