import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, flag, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { listOptions, moreLine } from '../../list-options.ts';
import { momentOf, momentOptions } from '../../moment.ts';
import { groupText, membersTable } from '../../output/group-text.ts';
import { historyTable } from '../../output/history-text.ts';
import { firstItems } from '../../paging.ts';
import { groupByName } from './group-by-name.ts';

export const groupShow = defineCommand({
  path: ['group', 'show'],
  summary: 'Show a group, with --members who is in it',
  description: 'Members are the direct ones; a group among them is shown as a group (lockstep group members --effective shows who is in it). "not known" is a member whose object was not read: outside the search bases, without an address, or in another domain. With --members, --json gives {group, members}; without it the group.',
  examples: [
    { line: 'lockstep group show sales@corp.example', what: 'By address' },
    { line: 'lockstep group show "All Staff" --members', what: 'By name, with its members' },
    { line: 'lockstep group show "All Staff" --history', what: 'Who joined and left, and by which run' },
  ],
  arguments: { group: { description: 'an address, the id or the exact name' } },
  options: { members: flag('list the direct members'), history: flag('what happened, newest first'), ...momentOptions, ...listOptions, ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const at = momentOf(options.at);
    if (options.history && at !== undefined) throw new UsageError('--history tells all that happened: leave --at out.');
    const group = await groupByName(api, given.group, at);
    if (options.history) {
      const history = await firstItems(options.limit, (query) => api.groupHistory(group.id, query));
      return { exitCode: exitCodes.ok, data: history, text: historyTable(history.items, io.columns) + moreLine(history, options.limit) };
    }
    if (!options.members) return { exitCode: exitCodes.ok, data: group, text: groupText(group) };
    const members = await firstItems(options.limit, (query) => api.groupMembers(group.id, { ...query, at }));
    const list = members.items.length === 0 ? 'No members.' : membersTable(members.items, io.columns) + moreLine(members, options.limit);
    return { exitCode: exitCodes.ok, data: { group, members }, text: `${groupText(group)}\n\n${list}` };
  },
});
