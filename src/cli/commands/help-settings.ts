import { settingsData, settingsMarkdown, settingsText } from '../../runtime/settings-text.ts';
import { defineCommand, flag } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const helpSettingsCommand = defineCommand({
  path: ['help', 'settings'],
  summary: 'Every setting: what it is, its default and what it takes',
  examples: [{ what: 'All settings', line: 'lockstep help settings' }],
  options: { markdown: flag('as docs/settings.md') },
  async run({ options }) {
    return { exitCode: exitCodes.ok, text: options.markdown ? settingsMarkdown() : settingsText(), data: settingsData() };
  },
});
