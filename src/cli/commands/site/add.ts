import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { enrolmentText } from './code.ts';

export const siteAdd = defineCommand({
  path: ['site', 'add'],
  summary: 'Register a site and get its one-time code',
  description:
    'A site is an engine on the network of your directory; it only makes outbound connections. This registers it and prints the command that starts it there, with a code that is good once, for an hour.',
  examples: [
    { line: 'lockstep site add berlin', what: 'Register a site' },
    { line: 'lockstep site add berlin --description "Server room, rack 4"', what: 'With a description for the list' },
  ],
  arguments: { name: { description: 'short name: lower-case letters, digits and dashes' } },
  options: { description: text('text', 'shown in lists'), ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const site = await api.addSite({ name: given.name, ...(options.description === undefined ? {} : { description: options.description }) });
    const code = await api.addEnrolmentCode(site.name);
    return {
      exitCode: exitCodes.ok,
      data: { site, enrolmentCode: code },
      text: `Site ${site.name} is registered.\n${enrolmentText(api.url, code)}\nThen: lockstep site show ${site.name}`,
    };
  },
});
