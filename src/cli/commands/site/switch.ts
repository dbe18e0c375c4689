import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { siteArgument, withSite } from './site-names.ts';

export const siteDisable = defineCommand({
  path: ['site', 'disable'],
  summary: 'Refuse a site from now on',
  description: 'For a site whose computer was lost or is suspected: its tokens stop working and it gets no more work. Runs that need it wait. It can be enabled again.',
  examples: [{ line: 'lockstep site disable berlin', what: 'Refuse everything that comes from the site' }],
  arguments: siteArgument,
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const site = await withSite(api, given.name, () => api.changeSite(given.name, { disabled: true }));
    return { exitCode: exitCodes.ok, data: site, text: `Site ${site.name} is disabled. Let it work again: lockstep site enable ${site.name}` };
  },
});

export const siteEnable = defineCommand({
  path: ['site', 'enable'],
  summary: 'Let a disabled site work again',
  description: 'The site goes on with the keys it has. When these may be known to others, enrol it anew instead: lockstep site code.',
  examples: [{ line: 'lockstep site enable berlin', what: 'Accept the site again' }],
  arguments: siteArgument,
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const site = await withSite(api, given.name, () => api.changeSite(given.name, { disabled: false }));
    return { exitCode: exitCodes.ok, data: site, text: `Site ${site.name} is enabled; it is ${site.state}.` };
  },
});
