import type { ApiClient } from '../../api-client.ts';
import { withSuggestions } from '../../names.ts';
import { allItems } from '../../paging.ts';

/** Does `use` with a site's name; an unknown name is answered with the similar ones. */
export const withSite = <T>(api: ApiClient, name: string, use: () => Promise<T>): Promise<T> =>
  withSuggestions(
    name,
    { names: async () => (await allItems(api.sites)).map((site) => site.name), listCommand: 'lockstep site list' },
    use,
  );

export const siteArgument = { name: { description: 'short name of the site' } };
