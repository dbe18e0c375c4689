/** What the watcher needs for a hundred changes, and for none, from the change being asked for. */
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../test/lab/component.ts';
import type { Lockstep } from '../../test/lab/lockstep.ts';
import { CHANGES, type DirectoryEdits, makeChanges, newAliases } from './changes.ts';
import type { DirectorySize } from './directory-size.ts';
import type { MeasuredDirectory } from './measured-directory.ts';
import { observingProxy, type Poll } from './observing-proxy.ts';
import { median, thousandths } from './rounded.ts';

const ROUNDS = 3;
/** Polls that are begun anew because one came while the changes were being made. */
const MOST_TRIES = 10;
/** Twice as often as by default: for the bench's sake. The changes must be made in between. */
const POLL_SECONDS = 15;
const LOOK_MS = 5;
/** After an answer the watcher asks no more for so long: the poll is over. */
const QUIET_MS = 500;

export interface ChangePolls {
  readonly changes: number;
  /** Medians of the rounds. From the poll's request to the archive showing the changes. */
  readonly deltaSeconds: number;
  /** Of it: until the directory had answered everything it was asked. */
  readonly ofItDirectorySeconds: number;
  /** From the poll's request to its answer, which says that nothing changed. */
  readonly nothingSeconds: number;
  readonly nothingRequests: number;
}

/** After a full reading. The directory `bench` is read through a proxy from now on. */
export async function measureChangePolls(lockstep: Lockstep, from: MeasuredDirectory, edits: DirectoryEdits, size: DirectorySize): Promise<ChangePolls> {
  const proxy = await observingProxy(from);
  try {
    await readThrough(lockstep, from, proxy);
    const deltas: { all: number; directory: number }[] = [];
    const nothings: Poll[] = [];
    for (let round = 1; deltas.length < ROUNDS; round++) {
      if (round > MOST_TRIES) throw new Error('the changes never fell between two polls');
      nothings.push(await nextPoll(proxy.polls));
      const before = proxy.polls.length;
      await makeChanges(edits, round, size);
      const undisturbed = proxy.polls.length === before;
      const aliases = newAliases(round);
      await until('the changes are in the archive', () => isKnown(lockstep, aliases.at(-1) ?? ''), 120_000, LOOK_MS);
      const committed = performance.now();
      const poll = proxy.polls.at(-1);
      if (!undisturbed || poll === undefined) continue;
      for (const alias of aliases) if (!(await isKnown(lockstep, alias))) throw new Error(`${alias} was not taken`);
      deltas.push({ all: committed - poll.at, directory: poll.answeredAt - poll.at });
    }
    return {
      changes: CHANGES,
      deltaSeconds: thousandths(median(deltas.map(({ all }) => all)) / 1000),
      ofItDirectorySeconds: thousandths(median(deltas.map(({ directory }) => directory)) / 1000),
      nothingSeconds: thousandths(median(nothings.map(({ at, answeredAt }) => answeredAt - at)) / 1000),
      nothingRequests: median(nothings.map(({ requests }) => requests)),
    };
  } finally {
    await proxy.close();
  }
}

async function readThrough(lockstep: Lockstep, from: MeasuredDirectory, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  const settings = { host, port, security: 'plain', account: from.bind, baseDn: from.base, acknowledgeDisabled: true, pollSeconds: POLL_SECONDS };
  const changed = await lockstep.api('PATCH', '/directories/bench', { settings, password: from.password });
  if (changed.status !== 200) throw new Error(JSON.stringify(changed.body));
}

/** The next poll that begins, when it is over. The first one on a new connection also signs in; it is not waited for here. */
async function nextPoll(polls: readonly Poll[]): Promise<Poll> {
  const before = polls.length;
  await until('the directory is polled', async () => polls.length > before, 180_000, LOOK_MS);
  const [poll] = polls.slice(-1);
  if (poll === undefined) throw new Error('no poll');
  while (performance.now() - poll.answeredAt < QUIET_MS) await pause(LOOK_MS);
  return poll;
}

const isKnown = async (lockstep: Lockstep, address: string): Promise<boolean> =>
  (await lockstep.api('GET', `/people/${encodeURIComponent(address)}`)).status === 200;
