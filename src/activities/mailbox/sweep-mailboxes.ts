import type { MailboxClaim, MailboxResult, SweepInput, SweepResult } from '../../shared/mailbox-contract.ts';
import { withClass } from '../directory/site-failure.ts';
import { isContentNext, isPermanent, type MailboxWork } from './process-mailbox.ts';
import { type ContentBudget, replicateContent } from './replicate-content.ts';
import { type Budget, replicateMailbox } from './replicate-mailbox.ts';

/** Mailboxes a claim: their cursors are in one answer, some ten kilobytes each. */
const CLAIMED_AT_ONCE = 50;
/** Mailboxes at once; each has one request under way, and the connection bounds them all. */
const AT_ONCE = 16;
/** More than this is worth an activity of its own, which is retried and seen by itself. */
const BUDGET: Budget = { pages: 5, ms: 10_000 };
/** Two calls, of what arrives in a day in a mailbox that is read every quarter of an hour. */
const CONTENT_BUDGET: ContentBudget = { items: 20, bytes: 8 * 1024 * 1024 };

/**
 * Several mailboxes at once: finishes those with little or nothing new and leaves the others. A repeated attempt goes on with those that have
 * no result yet.
 * @throws LockstepError when the platform cannot be reached
 */
export async function sweepMailboxes(work: MailboxWork, { runId, offset, length }: SweepInput): Promise<SweepResult> {
  const { client, signal } = work;
  const totals = { finished: 0, failed: 0, deferred: [] as number[] };
  for (let from = offset; from < offset + length; from += CLAIMED_AT_ONCE) {
    const { mailboxes } = await client.claim(runId, { offset: from, length: Math.min(CLAIMED_AT_ONCE, offset + length - from) }, signal);
    const results: MailboxResult[] = [];
    const waiting = [...mailboxes];
    const worker = async () => {
      for (let claim = waiting.shift(); claim !== undefined; claim = waiting.shift()) {
        const outcome = await sweepOne(work, claim);
        if (outcome !== undefined) results.push({ ordinal: claim.ordinal, lease: claim.lease, outcome });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    if (results.length === 0) continue;
    await client.putResults(runId, results, signal);
    for (const { ordinal, outcome } of results) {
      if (outcome.state === 'deferred') totals.deferred.push(ordinal);
      else if (outcome.state === 'failed') totals.failed += 1;
      else totals.finished += 1;
    }
  }
  return { ...totals, deferred: totals.deferred.toSorted((one, other) => one - other) };
}

/** Undefined: another attempt has it. */
async function sweepOne({ client, sources, signal, onPage, content, onBytes }: MailboxWork, claim: MailboxClaim): Promise<MailboxResult['outcome'] | undefined> {
  try {
    const result = await sources.use(claim.connection, signal, async (source) => {
      const mailbox = source.mailbox(claim);
      const { capabilities } = source;
      const metadata = await replicateMailbox({ mailbox, capabilities, client, claim, signal, budget: BUDGET, onPage });
      if (metadata.outcome === 'deferred' || !isContentNext(claim, capabilities, metadata)) return metadata;
      const outcome = await replicateContent({
        mailbox, client, claimed: claim, transfer: content, signal, budget: CONTENT_BUDGET, onReport: onPage, onBytes,
      });
      return outcome === 'deferred' ? { outcome } : metadata;
    });
    onPage();
    return result.outcome === 'quiet' ? { state: 'quiet', verified: result.verified } : { state: result.outcome };
  } catch (error) {
    signal.throwIfAborted();
    const failure = withClass(error);
    if (failure.code === 'mailbox.lease-lost') return undefined;
    // Whatever may pass, and whoever is throttled, is waited for elsewhere.
    return isPermanent(failure.class) ? { state: 'failed', error: failure.report() } : { state: 'deferred' };
  }
}
