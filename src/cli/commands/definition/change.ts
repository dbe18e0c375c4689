import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text, UsageError } from '../../command.ts';
import { definitionOptions, withDefinitionSettings } from '../../definition-settings.ts';
import { exitCodes } from '../../exit-codes.ts';
import { nameArgument, withRecord } from '../../named-records.ts';
import { definitionText } from '../../output/task-text.ts';
import { definitionWords } from './definition-words.ts';

export const definitionChange = defineCommand({
  path: ['definition', 'change'],
  summary: 'Change a definition',
  description: 'What is not named stays; folders and rules that are given replace all of them ("none" removes all). The next run of each task takes it up.',
  examples: [{ line: 'lockstep definition change lean --content yes', what: 'Keep content from now on' }],
  arguments: nameArgument('definition'),
  options: { ...definitionOptions, description: text('text', 'shown in lists'), ...apiOptions },
  async run({ options, arguments: given }, io) {
    const { content, exclude, rule, description } = options;
    if (content === undefined && exclude.length === 0 && rule.length === 0 && description === undefined) throw new UsageError('Nothing to change: give an option.');
    const api = await connectOrganisation(options, io);
    const before = await withRecord(definitionWords, api, given.name, () => api.definitions.find(given.name));
    const definition = await api.definitions.change(given.name, {
      settings: withDefinitionSettings(before.settings, options),
      ...(description === undefined ? {} : { description }),
    });
    return { exitCode: exitCodes.ok, data: definition, text: `${definitionText(definition)}\n\nChanged.` };
  },
});
