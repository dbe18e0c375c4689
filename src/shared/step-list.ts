import type { DirectoryStep } from './directory.ts';
import { LockstepError } from './errors.ts';

/** The platform takes sentences of 4,000 characters; a forest may have more controllers than fit. */
const MOST_CHARACTERS = 1000;
const AFTER_FAILURE = 'A step before it failed.';

/** Goes through named steps, each with its time and what it found; after a failed one, those that follow are skipped. */
export class StepList<Name extends string> {
  readonly steps: DirectoryStep<Name>[] = [];
  readonly #signal: AbortSignal;
  #failed = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** A step that there is nothing to do for; those that follow are not concerned. */
  skip(name: Name, detail: string): void {
    this.steps.push({ step: name, outcome: 'skipped', detail: this.#failed ? AFTER_FAILURE : detail, durationMs: 0 });
  }

  /**
   * Answers what the step found for the steps after it; undefined when it or one before it failed. Throws the signal's reason,
   * and what is no LockstepError.
   */
  async run<T>(name: Name, work: () => Promise<{ readonly detail: string; readonly found: T }>): Promise<T | undefined> {
    if (this.#failed) {
      this.steps.push({ step: name, outcome: 'skipped', detail: AFTER_FAILURE, durationMs: 0 });
      return undefined;
    }
    const began = performance.now();
    const elapsed = () => Math.round(performance.now() - began);
    try {
      const { detail, found } = await work();
      this.steps.push({ step: name, outcome: 'passed', detail: shortened(detail), durationMs: elapsed() });
      return found;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof LockstepError)) throw error;
      this.#failed = true;
      this.steps.push({ step: name, outcome: 'failed', detail: shortened(error.message), code: error.code, next: error.next, durationMs: elapsed() });
      return undefined;
    }
  }
}

const shortened = (text: string): string => (text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text);
