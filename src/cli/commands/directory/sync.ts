import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, flag } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { followRun } from '../../follow-run.ts';
import { runExitCode, runResultText, runTitle } from '../../output/run-text.ts';
import { stillRunning } from '../../still-running.ts';
import { directoryArgument, withDirectory } from './directory-names.ts';

export const directorySync = defineCommand({
  path: ['directory', 'sync'],
  summary: 'Synchronise a directory now',
  description:
    'Starts a run, or joins the one that is open, and follows it. The run is durable: Ctrl-C ends only the watching. Exit code 0 when all was taken over, 3 when some objects have recorded problems, 1 when the run failed.',
  examples: [
    { line: 'lockstep directory sync hq', what: 'Synchronise and watch' },
    { line: 'lockstep directory sync hq --no-wait', what: 'Only start it' },
    { line: "lockstep directory sync hq --json | jq .totals", what: 'Wait, then only the totals, for a program' },
  ],
  arguments: directoryArgument,
  options: { noWait: flag('return at once; see it later with lockstep runs show'), ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const started = await withDirectory(api, given.name, () => api.startRun(given.name, 'sync'));
    if (options.noWait) {
      return {
        exitCode: exitCodes.ok,
        data: started,
        text: `${runTitle(started)} ${started.joined ? 'was open already' : 'is started'}. Follow it: lockstep runs show ${started.number} --follow`,
      };
    }
    if (started.joined) io.progress.line(`${runTitle(started)} was open already; following it.`);
    const run = await followRun(api, started, io);
    if (run === undefined) return stillRunning(started);
    return { exitCode: runExitCode(run.state), data: run, text: runResultText(run, io.now()) };
  },
});
