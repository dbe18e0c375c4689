import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { messagePartsText } from '../../output/message-parts-text.ts';
import { viewOf, viewOptions } from '../../view-options.ts';
import { mailboxArgument, withMailbox } from '../mailbox/the-mailbox.ts';

export const messageParts = defineCommand({
  path: ['message', 'parts'],
  summary: 'Show what a message consists of: its texts and attachments',
  description: 'With --at as it was then. Needs a token with scope admin.',
  examples: [{ line: 'lockstep message parts ada@corp.example 48213', what: 'Save one: lockstep message get ada@corp.example 48213 --part 2' }],
  arguments: { ...mailboxArgument, id: { description: 'id of the item (lockstep mailbox list MAILBOX)' } },
  options: { ...viewOptions, ...apiOptions },
  async run({ options, arguments: { mailbox, id } }, io) {
    const view = viewOf(options);
    const api = await connectOrganisation(options, io);
    const { id: key } = await withMailbox(api, mailbox, () => api.mailbox(mailbox));
    const content = await api.messageContent(key, id, view);
    return { exitCode: exitCodes.ok, data: content, text: messagePartsText(content, io.columns) };
  },
});
