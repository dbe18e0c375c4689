import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { sitesTable } from '../../output/site-text.ts';
import { allItems } from '../../paging.ts';

export const siteList = defineCommand({
  path: ['site', 'list'],
  summary: 'List the sites with their state',
  description: 'pending: never connected. online: seen within two minutes. offline: not seen since. disabled: refused by the platform.',
  examples: [
    { line: 'lockstep site list', what: 'See all sites' },
    { line: "lockstep site list --json | jq -r '.items[] | select(.state == \"offline\") | .name'", what: 'Names of those that are offline' },
  ],
  options: apiOptions,
  async run({ options }, io) {
    const api = await connectOrganisation(options, io);
    const items = await allItems(api.sites);
    return {
      exitCode: exitCodes.ok,
      data: { items, next: null },
      text: items.length === 0 ? 'No sites. Register one: lockstep site add NAME' : sitesTable(items, io.now(), io.columns),
    };
  },
});
