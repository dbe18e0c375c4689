import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { givenSource, sourceOptions } from '../../mailbox-group-source.ts';
import { nameArgument, withRecord } from '../../named-records.ts';
import { mailboxGroupText } from '../../output/task-text.ts';
import { mailboxGroupWords } from './mailbox-group-words.ts';

export const mailboxGroupChange = defineCommand({
  path: ['mailbox-group', 'change'],
  summary: 'Change which mailboxes a mailbox group means',
  description: 'Mailboxes that are given replace all of them. The next run of each task takes it up.',
  examples: [{ line: 'lockstep mailbox-group change pilot --group pilot@corp.example', what: 'A group of the directory from now on' }],
  arguments: nameArgument('mailbox group'),
  options: { ...sourceOptions, description: text('text', 'shown in lists'), ...apiOptions },
  async run({ options, arguments: given }, io) {
    const source = await givenSource(options);
    if (source === undefined && options.description === undefined) throw new UsageError('Nothing to change: give an option.');
    const api = await connectOrganisation(options, io);
    const group = await withRecord(mailboxGroupWords, api, given.name, () =>
      api.mailboxGroups.change(given.name, {
        ...(source === undefined ? {} : { source }),
        ...(options.description === undefined ? {} : { description: options.description }),
      }),
    );
    return { exitCode: exitCodes.ok, data: group, text: `${mailboxGroupText(group)}\n\nChanged.` };
  },
});
