import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, flag, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { listOptions, moreLine } from '../../list-options.ts';
import { momentOf, momentOptions } from '../../moment.ts';
import { historyTable } from '../../output/history-text.ts';
import { personText } from '../../output/person-text.ts';
import { firstItems } from '../../paging.ts';
import { withSuggestions } from '../../names.ts';

export const personShow = defineCommand({
  path: ['person', 'show'],
  summary: 'Show a person: addresses, groups, attributes and where they come from',
  examples: [
    { line: 'lockstep person show anna.jansen@corp.example', what: 'By any of their addresses' },
    { line: 'lockstep person show 1042 --json', what: 'By id, for a program' },
    { line: 'lockstep person show anna.jansen@corp.example --history', what: 'What changed, when, and by which run' },
    { line: 'lockstep person show anna.jansen@corp.example --at 2026-11-01', what: 'As it was that day; by an address of then' },
  ],
  arguments: { person: { description: 'an address or the id' } },
  options: { history: flag('what happened, newest first'), ...momentOptions, ...listOptions, ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const search = given.person.replace(/@.*/, '');
    const known = {
      names: async () => (await api.people({ search: search.slice(0, 4), limit: 50 })).items.flatMap((person) => person.primaryAddress ?? []),
      listCommand: `lockstep person list --search ${search}`,
    };
    const at = momentOf(options.at);
    if (options.history && at !== undefined) throw new UsageError('--history tells all that happened: leave --at out.');
    const person = await withSuggestions(given.person, known, () => api.person(given.person, { at }));
    if (options.history) {
      const history = await firstItems(options.limit, (query) => api.personHistory(person.id, query));
      return { exitCode: exitCodes.ok, data: history, text: historyTable(history.items, io.columns) + moreLine(history, options.limit) };
    }
    return { exitCode: exitCodes.ok, data: person, text: personText(person) };
  },
});
