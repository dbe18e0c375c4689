import { LockstepError } from '../../shared/errors.ts';

/** A third of the heartbeat time-out of the reading (30 s, src/workflows/retry-policies.ts): two may get lost. */
const HEARTBEAT_MS = 10_000;
/** A source or platform that lets no page through for so long counts as stalled. Legitimate pages take seconds. */
const STALLED_MS = 10 * 60_000;

export interface ProgressOptions {
  readonly heartbeat: (details: unknown) => void;
  /** Cancelled from outside. */
  readonly signal: AbortSignal;
  readonly heartbeatMs?: number;
  readonly stalledMs?: number;
  /** What is to be said then; default: of a directory. */
  readonly stalled?: (afterMs: number) => LockstepError;
}

/**
 * Keeps an activity alive while it gets somewhere, and only then: heartbeats come from a timer, for a page may take longer
 * than the heartbeat time-out, but when nothing was committed for ten minutes the work's signal is aborted with
 * Unavailable `directory.stalled`.
 */
export class Progress implements Disposable {
  /** For everything the work waits on. */
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #stalled = new AbortController();
  #details: unknown = {};
  #since = performance.now();

  constructor({ heartbeat, signal, heartbeatMs = HEARTBEAT_MS, stalledMs = STALLED_MS, stalled = directoryStalled }: ProgressOptions) {
    this.signal = AbortSignal.any([signal, this.#stalled.signal]);
    heartbeat(this.#details);
    this.#timer = setInterval(() => {
      if (performance.now() - this.#since > stalledMs) this.#stalled.abort(stalled(stalledMs));
      else heartbeat(this.#details);
    }, Math.min(heartbeatMs, stalledMs));
  }

  /** Something was committed. */
  made(details: unknown): void {
    this.#since = performance.now();
    this.#details = details;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

const directoryStalled = (afterMs: number): LockstepError =>
  new LockstepError({
    class: 'Unavailable',
    code: 'directory.stalled',
    message: `No page was committed for ${Math.round(afterMs / 60_000)} minutes.`,
    next: 'Check the load of the domain controller and of the Lockstep server; the reading starts again.',
  });
