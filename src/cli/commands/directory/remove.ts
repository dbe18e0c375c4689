import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { directoryArgument, withDirectory } from './directory-names.ts';

export const directoryRemove = defineCommand({
  path: ['directory', 'remove'],
  summary: 'Remove a directory that has given nothing yet',
  description: 'Refused as long as people or groups in the archive come from it: nothing is ever deleted by the way. Stop it with lockstep directory pause instead.',
  examples: [{ line: 'lockstep directory remove test', what: 'Undo an addition by mistake' }],
  arguments: directoryArgument,
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    await withDirectory(api, given.name, () => api.removeDirectory(given.name));
    return { exitCode: exitCodes.ok, data: { removed: given.name }, text: `${given.name} is removed.` };
  },
});
