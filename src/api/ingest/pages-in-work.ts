import { ApiError } from '../problems.ts';

const RETRY_AFTER_SECONDS = 1;

/**
 * Bounds how many pages are received or applied at once. The rest is refused before its body is read, and comes again:
 * what waits, waits at the site, not in the server's memory nor for its last database connection.
 */
export class PagesInWork {
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** @throws ApiError 429 when there is no place */
  enter(): PlaceInWork {
    if (this.#count >= this.#max) throw busy();
    this.#count += 1;
    return new PlaceInWork(() => (this.#count -= 1));
  }
}

/**
 * A page's place, from the first byte of its request until its connection is closed and it is no longer applied,
 * whichever is later: a site that hangs up and tries again must not have the same page waiting for the database many
 * times over.
 */
export class PlaceInWork {
  readonly #leave: () => void;
  #applying = false;
  #left = false;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  async applying<T>(work: () => Promise<T>): Promise<T> {
    this.#applying = true;
    try {
      return await work();
    } finally {
      this.#applying = false;
      this.#free();
    }
  }

  connectionClosed(): void {
    if (!this.#applying) this.#free();
  }

  #free(): void {
    if (!this.#left) this.#leave();
    this.#left = true;
  }
}

const busy = (): ApiError =>
  new ApiError({
    status: 429,
    code: 'ingest.busy',
    message: 'The database has as many pages in work as it can take.',
    next: 'The site sends the page again by itself.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });

/** pg-pool has no code for it: pg-pool/index.js, connectionTimeoutMillis. Waiting helps, so the site is told to. */
export function asBusy(error: unknown): unknown {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect' ? busy() : error;
}
