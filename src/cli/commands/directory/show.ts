import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { directoryText } from '../../output/directory-text.ts';
import { directoryArgument, withDirectory } from './directory-names.ts';

export const directoryShow = defineCommand({
  path: ['directory', 'show'],
  summary: 'Show a directory: settings, schedule, counts and last run',
  description: 'The password is never shown; only whether and when it was set.',
  examples: [
    { line: 'lockstep directory show hq', what: 'See everything about one directory' },
    { line: "lockstep directory show hq --json | jq .lastRun", what: 'Only its last run, for a program' },
  ],
  arguments: directoryArgument,
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const directory = await withDirectory(api, given.name, () => api.directory(given.name));
    return { exitCode: exitCodes.ok, data: directory, text: directoryText(directory, io.now()) };
  },
});
