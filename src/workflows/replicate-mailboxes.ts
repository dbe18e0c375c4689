/**
 * Sweep, then deepen. A sweep takes up to two hundred mailboxes in one activity and finishes those with little or nothing new: a quiet run of ten thousand
 * is some fifty activities. What a sweep leaves (a first replication, much that is new, a server that is slow or asks to wait) gets an
 * activity of its own, so that one mailbox that hangs or waits delays nobody: while it backs off it takes no place at the site.
 */
import { ActivityFailure, ApplicationFailure, isCancellation, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import { type MailboxSiteActivities, SWEEP_LENGTH } from '../shared/mailbox-contract.ts';
import type { PartitionInput } from '../shared/task-run.ts';
import { mailboxReading, mailboxSweep } from './retry-policies.ts';

/** Mailboxes a workflow: some 15,000 events when each needs an activity of its own, of the 51,200 that a history may have. */
export const PARTITION_LENGTH = 5000;
/**
 * Sweeps at once. Each reads sixteen mailboxes at a time, so that these keep the connection's bound of requests (twenty) busy, even while
 * some of them wait a few seconds for the last of their mailboxes.
 */
const SWEEPS = 8;
/** Activities of single mailboxes that are scheduled or under way. The site's own bound is lower; those that back off take none of it. */
const OPEN_MAILBOXES = 400;

const priorities = { urgent: { priorityKey: 1 }, scheduled: { priorityKey: 3 } } as const;

/** Returns when every mailbox of the slice has had its turn. What became of each is in the database. */
export async function replicateMailboxes({ runId, siteQueue, task, site, urgent, offset, length }: PartitionInput): Promise<void> {
  const where = { taskQueue: siteQueue, priority: urgent ? priorities.urgent : priorities.scheduled };
  const { sweepMailboxes } = proxyActivities<MailboxSiteActivities>({ ...mailboxSweep, ...where, summary: `sweep ${task} at ${site}` });
  const { processMailbox } = proxyActivities<MailboxSiteActivities>({ ...mailboxReading, ...where, summary: `one mailbox of ${task} at ${site}` });
  const waiting: number[] = [];
  const counts = { done: 0, given: 0, left: 0 };
  const show = () =>
    setCurrentDetails(
      `Site **${site}**, **${task}**: ${counts.done} of ${length} mailboxes are done, ${counts.left - counts.given} of those that need longer are under way or wait.`,
    );

  let next = offset;
  let sweeping = 0;
  let open = 0;
  let failure: Error | undefined;
  await new Promise<void>((resolve, reject) => {
    const settle = () => {
      if (failure !== undefined) {
        if (sweeping === 0 && open === 0) reject(failure instanceof Error ? failure : new Error('a step failed', { cause: failure }));
        return;
      }
      while (sweeping < SWEEPS && next < offset + length) begin(sweep(next, Math.min(SWEEP_LENGTH, offset + length - next)), 'sweep');
      for (let ordinal = open < OPEN_MAILBOXES ? waiting.shift() : undefined; ordinal !== undefined; ordinal = open < OPEN_MAILBOXES ? waiting.shift() : undefined) {
        begin(deepen(ordinal), 'mailbox');
      }
      show();
      if (sweeping === 0 && open === 0) resolve();
    };
    const begin = (work: Promise<void>, kind: 'sweep' | 'mailbox') => {
      if (kind === 'sweep') {
        sweeping += 1;
        next += SWEEP_LENGTH;
      } else open += 1;
      work
        .catch((error: unknown) => {
          failure ??= error instanceof Error ? error : new Error(String(error));
        })
        .finally(() => {
          if (kind === 'sweep') sweeping -= 1;
          else open -= 1;
          settle();
        });
    };
    const sweep = async (from: number, count: number): Promise<void> => {
      const deferred = (await orGivenUp(sweepMailboxes({ runId, offset: from, length: count })))?.deferred ?? [];
      counts.done += count - deferred.length;
      counts.left += deferred.length;
      waiting.push(...deferred);
    };
    const deepen = async (ordinal: number): Promise<void> => {
      await orGivenUp(processMailbox({ runId, ordinal }));
      counts.given += 1;
      counts.done += 1;
    };
    settle();
  });
}

/**
 * What no retry cures is the mailboxes' affair: its reason is in the database, or is written there when the run ends. Of a sweep it concerns
 * the run itself (closed, or its task has moved to another site), and so would an activity for each of its mailboxes.
 */
async function orGivenUp<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isCancellation(error)) throw error;
    if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) throw error;
    return undefined;
  }
}
