import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { listOptions, moreLine } from '../../list-options.ts';
import { momentOf, momentOptions } from '../../moment.ts';
import { peopleTable } from '../../output/person-text.ts';
import { firstItems } from '../../paging.ts';

export const personList = defineCommand({
  path: ['person', 'list'],
  summary: 'List or search people',
  description: 'People are users, contacts, mail users, rooms, equipment, shared mailboxes and public folders with an address. Disabled and missing ones are listed too, with their state.',
  examples: [
    { line: 'lockstep person list --search jansen', what: 'Find people by the beginning of first name, last name or address' },
    { line: "lockstep person list --limit 100000 --json | jq -r '.items[].primaryAddress'", what: 'Every primary address, for a program' },
  ],
  options: { search: text('text', 'beginning of a name, of a word in it, or of an address'), ...momentOptions, ...listOptions, ...apiOptions },
  async run({ options }, io) {
    const api = await connectOrganisation(options, io);
    const at = momentOf(options.at);
    const page = await firstItems(options.limit, (query) => api.people({ ...query, search: options.search, at }));
    const none =
      options.search === undefined
        ? 'Nobody yet. People come with a directory: lockstep directory list'
        : `Nobody has a name, a word in it, or an address that begins with "${options.search}".`;
    return { exitCode: exitCodes.ok, data: page, text: page.items.length === 0 ? none : peopleTable(page.items, io.columns) + moreLine(page, options.limit) };
  },
});
