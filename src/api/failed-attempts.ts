import { createHash } from 'node:crypto';
import { ApiError } from './problems.ts';

/** A token has 256 random bits: nobody guesses one. This keeps somebody who tries from costing the database a query each. */
const MAX_FAILURES = 20;
const WINDOW_MS = 60_000;
/** Bounds of memory: some 100 bytes each. Above, the oldest is forgotten. */
const MAX_ADDRESSES = 10_000;
const MAX_GOOD_TOKENS = 10_000;

/**
 * Counts tokens that were not good, per address and minute, in this process. After 20 the address gets 429 until the minute
 * is over, without a question to the database. Tokens that this process has seen to be good pass even then, so nobody
 * locks out the others behind the same proxy.
 */
export class FailedAttempts {
  readonly #now: () => number;
  readonly #failures = new Map<string, { count: number; readonly since: number }>();
  readonly #good = new Set<string>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @throws ApiError 429 `auth.too-many-attempts` */
  refuseAfterTooMany(address: string, token: string): void {
    const failures = this.#failures.get(address);
    if (failures === undefined || failures.count < MAX_FAILURES) return;
    const waitMs = failures.since + WINDOW_MS - this.#now();
    if (waitMs <= 0) {
      this.#failures.delete(address);
      return;
    }
    if (this.#good.has(fingerprint(token))) return;
    throw new ApiError({
      status: 429,
      code: 'auth.too-many-attempts',
      message: 'Too many tokens from this address were not valid.',
      next: 'Wait a minute, then use a valid token.',
      retryAfterSeconds: Math.ceil(waitMs / 1000),
    });
  }

  note(address: string, token: string, good: boolean): void {
    const key = fingerprint(token);
    if (good) {
      this.#good.delete(key);
      this.#good.add(key);
      dropOldest(this.#good, MAX_GOOD_TOKENS);
      return;
    }
    this.#good.delete(key);
    const failures = this.#failures.get(address);
    if (failures !== undefined && this.#now() - failures.since < WINDOW_MS) failures.count += 1;
    else {
      this.#failures.delete(address);
      this.#failures.set(address, { count: 1, since: this.#now() });
      dropOldest(this.#failures, MAX_ADDRESSES);
    }
  }
}

const fingerprint = (token: string): string => createHash('sha256').update(token).digest('base64');

/** Maps and sets keep the order of insertion. */
function dropOldest(kept: Map<string, unknown> | Set<string>, max: number): void {
  if (kept.size <= max) return;
  const [oldest] = kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
}
