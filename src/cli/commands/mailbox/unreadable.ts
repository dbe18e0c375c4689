import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, flag, number, text, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { moreLine } from '../../list-options.ts';
import { unreadableCsv, unreadableTable } from '../../output/unreadable-text.ts';
import { firstItems } from '../../paging.ts';
import { mailboxArgument, withMailbox } from './the-mailbox.ts';

/** Of a table; an export is whole. */
const TABLE_ITEMS = 200;

export const mailboxUnreadable = defineCommand({
  path: ['mailbox', 'unreadable'],
  summary: 'List or export items that could not be read',
  description:
    'Of all mailboxes, of one, or of those of a task. They do not stop a run: each is tried again by the first run after NEXT TRY, after a quarter of an hour, an hour, four hours, and so on up to a week. --csv and --json are whole unless --limit is given. Cells that a spreadsheet would take for a formula begin with an apostrophe in CSV. Needs a token with scope admin.',
  examples: [
    { line: 'lockstep mailbox unreadable', what: 'Those of the organisation' },
    { line: 'lockstep mailbox unreadable ada@corp.example', what: 'Those of one mailbox' },
    { line: 'lockstep mailbox unreadable --task sales --csv > unreadable.csv', what: 'Those of a task, for a spreadsheet' },
  ],
  arguments: { mailbox: { ...mailboxArgument.mailbox, optional: true } },
  options: {
    task: text('name', 'only of mailboxes of this task'),
    csv: flag('as a file of comma-separated values (RFC 4180), with a line of titles'),
    limit: number('count', `show at most so many (default: ${TABLE_ITEMS} in a table, all with --csv and --json)`, { minimum: 1 }),
    ...apiOptions,
  },
  async run({ options, arguments: { mailbox } }, io) {
    const { task, csv } = options;
    if (csv && io.json) throw new UsageError('Give one of --csv and --json.');
    if (mailbox !== undefined && task !== undefined) throw new UsageError('Give a mailbox or --task, not both.');
    const limit = options.limit ?? (csv || io.json ? Infinity : TABLE_ITEMS);
    const api = await connectOrganisation(options, io);
    const read = () => firstItems(limit, (query) => api.unreadableItems({ ...query, mailbox, task }));
    const page = mailbox === undefined ? await read() : await withMailbox(api, mailbox, read);
    if (csv) return { exitCode: exitCodes.ok, text: unreadableCsv(page.items) };
    const shown = page.items.length === 0 ? 'Every item could be read.' : unreadableTable(page.items, io) + moreLine(page, limit);
    return { exitCode: exitCodes.ok, data: page, text: shown };
  },
});
