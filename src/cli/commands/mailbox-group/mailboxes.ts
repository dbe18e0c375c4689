import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { nameArgument, withRecord } from '../../named-records.ts';
import { resolvedText } from '../../output/task-text.ts';
import { mailboxGroupWords } from './mailbox-group-words.ts';

export const mailboxGroupMailboxes = defineCommand({
  path: ['mailbox-group', 'mailboxes'],
  summary: 'Show whose mailboxes a mailbox group means now',
  description: 'As a run that began now would take it, with those who are left out and why, and how old the directories are that say so.',
  examples: [
    { line: 'lockstep mailbox-group mailboxes sales', what: 'Before the first run of a task' },
    { line: "lockstep mailbox-group mailboxes sales --json | jq -r '.mailboxes[].address'", what: 'The addresses alone, for a program' },
  ],
  arguments: nameArgument('mailbox group'),
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const resolved = await withRecord(mailboxGroupWords, api, given.name, () => api.resolveMailboxGroup(given.name));
    return { exitCode: exitCodes.ok, data: resolved, text: resolvedText(resolved, io.columns) };
  },
});
