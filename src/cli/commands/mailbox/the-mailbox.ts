import type { ApiClient } from '../../api-client.ts';
import { withSuggestions } from '../../names.ts';

export const mailboxArgument = { mailbox: { description: 'an address of its owner, or its id' } };

/** Does `use` with a mailbox; an unknown address is answered with the near ones. */
export function withMailbox<T>(api: ApiClient, given: string, use: () => Promise<T>): Promise<T> {
  const search = given.replace(/@.*/, '');
  return withSuggestions(
    given,
    {
      names: async () => (await api.mailboxes({ ...(search === '' ? {} : { search: search.slice(0, 3) }), limit: 100 })).items.map(({ address }) => address),
      listCommand: 'lockstep mailbox list',
    },
    use,
  );
}
