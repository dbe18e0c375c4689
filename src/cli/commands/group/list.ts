import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { listOptions, moreLine } from '../../list-options.ts';
import { momentOf, momentOptions } from '../../moment.ts';
import { groupsTable } from '../../output/group-text.ts';
import { firstItems } from '../../paging.ts';

export const groupList = defineCommand({
  path: ['group', 'list'],
  summary: 'List or search groups',
  description: 'Security, distribution and dynamic distribution groups. The number of members counts direct members only.',
  examples: [
    { line: 'lockstep group list --search sales', what: 'Find groups by the beginning of their name or address' },
    { line: "lockstep group list --json | jq '.items[] | select(.members == 0)'", what: 'Empty groups, for a program' },
  ],
  options: { search: text('text', 'beginning of a name or an address'), ...momentOptions, ...listOptions, ...apiOptions },
  async run({ options }, io) {
    const api = await connectOrganisation(options, io);
    const at = momentOf(options.at);
    const page = await firstItems(options.limit, (query) => api.groups({ ...query, search: options.search, at }));
    const none =
      options.search === undefined
        ? 'No groups yet. They come with a directory: lockstep directory list'
        : `No group has a name or address that begins with "${options.search}".`;
    return { exitCode: exitCodes.ok, data: page, text: page.items.length === 0 ? none : groupsTable(page.items, io.columns) + moreLine(page, options.limit) };
  },
});
