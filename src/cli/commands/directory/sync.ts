import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, flag, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { followRun } from '../../follow-run.ts';
import { objectReference } from '../../object-reference.ts';
import { runExitCode, runResultText, runTitle, startedText, stepsExitCode, stepsResultText } from '../../output/run-text.ts';
import { stillRunning } from '../../still-running.ts';
import { directoryArgument, withDirectory } from './directory-names.ts';

export const directorySync = defineCommand({
  path: ['directory', 'sync'],
  summary: 'Synchronise a directory now',
  description:
    'Starts a run, or joins the one that is open, and follows it. The run is durable: Ctrl-C ends only the watching. Exit code 0 when all was taken over, 3 when some objects have recorded problems, 1 when the run failed.\n\nWith --object only that one is read, and what happened at each step is shown: found where, read what, which rule keeps it out, what changed in the archive. Exit code 1 when a step failed.',
  examples: [
    { line: 'lockstep directory sync hq', what: 'Synchronise and watch' },
    { line: 'lockstep directory sync hq --object ann@corp.example', what: 'Only one person or group, step by step' },
    { line: 'lockstep directory sync hq --no-wait', what: 'Only start it' },
    { line: "lockstep directory sync hq --json | jq .totals", what: 'Wait, then only the totals, for a program' },
  ],
  arguments: directoryArgument,
  options: {
    object: text('which', 'synchronise only this one: its address, distinguished name or objectGUID'),
    noWait: flag('return at once; see it later with lockstep runs show'),
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const object = options.object === undefined ? undefined : objectReference(options.object);
    const started = await withDirectory(api, given.name, () => (object === undefined ? api.startRun(given.name, 'sync') : api.syncObject(given.name, object)));
    if (options.noWait) {
      return {
        exitCode: exitCodes.ok,
        data: started,
        text: startedText(started),
      };
    }
    if (started.joined) io.progress.line(`${runTitle(started)} was open already; following it.`);
    const run = await followRun(api, started, io);
    if (run === undefined) return stillRunning(started);
    return object === undefined
      ? { exitCode: runExitCode(run.state), data: run, text: runResultText(run, io.now()) }
      : { exitCode: stepsExitCode(run), data: run, text: stepsResultText(run, io.now()) };
  },
});
