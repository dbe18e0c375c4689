import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { givenSource, sourceOptions } from '../../mailbox-group-source.ts';
import { mailboxGroupText } from '../../output/task-text.ts';

export const mailboxGroupAdd = defineCommand({
  path: ['mailbox-group', 'add'],
  summary: 'Say which mailboxes, for any number of tasks',
  description: 'A group of the directory is the same one whatever it is called later, and who is in it is found anew at each run.',
  examples: [
    { line: 'lockstep mailbox-group add sales --group sales@corp.example', what: 'Everybody in a group of the directory' },
    { line: 'lockstep mailbox-group add pilot --mailbox ada@corp.example --mailbox grace@corp.example', what: 'Single mailboxes' },
    { line: 'lockstep mailbox-group add list --mailbox-file addresses.txt', what: 'A list' },
  ],
  arguments: { name: { description: 'short name: lower-case letters, digits and dashes' } },
  options: { ...sourceOptions, description: text('text', 'shown in lists'), ...apiOptions },
  async run({ options, arguments: given }, io) {
    const source = await givenSource(options);
    if (source === undefined) throw new UsageError('Say which mailboxes: --group, --mailbox or --mailbox-file.');
    const api = await connectOrganisation(options, io);
    const group = await api.mailboxGroups.add({
      name: given.name,
      source,
      ...(options.description === undefined ? {} : { description: options.description }),
    });
    return {
      exitCode: exitCodes.ok,
      data: group,
      text: `${mailboxGroupText(group)}\n\n${group.name} is added. Whose mailboxes that is now: lockstep mailbox-group mailboxes ${group.name}`,
    };
  },
});
