import type { RunSummary } from '../api/schemas/directories.ts';
import type { CommandResult } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import { runTitle } from './output/run-text.ts';

/** The user ended the wait; the run itself is durable. */
export const stillRunning = (run: RunSummary): CommandResult => ({
  exitCode: exitCodes.interrupted,
  data: run,
  text: `${runTitle(run)} goes on. Follow it: lockstep runs show ${run.number} --follow. End it: lockstep runs cancel ${run.number}`,
});
