/** Who waits for a turn: first come, first served. */
export class WaitingLine {
  readonly #waiting: (() => void)[] = [];

  /** Resolves with a turn. Rejects, and leaves the line, with what `signal` is aborted with. */
  turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      this.#waiting.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Gives the next one its turn; false: nobody waits. */
  admit(): boolean {
    const next = this.#waiting.shift();
    next?.();
    return next !== undefined;
  }
}
