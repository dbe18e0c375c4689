import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { siteText } from '../../output/site-text.ts';
import { siteArgument, withSite } from './site-names.ts';

export const siteShow = defineCommand({
  path: ['site', 'show'],
  summary: 'Show a site, its nodes and when they were last seen',
  examples: [
    { line: 'lockstep site show berlin', what: 'See the site and its nodes' },
    { line: 'lockstep site show berlin --json', what: 'The same for a program' },
  ],
  arguments: siteArgument,
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const site = await withSite(api, given.name, () => api.site(given.name));
    return { exitCode: exitCodes.ok, data: site, text: siteText(site, io.now(), io.columns) };
  },
});
