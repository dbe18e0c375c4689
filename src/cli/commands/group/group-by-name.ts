import type { Group } from '../../../api/schemas/people.ts';
import type { ApiClient } from '../../api-client.ts';
import { withSuggestions } from '../../names.ts';

/** The group that is called this, or was at a moment; of one that does not exist the near names are told. */
export const groupByName = (api: ApiClient, given: string, at?: string): Promise<Group> =>
  withSuggestions(
    given,
    {
      names: async () => (await api.groups({ search: given.slice(0, 4), limit: 50 })).items.flatMap((group) => [group.displayName, group.primaryAddress ?? []].flat()),
      listCommand: 'lockstep group list',
    },
    () => api.group(given, { at }),
  );
