import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, flag } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { followRun, isOpenRun } from '../../follow-run.ts';
import { runExitCode, runText } from '../../output/run-text.ts';
import { findRun } from '../../run-reference.ts';
import { stillRunning } from '../../still-running.ts';

export const runsShow = defineCommand({
  path: ['runs', 'show'],
  summary: 'Show a run: state, times, totals, and the steps of a test',
  description: 'With --follow it waits until the run is over; the exit code is then 0 when it succeeded, 3 when it did in part, 1 when it failed. Without --follow the exit code is 0 when the run could be shown.',
  examples: [
    { line: 'lockstep runs show last', what: 'The newest run' },
    { line: 'lockstep runs show 12 --follow', what: 'Watch run #12 until it is over' },
    { line: 'lockstep runs show last --json | jq .error', what: 'Why it failed, for a program' },
  ],
  arguments: { run: { description: 'its number, its id, or "last"' } },
  options: { follow: flag('wait until it is over'), ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const run = await findRun(api, given.run);
    if (!options.follow) return { exitCode: exitCodes.ok, data: run, text: runText(run, io.now()) };
    const ended = isOpenRun(run) ? await followRun(api, run, io) : run;
    return ended === undefined ? stillRunning(run) : { exitCode: runExitCode(ended.state), data: ended, text: runText(ended, io.now()) };
  },
});
