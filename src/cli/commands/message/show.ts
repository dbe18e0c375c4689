import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { messageText } from '../../output/message-text.ts';
import { viewOf, viewOptions } from '../../view-options.ts';
import { mailboxArgument, withMailbox } from '../mailbox/the-mailbox.ts';

export const messageShow = defineCommand({
  path: ['message', 'show'],
  summary: 'Show a message or another item, what it was and where it was',
  description: 'With --at as it was then. With --full also one that is gone, as it last was. Needs a token with scope admin.',
  examples: [
    { line: 'lockstep message show ada@corp.example 48213', what: 'By the id that lockstep mailbox list shows' },
    { line: 'lockstep message show ada@corp.example 48213 --full', what: 'Though it was deleted' },
  ],
  arguments: { ...mailboxArgument, id: { description: 'id of the item (lockstep mailbox list MAILBOX)' } },
  options: { ...viewOptions, ...apiOptions },
  async run({ options, arguments: { mailbox, id } }, io) {
    const view = viewOf(options);
    const api = await connectOrganisation(options, io);
    // Of the two the mailbox is looked for first, for what is said when there is none.
    const { id: key } = await withMailbox(api, mailbox, () => api.mailbox(mailbox));
    const message = await api.message(key, id, view);
    return { exitCode: exitCodes.ok, data: message, text: messageText(message) };
  },
});
