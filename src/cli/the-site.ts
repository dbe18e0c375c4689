import type { ApiClient } from './api-client.ts';
import { UsageError } from './command.ts';
import { allItems } from './paging.ts';

/** The site that was given, else the only one. @throws UsageError when there is none, or more than one */
export async function theSite(api: ApiClient, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const sites = (await allItems(api.sites)).filter(({ state }) => state !== 'disabled').map(({ name }) => name);
  const [only, second] = sites;
  if (only === undefined) throw new UsageError('There is no site yet. Register one first: lockstep site add NAME.');
  if (second !== undefined) throw new UsageError(`--site is missing. The sites are ${sites.join(', ')}.`);
  return only;
}
