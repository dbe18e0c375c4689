import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { LockstepError } from '../shared/errors.ts';

const firstMs = 500;
const lastMs = 15_000;

/** Tries until the other side is there: 0.5 s, 1 s, 2 s … 15 s between tries. What no waiting cures is thrown at once. */
export async function retryWhileAway<T>(work: () => Promise<T>, logger: Logger, signal: AbortSignal): Promise<T> {
  for (let waitMs = firstMs; ; waitMs = Math.min(waitMs * 2, lastMs)) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (error instanceof LockstepError && error.class !== 'Unavailable' && error.class !== 'Throttled') throw error;
      logger.warn({ err: error, waitMs }, 'the platform is away, trying again');
      await pause(waitMs, undefined, { signal });
    }
  }
}
