/** Workflows for the tests of the gateway and the codec: they hand their input to one activity of a site. */
import { ApplicationFailure, condition, defineSignal, proxyActivities, setHandler, sleep } from '@temporalio/workflow';

export interface SiteWork {
  readonly queue: string;
  readonly activity: string;
  readonly args: readonly unknown[];
  readonly attempts: number;
}

/** Answers what the activity answered. */
export async function callSite({ queue, activity, args, attempts }: SiteWork): Promise<unknown> {
  const activities = proxyActivities<Record<string, (...args: unknown[]) => Promise<unknown>>>({
    taskQueue: queue,
    startToCloseTimeout: '60 s',
    heartbeatTimeout: '20 s',
    summary: 'one call of a site',
    retry: { maximumAttempts: attempts, initialInterval: '100 ms' },
  });
  const call = activities[activity];
  if (call === undefined) throw new Error('no such activity');
  return call(...args);
}

/** Waits for a signal: something to try one's hand at. */
export async function waiter(): Promise<string> {
  let released = false;
  setHandler(defineSignal('release'), () => {
    released = true;
  });
  await condition(() => released);
  return 'released';
}

/** Fails with what it was given; its own timer carries it as a summary. */
export async function failWith(text: string, summary: string): Promise<void> {
  await sleep('1 ms', { summary });
  throw ApplicationFailure.create({ type: 'ConfigInvalid', message: text, details: [text], cause: new Error(text) });
}
