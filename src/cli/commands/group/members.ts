import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, flag } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { listOptions, moreLine } from '../../list-options.ts';
import { momentOf, momentOptions } from '../../moment.ts';
import { membersTable } from '../../output/group-text.ts';
import { firstItems } from '../../paging.ts';
import { groupByName } from './group-by-name.ts';

export const groupMembers = defineCommand({
  path: ['group', 'members'],
  summary: 'List the members of a group, with --effective those of the groups in it too',
  description:
    'Those whose primary group it is are members too; foreign security principals are shown as who they stand for. Of a dynamic group the members are those that match its filter now. "not known" is a member whose object was not read: in a domain or forest that is not (yet) read, or not to be read by the account. One without STATE and ID is known and no person of the archive: without an address, outside the search bases, or left out by a filter.',
  examples: [
    { line: 'lockstep group members "All Staff" --effective', what: 'Everybody who gets a message to it, each once' },
    { line: "lockstep group members sales@corp.example --effective --limit 100000 --json | jq -r '.items[].primaryAddress'", what: 'Their addresses, for a program' },
  ],
  arguments: { group: { description: 'an address, the id or the exact name' } },
  options: { effective: flag('through all groups in the group, nobody twice'), ...momentOptions, ...listOptions, ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const at = momentOf(options.at);
    const group = await groupByName(api, given.group, at);
    const members = await firstItems(options.limit, (query) => api.groupMembers(group.id, { ...query, at, ...(options.effective ? { effective: true } : {}) }));
    const text = members.items.length === 0 ? 'No members.' : membersTable(members.items, io.columns) + moreLine(members, options.limit);
    return { exitCode: exitCodes.ok, data: members, text };
  },
});
