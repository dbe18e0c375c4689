import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { personText } from '../../output/person-text.ts';
import { withSuggestions } from '../../names.ts';

export const personShow = defineCommand({
  path: ['person', 'show'],
  summary: 'Show a person: addresses, groups, attributes and where they come from',
  examples: [
    { line: 'lockstep person show anna.jansen@corp.example', what: 'By any of their addresses' },
    { line: 'lockstep person show 1042 --json', what: 'By id, for a program' },
  ],
  arguments: { person: { description: 'an address or the id' } },
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const search = given.person.replace(/@.*/, '');
    const known = {
      names: async () => (await api.people({ search: search.slice(0, 4), limit: 50 })).items.flatMap((person) => person.primaryAddress ?? []),
      listCommand: `lockstep person list --search ${search}`,
    };
    const person = await withSuggestions(given.person, known, () => api.person(given.person));
    return { exitCode: exitCodes.ok, data: person, text: personText(person) };
  },
});
