import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text } from '../../command.ts';
import { followRun } from '../../follow-run.ts';
import { nameArgument, withRecord } from '../../named-records.ts';
import { stepsExitCode, stepsResultText } from '../../output/run-text.ts';
import { stillRunning } from '../../still-running.ts';
import { connectionWords } from './connection-words.ts';

export const connectionTest = defineCommand({
  path: ['connection', 'test'],
  summary: 'Try an exchange connection step by step and say where it fails',
  description:
    'From the site: find the server, connect, secure the connection, see how it signs in, sign in; with --mailbox also act as the owner of that mailbox, see the version, read folders, a page of items and the content of one. Nothing is changed, and one sign-in is tried. The first step that fails says why and what to do. Exit code 0 when none failed, 1 when one did.',
  examples: [
    { line: 'lockstep connection test exchange --mailbox ann@corp.example', what: 'Everything that a task needs' },
    { line: "lockstep connection test exchange --json | jq '.report[] | select(.outcome == \"failed\")'", what: 'Only what failed, for a program' },
  ],
  arguments: nameArgument('connection'),
  options: { mailbox: text('address', 'open this mailbox'), ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const started = await withRecord(connectionWords, api, given.name, () => api.testConnection(given.name, options.mailbox));
    const run = await followRun(api, started, io);
    return run === undefined ? stillRunning(started) : { exitCode: stepsExitCode(run), data: run, text: stepsResultText(run, io.now()) };
  },
});
