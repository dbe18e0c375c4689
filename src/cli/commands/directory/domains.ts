import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { domainsText } from '../../output/domains-text.ts';
import { directoryArgument, withDirectory } from './directory-names.ts';

export const directoryDomains = defineCommand({
  path: ['directory', 'domains'],
  summary: 'Show the domains of the forest, and which of them are read',
  description:
    'As the last reading or test of the directory saw them. For each domain that no directory reads there is the command that adds it. Where the server referred to is noted too; referrals are never followed.',
  examples: [
    { line: 'lockstep directory domains hq', what: 'Find the child domains of hq' },
    { line: "lockstep directory domains hq --json | jq '.domains[] | select(.readBy == [])'", what: 'Those that nobody reads, for a program' },
  ],
  arguments: directoryArgument,
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const directory = await withDirectory(api, given.name, () => api.directory(given.name));
    return { exitCode: exitCodes.ok, data: directory.findings ?? { domains: [], references: [] }, text: domainsText(directory, io.columns) };
  },
});
