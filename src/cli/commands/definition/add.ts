import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text } from '../../command.ts';
import { definitionOptions, withDefinitionSettings } from '../../definition-settings.ts';
import { exitCodes } from '../../exit-codes.ts';
import { definitionText } from '../../output/task-text.ts';

export const definitionAdd = defineCommand({
  path: ['definition', 'add'],
  summary: 'Add settings of folder replication, for any number of tasks',
  description:
    'Without options everything is replicated, with content. Items marked personal or private are the organisation\'s decision and not a definition\'s. --rule may be given several times.',
  examples: [
    { line: 'lockstep definition add everything', what: 'All folders, with content' },
    { line: 'lockstep definition add lean --content no --exclude deleted-items', what: 'Metadata only, without Deleted Items' },
    { line: 'lockstep definition add recent --rule "exclude older=3650" --rule "exclude path=Projects/Old*"', what: 'Without what is old' },
  ],
  arguments: { name: { description: 'short name: lower-case letters, digits and dashes' } },
  options: { ...definitionOptions, description: text('text', 'shown in lists'), ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const everything = { withContent: true, exclude: { inbox: false, sentItems: false, deletedItems: false }, rules: [] };
    const definition = await api.definitions.add({
      name: given.name,
      feature: 'folder-replication',
      settings: withDefinitionSettings(everything, options),
      ...(options.description === undefined ? {} : { description: options.description }),
    });
    return { exitCode: exitCodes.ok, data: definition, text: `${definitionText(definition)}\n\n${definition.name} is added.` };
  },
});
