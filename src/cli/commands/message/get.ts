import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, number, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { writeOutputFile } from '../../output-file.ts';
import { byteSize } from '../../output/numbers.ts';
import { viewOf, viewOptions } from '../../view-options.ts';
import { mailboxArgument, withMailbox } from '../mailbox/the-mailbox.ts';

export const messageGet = defineCommand({
  path: ['message', 'get'],
  summary: 'Save a message as an .eml file, or a part of it',
  description: 'The exact bytes that were first read. With --at as it was then. A file that is there is never overwritten. Needs a token with scope admin.',
  examples: [
    { line: 'lockstep message get ada@corp.example 48213', what: 'As 48213.eml in this folder' },
    { line: 'lockstep message get ada@corp.example 48213 --part 2 --out offer.pdf', what: 'The second part, decoded (parts: lockstep message parts)' },
  ],
  arguments: { ...mailboxArgument, id: { description: 'id of the item (lockstep mailbox list MAILBOX)' } },
  options: {
    out: text('file', 'where to (default: ID.eml, or ID-PART.bin, in this folder)'),
    part: number('number', 'only this part, decoded', { minimum: 1 }),
    ...viewOptions,
    ...apiOptions,
  },
  async run({ options, arguments: { mailbox, id } }, io) {
    const view = viewOf(options);
    const { part, out = part === undefined ? `${id}.eml` : `${id}-${part}.bin` } = options;
    const api = await connectOrganisation(options, io);
    const { id: key } = await withMailbox(api, mailbox, () => api.mailbox(mailbox));
    const bytes = await writeOutputFile(out, api.messageBytes(key, id, part, view));
    return { exitCode: exitCodes.ok, data: { file: out, bytes }, text: `${out}: ${byteSize(bytes)}` };
  },
});
