import type { ApiClient } from '../../api-client.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { type CommandIo, type CommandResult, defineCommand } from '../../command.ts';
import { followRun } from '../../follow-run.ts';
import { offeredDomains } from '../../output/domains-text.ts';
import { stepsExitCode, stepsResultText } from '../../output/run-text.ts';
import { stillRunning } from '../../still-running.ts';
import { directoryArgument, withDirectory } from './directory-names.ts';

export const directoryTest = defineCommand({
  path: ['directory', 'test'],
  summary: 'Try a directory step by step and say where it fails',
  description:
    'From the site: find the server, connect, secure the connection, sign in, recognise the directory, find the base DN, read a person, read a group, follow changes, see deletions. Nothing is changed. The first step that fails says why and what to do. Domains of the forest that no directory reads are offered. Exit code 0 when all passed, 1 when one failed.',
  examples: [
    { line: 'lockstep directory test hq', what: 'After a change, or when a run failed' },
    { line: "lockstep directory test hq --json | jq '.report[] | select(.outcome == \"failed\")'", what: 'Only what failed, for a program' },
  ],
  arguments: directoryArgument,
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    return withDirectory(api, given.name, () => testDirectory(api, given.name, io));
  },
});

/** Starts a test and waits for its report. */
export async function testDirectory(api: ApiClient, name: string, io: CommandIo): Promise<CommandResult> {
  const started = await api.startRun(name, 'test');
  const run = await followRun(api, started, io);
  if (run === undefined) return stillRunning(started);
  const offers = offeredDomains(await api.directory(name));
  const text = stepsResultText(run, io.now());
  return { exitCode: stepsExitCode(run), data: run, text: offers.length === 0 ? text : `${text}\n\n${offers.join('\n')}` };
}
