import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';

export const configExport = defineCommand({
  path: ['config', 'export'],
  summary: 'Print the configuration of the organisation as JSON',
  description: 'Sites and directories with their settings and schedules, in a stable order, to be kept in version control, compared, and put into another installation. It holds no password, key or token.',
  examples: [
    { line: 'lockstep config export > acme.json', what: 'Keep the configuration' },
    { line: 'lockstep config export | diff acme.json -', what: 'See what was changed since' },
  ],
  options: apiOptions,
  async run({ options }, io) {
    const api = await connectOrganisation(options, io);
    const configuration = await api.config();
    return { exitCode: exitCodes.ok, data: configuration, text: JSON.stringify(configuration, undefined, 2) };
  },
});
