import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { directoriesTable } from '../../output/directory-text.ts';
import { allItems } from '../../paging.ts';

export const directoryList = defineCommand({
  path: ['directory', 'list'],
  summary: 'List the directories with their last run',
  examples: [
    { line: 'lockstep directory list', what: 'See all directories' },
    { line: "lockstep directory list --json | jq '.items[] | {name, people: .counts.people}'", what: 'How many people each gave' },
  ],
  options: apiOptions,
  async run({ options }, io) {
    const api = await connectOrganisation(options, io);
    const items = await allItems(api.directories);
    return {
      exitCode: exitCodes.ok,
      data: { items, next: null },
      text: items.length === 0 ? 'No directories. Add one: lockstep directory add NAME' : directoriesTable(items, io.now(), io.columns),
    };
  },
});
