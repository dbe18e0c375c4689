import type { Logger } from 'pino';

/** Does `work` now and every `everyMs` after its end. A failure is logged and the next time comes. Gives the function that ends it. */
export function repeat(name: string, everyMs: number, work: () => Promise<void>, logger: Logger): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const turn = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      logger.error({ err: error }, `${name} failed`);
    }
    if (ended) return;
    timer = setTimeout(() => {
      current = turn();
    }, everyMs);
  };
  let current = turn();
  return async () => {
    ended = true;
    clearTimeout(timer);
    await current;
  };
}
