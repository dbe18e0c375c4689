/**
 * How many requests a server gets at once, and which mailboxes are left alone for a while.
 *
 * Under impersonation Exchange's budget is the target mailbox's (2013 and later, see
 * https://learn.microsoft.com/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange), so a mailbox that was
 * throttled pauses alone, and has one request at a time. A server that is too busy for everybody shows in many mailboxes: then the
 * number in flight is halved, and grows by one with each round of successes (additive increase, multiplicative decrease).
 *
 * A request that nobody answers while others are answered is its mailbox's affair (a database that is down, a mailbox under repair): it
 * gives its place to others, so that a few such mailboxes do not hold all places until their time-outs. When nothing is answered it is
 * the server's, which then gets no more than it has.
 */
import { LockstepError } from '../../shared/errors.ts';
import { WaitingLine } from './waiting-line.ts';

/** When the server does not say for how long: Exchange's budgets refill within a minute. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;
/** Exchange begins most answers within a second, and a batch of items within a few. */
const SILENCE_MS = 10_000;
/** Of a mailbox whose last request was never answered. */
const REPEATED_SILENCE_MS = 2_000;

export interface GateTiming {
  readonly silenceMs?: number;
  readonly repeatedSilenceMs?: number;
}

interface Paused {
  readonly until: number;
  readonly times: number;
}

export class RequestGate {
  readonly #most: number;
  #limit: number;
  #inFlight = 0;
  #successes = 0;
  #answers = 0;
  readonly #silent = new Set<string>();
  readonly #timing: Required<GateTiming>;
  readonly #line = new WaitingLine();
  readonly #paused = new Map<string, Paused>();
  readonly #now: () => number;

  constructor(most: number, { silenceMs = SILENCE_MS, repeatedSilenceMs = REPEATED_SILENCE_MS }: GateTiming = {}, now: () => number = () => performance.now()) {
    this.#timing = { silenceMs, repeatedSilenceMs };
    this.#most = most;
    this.#limit = most;
    this.#now = now;
  }

  /** Requests that may be in flight now. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * Runs `request` when there is room. It calls `answered` when an answer begins.
   * @throws LockstepError Throttled, at once, while the mailbox is left alone; what `request` throws
   */
  async run<T>(mailbox: string, signal: AbortSignal, request: (answered: () => void) => Promise<T>): Promise<T> {
    this.#refusePaused(mailbox);
    await this.#enter(signal);
    const place = this.#place(mailbox);
    try {
      const answer = await request(() => place.answered());
      this.#succeeded(mailbox);
      return answer;
    } catch (error) {
      if (error instanceof LockstepError && error.class === 'Throttled') throw this.#throttled(mailbox, error);
      throw error;
    } finally {
      place.leave();
      this.#admit();
    }
  }

  /** That of a request, which it leaves to others for as long as it is not answered while they are. */
  #place(mailbox: string): { answered(): void; leave(): void } {
    const waitMs = this.#silent.has(mailbox) ? this.#timing.repeatedSilenceMs : this.#timing.silenceMs;
    const before = this.#answers;
    let held = true;
    let begun = false;
    const watch = setInterval(() => {
      if (this.#answers === before) return;
      clearInterval(watch);
      held = false;
      this.#silent.add(mailbox);
      this.#inFlight -= 1;
      this.#admit();
    }, waitMs);
    return {
      answered: () => {
        clearInterval(watch);
        if (begun) return;
        begun = true;
        this.#answers += 1;
        this.#silent.delete(mailbox);
        if (held) return;
        // More than the limit for a moment: it does not wait once more.
        held = true;
        this.#inFlight += 1;
      },
      leave: () => {
        clearInterval(watch);
        if (held) this.#inFlight -= 1;
        held = false;
      },
    };
  }

  #refusePaused(mailbox: string): void {
    const paused = this.#paused.get(mailbox);
    if (paused === undefined) return;
    const waitMs = paused.until - this.#now();
    if (waitMs > 0) throw throttled(waitMs, 'The mailbox is left alone for a while, as Exchange asked.');
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#inFlight < this.#limit) {
      this.#inFlight += 1;
      return;
    }
    await this.#line.turn(signal);
  }

  #admit(): void {
    // Who gets a turn is in flight from then on.
    while (this.#inFlight < this.#limit && this.#line.admit()) this.#inFlight += 1;
  }

  #succeeded(mailbox: string): void {
    this.#paused.delete(mailbox);
    this.#successes += 1;
    if (this.#successes < this.#limit || this.#limit >= this.#most) return;
    this.#successes = 0;
    this.#limit += 1;
  }

  #throttled(mailbox: string, error: LockstepError): LockstepError {
    const times = (this.#paused.get(mailbox)?.times ?? 0) + 1;
    const waitMs = error.waitMs ?? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(times - 1, 10));
    this.#paused.set(mailbox, { until: this.#now() + waitMs, times });
    const pausing = [...this.#paused.values()].filter(({ until }) => until > this.#now()).length;
    // One mailbox over its budget is its own affair; a quarter of those in flight is the server's.
    if (pausing > 1 && pausing * 4 >= this.#limit) {
      this.#limit = Math.max(1, Math.floor(this.#limit / 2));
      this.#successes = 0;
    }
    return throttled(waitMs, error.message);
  }
}

const throttled = (waitMs: number, message: string): LockstepError =>
  new LockstepError({ class: 'Throttled', code: 'ews.throttled', message, next: 'Nothing to do: Lockstep waits and tries again.', waitMs: Math.ceil(waitMs) });
