import type { MailboxClaim, MailboxResult, SweepInput, SweepResult } from '../../shared/mailbox-contract.ts';
import { withClass } from '../directory/site-failure.ts';
import { isContentNext, isLeaseLost, isPermanent, type MailboxWork, reported } from './process-mailbox.ts';
import { type ContentBudget, replicateContent } from './replicate-content.ts';
import { type Budget, replicateMailbox } from './replicate-mailbox.ts';

/** Mailboxes a claim: their cursors are in one answer, some ten kilobytes each. Results are told as many at once. */
const CLAIMED_AT_ONCE = 50;
/** Mailboxes at once; each has one request under way, and the connection bounds them all. */
const AT_ONCE = 16;
/** More than this is worth an activity of its own, which is retried and seen by itself. */
const BUDGET: Budget = { pages: 5, ms: 10_000 };
/** Two calls, of what arrives in a day in a mailbox that is read every quarter of an hour. */
const CONTENT_BUDGET: ContentBudget = { items: 20, bytes: 8 * 1024 * 1024 };

/** When a mailbox that says nothing is left to an activity of its own. */
export interface SweepPatience {
  /** It holds one of the AT_ONCE. */
  readonly mailboxMs: number;
  /** Only such mailboxes are left of the slice, and hold the sweep. */
  readonly lastMs: number;
}
const PATIENCE: SweepPatience = { mailboxMs: 2 * BUDGET.ms, lastMs: 3_000 };

/**
 * Several mailboxes at once: finishes those with little or nothing new and leaves the others. A repeated attempt goes on with those that have
 * no result yet.
 * @throws LockstepError when the platform cannot be reached
 */
export async function sweepMailboxes(work: MailboxWork, input: SweepInput, patience: SweepPatience = PATIENCE): Promise<SweepResult> {
  // One that fails ends the others.
  const broken = new AbortController();
  const sweep = new Sweep({ ...work, signal: AbortSignal.any([work.signal, broken.signal]) }, input, patience);
  const outcomes = await Promise.allSettled(
    Array.from({ length: AT_ONCE }, () =>
      sweep.work().catch((error: unknown) => {
        broken.abort(error);
        throw error;
      }),
    ),
  );
  work.signal.throwIfAborted();
  if (outcomes.some(({ status }) => status === 'rejected')) throw broken.signal.reason;
  return sweep.end();
}

class Sweep {
  readonly #work: MailboxWork;
  readonly #input: SweepInput;
  readonly #patience: SweepPatience;
  readonly #totals = { finished: 0, failed: 0, deferred: [] as number[] };
  readonly #results: MailboxResult[] = [];
  #claims: MailboxClaim[] = [];
  #claimed: number;
  #claiming: Promise<void> | undefined;
  /** Of those that are worked on. */
  readonly #leave = new Set<() => void>();

  constructor(work: MailboxWork, input: SweepInput, patience: SweepPatience) {
    this.#work = work;
    this.#input = input;
    this.#patience = patience;
    this.#claimed = input.offset;
  }

  /** One mailbox after the other. */
  async work(): Promise<void> {
    for (let claim = await this.#next(); claim !== undefined; claim = await this.#next()) {
      const outcome = await this.#sweepOne(claim);
      if (outcome !== undefined) this.#results.push({ ordinal: claim.ordinal, lease: claim.lease, outcome });
      if (this.#results.length >= CLAIMED_AT_ONCE) await this.#report();
    }
    for (const leave of this.#leave) leave();
  }

  async end(): Promise<SweepResult> {
    await this.#report();
    return { ...this.#totals, deferred: this.#totals.deferred.toSorted((one, other) => one - other) };
  }

  async #next(): Promise<MailboxClaim | undefined> {
    const end = this.#input.offset + this.#input.length;
    while (this.#claims.length === 0 && (this.#claiming !== undefined || this.#claimed < end)) {
      this.#claiming ??= this.#claim(Math.min(CLAIMED_AT_ONCE, end - this.#claimed)).finally(() => (this.#claiming = undefined));
      await this.#claiming;
    }
    return this.#claims.shift();
  }

  async #claim(length: number): Promise<void> {
    const { client, signal } = this.#work;
    const { mailboxes } = await client.claim(this.#input.runId, { offset: this.#claimed, length }, signal);
    this.#claimed += length;
    this.#claims = [...mailboxes];
  }

  async #report(): Promise<void> {
    const results = this.#results.splice(0);
    if (results.length === 0) return;
    const { client, signal } = this.#work;
    if (!(await reported(client, this.#input.runId, results, signal))) return;
    for (const { ordinal, outcome } of results) {
      if (outcome.state === 'deferred') this.#totals.deferred.push(ordinal);
      else if (outcome.state === 'failed') this.#totals.failed += 1;
      else this.#totals.finished += 1;
    }
  }

  /** Undefined: another attempt has it. */
  async #sweepOne(claim: MailboxClaim): Promise<MailboxResult['outcome'] | undefined> {
    const { client, sources, onPage, content, onBytes } = this.#work;
    const silence = new AbortController();
    const signal = AbortSignal.any([this.#work.signal, silence.signal]);
    const { mailboxMs, lastMs } = this.#patience;
    let timer = setTimeout(() => silence.abort(), mailboxMs);
    const leave = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), lastMs);
    };
    this.#leave.add(leave);
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
      this.#work.signal.throwIfAborted();
      if (silence.signal.aborted) return { state: 'deferred' };
      if (isLeaseLost(error)) return undefined;
      const failure = withClass(error);
      // Whatever may pass, and whoever is throttled, is waited for elsewhere.
      return isPermanent(failure.class) ? { state: 'failed', error: failure.report() } : { state: 'deferred' };
    } finally {
      clearTimeout(timer);
      this.#leave.delete(leave);
    }
  }
}
