import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { listOptions, moreLine } from '../../list-options.ts';
import { table } from '../../output/table.ts';
import { relativeTime } from '../../output/times.ts';
import { firstItems } from '../../paging.ts';
import { directoryArgument, withDirectory } from './directory-names.ts';

export const directoryProblems = defineCommand({
  path: ['directory', 'problems'],
  summary: 'List objects that could not be read or taken over',
  description:
    'Each is an object of the directory with the reason, for instance an address that two people claim. They do not stop a run. Correct the object in the directory; the next run takes it over and closes the problem.',
  examples: [
    { line: 'lockstep directory problems hq', what: 'See what to correct in the directory' },
    { line: "lockstep directory problems hq --json | jq -r '.items[].subject'", what: 'Only the names of the objects' },
  ],
  arguments: directoryArgument,
  options: { ...listOptions, ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const page = await withDirectory(api, given.name, () => firstItems(options.limit, (query) => api.directoryProblems(given.name, query)));
    const now = io.now();
    const shown = table(
      page.items,
      [
        { title: 'OBJECT', value: (problem) => problem.subject, shrink: true },
        { title: 'CODE', value: (problem) => problem.code },
        { title: 'WHY', value: (problem) => problem.detail, shrink: true },
        { title: 'SINCE', value: (problem) => relativeTime(problem.firstSeenAt, now) },
      ],
      io.columns,
    );
    return { exitCode: exitCodes.ok, data: page, text: page.items.length === 0 ? `${given.name} has no open problems.` : shown + moreLine(page, options.limit) };
  },
});
