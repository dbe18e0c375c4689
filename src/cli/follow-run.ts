import { setTimeout as pause } from 'node:timers/promises';
import type { Run, RunSummary } from '../api/schemas/directories.ts';
import { LockstepError } from '../shared/errors.ts';
import { openRunStates } from '../shared/runs.ts';
import type { ApiClient } from './api-client.ts';
import { ApiProblem } from './api-problem.ts';
import type { CommandIo } from './command.ts';
import { rateMeter } from './output/rate.ts';
import { runProgressText } from './output/run-text.ts';

/** Soon enough for eyes; a run costs the API one read by primary key a time. */
const POLL_MS = 500;
/** A server that is started again is back by then; the run itself waits for ever. */
const OUTAGE_MS = 120_000;

export const isOpenRun = (run: Pick<RunSummary, 'state'>): boolean => openRunStates.some((state) => state === run.state);

/** No answer, or one that says to come back: the database restarts, or there were too many requests. */
const isAway = (error: unknown): boolean =>
  error instanceof ApiProblem ? [429, 502, 503, 504].includes(error.status) : error instanceof LockstepError && error.class === 'Unavailable';

/**
 * Shows a run's progress until it is over, through restarts of the server. Undefined when the user ended the wait: the run
 * itself goes on.
 * @throws LockstepError Unavailable when the API stays away; ApiProblem
 */
export async function followRun(api: ApiClient, run: RunSummary, io: CommandIo): Promise<Run | undefined> {
  const rate = rateMeter();
  let goneSince: number | undefined;
  try {
    for (;;) {
      try {
        const current = await api.run(run.id);
        if (!isOpenRun(current)) {
          io.progress.clear();
          return current;
        }
        goneSince = undefined;
        const now = io.now();
        io.progress.update(runProgressText(current, rate(current.totals['items'] ?? current.totals['seen'] ?? 0, now.getTime()), now));
      } catch (error) {
        const now = io.now().getTime();
        goneSince ??= now;
        if (!isAway(error) || now - goneSince > OUTAGE_MS) throw error;
        io.progress.update('the API does not answer; still waiting');
      }
      await pause(POLL_MS, undefined, { signal: io.signal });
    }
  } catch (error) {
    io.progress.clear();
    if (io.signal.aborted) return undefined;
    throw error;
  }
}
