import { mailboxStates } from '../../../shared/tasks.ts';
import type { ApiClient } from '../../api-client.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { type CommandIo, type CommandResult, defineCommand, text, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { folderReference } from '../../folder-reference.ts';
import { listOptions, moreLine } from '../../list-options.ts';
import { itemsTable, viewLine } from '../../output/folder-text.ts';
import { mailboxesTable } from '../../output/mailbox-text.ts';
import { firstItems } from '../../paging.ts';
import { viewOf, viewOptions } from '../../view-options.ts';
import { mailboxArgument, withMailbox } from './the-mailbox.ts';

export const mailboxList = defineCommand({
  path: ['mailbox', 'list'],
  summary: 'List the mailboxes, or the items of a folder of one',
  description:
    'Without a mailbox: every mailbox that a task ever had in its group, with its state. With one: the items of a folder, newest first; of the Inbox unless another is named. --search and --state are for mailboxes, --full and --at for items. What is in mailboxes is for tokens with scope admin.',
  examples: [
    { line: 'lockstep mailbox list', what: 'All mailboxes and how they fare' },
    { line: 'lockstep mailbox list --state attention', what: 'Those that need somebody' },
    { line: 'lockstep mailbox list ada@corp.example', what: 'What is in the Inbox' },
    { line: 'lockstep mailbox list ada@corp.example "Inbox/Projects" --at 2026-11-01', what: 'What was in a folder that day' },
    { line: 'lockstep mailbox list ada@corp.example deleteditems --full', what: 'All that ever was in Deleted Items, in a mailbox of any language' },
  ],
  arguments: {
    mailbox: { ...mailboxArgument.mailbox, optional: true },
    folder: { description: 'its path, its id, or inbox, sentitems, deleteditems, … (lockstep mailbox tree)', optional: true },
  },
  options: {
    search: text('text', 'mailboxes: beginning of the primary address'),
    state: text('state', 'mailboxes: in this state in some task', { choices: mailboxStates }),
    ...viewOptions,
    ...listOptions,
    ...apiOptions,
  },
  async run({ options, arguments: { mailbox, folder } }, io) {
    const { search, state, full, at, limit } = options;
    if (mailbox === undefined) {
      if (full || at !== undefined) throw new UsageError('--full and --at show what is in a mailbox: say in which.');
      return listMailboxes(await connectOrganisation(options, io), { search, state, limit }, io);
    }
    if (search !== undefined || state !== undefined) throw new UsageError('--search and --state find mailboxes: leave the mailbox out.');
    const view = viewOf({ full, at });
    const api = await connectOrganisation(options, io);
    const tree = await withMailbox(api, mailbox, () => api.folderTree(mailbox, view));
    const { id } = folderReference(tree.folders, folder ?? 'inbox');
    let shown = tree.at;
    const page = await firstItems(limit, async (query) => {
      const items = await api.items(mailbox, id, { ...query, ...view });
      shown = items.at;
      return items;
    });
    const list = page.items.length === 0 ? 'No items.' : itemsTable(page.items, io.columns) + moreLine(page, limit);
    return { exitCode: exitCodes.ok, data: { at: shown, ...page }, text: `${viewLine(shown)}\n\n${list}` };
  },
});

interface Wanted {
  readonly search: string | undefined;
  readonly state: string | undefined;
  readonly limit: number;
}

async function listMailboxes(api: ApiClient, { search, state, limit }: Wanted, io: CommandIo): Promise<CommandResult> {
  const page = await firstItems(limit, (query) => api.mailboxes({ ...query, search, state }));
  const none = search === undefined && state === undefined ? 'No mailboxes yet. They come with the first run of a task: lockstep task list' : 'No such mailboxes.';
  return { exitCode: exitCodes.ok, data: page, text: page.items.length === 0 ? none : mailboxesTable(page.items, io) + moreLine(page, limit) };
}
