import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, flag } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { followRun } from '../../follow-run.ts';
import { nameArgument, withRecord } from '../../named-records.ts';
import { runExitCode, runResultText, runTitle, startedText } from '../../output/run-text.ts';
import { stillRunning } from '../../still-running.ts';
import { taskWords } from './task-words.ts';

export const taskRun = defineCommand({
  path: ['task', 'run'],
  summary: 'Run a task now',
  description:
    'Starts a run, or joins the one that is open, and follows it. The run is durable: Ctrl-C ends only the watching. Exit code 0 when every mailbox was read, 3 when some need attention, 1 when the run failed. A paused task can be run.',
  examples: [
    { line: 'lockstep task run sales', what: 'Run and watch' },
    { line: 'lockstep task run sales --no-wait', what: 'Only start it' },
  ],
  arguments: nameArgument('task'),
  options: { noWait: flag('return at once; see it later with lockstep runs show'), ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const started = await withRecord(taskWords, api, given.name, () => api.runTask(given.name));
    if (options.noWait) {
      return {
        exitCode: exitCodes.ok,
        data: started,
        text: startedText(started),
      };
    }
    if (started.joined) io.progress.line(`${runTitle(started)} was open already; following it.`);
    const run = await followRun(api, started, io);
    return run === undefined ? stillRunning(started) : { exitCode: runExitCode(run.state), data: run, text: runResultText(run, io.now()) };
  },
});
