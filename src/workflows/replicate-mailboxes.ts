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
  let next = offset;
  let sweeping = 0;
  let open = 0;
  let done = 0;
  let failure: Error | undefined;

  const sweep = async (from: number, count: number): Promise<void> => {
    const deferred = (await orGivenUp(sweepMailboxes({ runId, offset: from, length: count })))?.deferred ?? [];
    done += count - deferred.length;
    waiting.push(...deferred);
  };
  const deepen = async (ordinal: number): Promise<void> => {
    await orGivenUp(processMailbox({ runId, ordinal }));
    done += 1;
  };
  await new Promise<void>((resolve, reject) => {
    /** After each step: begins what there is room for; after a failure nothing, and it is the end when the last step has ended. */
    const goOn = (): void => {
      while (failure === undefined && sweeping < SWEEPS && next < offset + length) {
        const count = Math.min(SWEEP_LENGTH, offset + length - next);
        sweeping += 1;
        follow(sweep(next, count), () => (sweeping -= 1));
        next += count;
      }
      while (failure === undefined && open < OPEN_MAILBOXES) {
        const ordinal = waiting.shift();
        if (ordinal === undefined) break;
        open += 1;
        follow(deepen(ordinal), () => (open -= 1));
      }
      setCurrentDetails(
        `Site **${site}**, **${task}**: ${done} of ${length} mailboxes are done, ${waiting.length + open} of those that need longer are under way or wait.`,
      );
      if (sweeping + open > 0) return;
      if (failure === undefined) resolve();
      else reject(failure);
    };
    const follow = (step: Promise<void>, ended: () => void): void => {
      void step
        .catch((error: unknown) => {
          failure ??= error instanceof Error ? error : new Error(String(error));
        })
        .finally(() => {
          ended();
          goOn();
        });
    };
    goOn();
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
