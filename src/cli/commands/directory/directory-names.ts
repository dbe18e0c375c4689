import type { ApiClient } from '../../api-client.ts';
import { withSuggestions } from '../../names.ts';
import { allItems } from '../../paging.ts';

/** Does `use` with a directory's name; an unknown name is answered with the similar ones. */
export const withDirectory = <T>(api: ApiClient, name: string, use: () => Promise<T>): Promise<T> =>
  withSuggestions(
    name,
    {
      names: async () => (await allItems(api.directories)).map((directory) => directory.name),
      listCommand: 'lockstep directory list',
    },
    use,
  );

export const directoryArgument = { name: { description: 'short name of the directory' } };
