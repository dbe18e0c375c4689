import type { MailboxClaim, MailboxResult, SweepInput, SweepResult } from '../../shared/mailbox-contract.ts';
import { withClass } from '../directory/site-failure.ts';
import { isPermanent, type MailboxWork } from './process-mailbox.ts';
import { type Budget, replicateMailbox } from './replicate-mailbox.ts';

/** Mailboxes a claim: their cursors are in one answer, some ten kilobytes each. */
const CLAIMED_AT_ONCE = 50;
/** Mailboxes at once; each has one request under way, and the connection bounds them all. */
const AT_ONCE = 16;
/** More than this is worth an activity of its own, which is retried and seen by itself. */
const BUDGET: Budget = { pages: 5, ms: 10_000 };
/** One that hangs is left too; and once all others of its claim are done, they wait this long for it. */
const STRAGGLER_MS = 5_000;

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
    let working = AT_ONCE;
    const stragglers = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const worker = async () => {
      for (let claim = waiting.shift(); claim !== undefined; claim = waiting.shift()) {
        const outcome = await sweepOne(work, claim, AbortSignal.any([signal, stragglers.signal, AbortSignal.timeout(BUDGET.ms)]));
        if (outcome !== undefined) results.push({ ordinal: claim.ordinal, lease: claim.lease, outcome });
      }
      working -= 1;
      // Few are left, and what is left takes its time.
      if (working <= AT_ONCE / 4) timer ??= setTimeout(() => stragglers.abort(), STRAGGLER_MS);
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    } finally {
      clearTimeout(timer);
    }
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

/** Undefined: another attempt has it. `patience`: ends with the activity, and before when the mailbox takes too long. */
async function sweepOne({ client, sources, signal, onPage }: MailboxWork, claim: MailboxClaim, patience: AbortSignal): Promise<MailboxResult['outcome'] | undefined> {
  try {
    const result = await sources.use(claim.connection, patience, (source) =>
      replicateMailbox({ mailbox: source.mailbox(claim), capabilities: source.capabilities, client, claim, signal: patience, budget: BUDGET, onPage }),
    );
    onPage();
    return result.outcome === 'quiet' ? { state: 'quiet', verified: result.verified } : { state: result.outcome };
  } catch (error) {
    signal.throwIfAborted();
    if (patience.aborted) return { state: 'deferred' };
    const failure = withClass(error);
    if (failure.code === 'mailbox.lease-lost') return undefined;
    // Whatever may pass, and whoever is throttled, is waited for elsewhere.
    return isPermanent(failure.class) ? { state: 'failed', error: failure.report() } : { state: 'deferred' };
  }
}
