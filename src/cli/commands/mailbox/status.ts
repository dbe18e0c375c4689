import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { mailboxText } from '../../output/mailbox-text.ts';
import { mailboxArgument, withMailbox } from './the-mailbox.ts';

export const mailboxStatus = defineCommand({
  path: ['mailbox', 'status'],
  summary: 'Show how a mailbox fares, of all tasks that have to do with it',
  description:
    'States: pending (not read yet), healthy, duplicate (another task does it), skipped and attention (with the reason and what to do). Says whether the first replication is complete, how far the archive is behind, and what of the mailbox could not be read.',
  examples: [
    { line: 'lockstep mailbox status ada@corp.example', what: 'By any address of its owner' },
    { line: "lockstep mailbox status ada@corp.example --json | jq '.features[].lagSeconds'", what: 'Seconds since it was read last, for a program' },
  ],
  arguments: mailboxArgument,
  options: apiOptions,
  async run({ options, arguments: { mailbox } }, io) {
    const api = await connectOrganisation(options, io);
    const found = await withMailbox(api, mailbox, () => api.mailbox(mailbox));
    return { exitCode: exitCodes.ok, data: found, text: mailboxText(found) };
  },
});
