import { WaitingLine } from './waiting-line.ts';

/**
 * How many pages of items are held at once, from before they are asked for until the platform has them: a page takes some megabytes, and
 * two hundred mailboxes may be read at the same time. First come, first served.
 */
export class PagesInHand {
  #free: number;
  readonly #line = new WaitingLine();

  constructor(most: number) {
    this.#free = most;
  }

  /** Resolves when there is room; what it gives is called when the page is gone. Rejects with what `signal` was aborted with. */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#line.turn(signal);
    return () => {
      if (!this.#line.admit()) this.#free += 1;
    };
  }
}
