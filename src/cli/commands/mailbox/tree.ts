import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { treeTable, viewLine } from '../../output/folder-text.ts';
import { viewOf, viewOptions } from '../../view-options.ts';
import { mailboxArgument, withMailbox } from './the-mailbox.ts';

export const mailboxTree = defineCommand({
  path: ['mailbox', 'tree'],
  summary: 'Show the folders of a mailbox, with the number of their items',
  description:
    'As they are, as they were at a moment, or with --full all that ever were, with those that are gone. Changes of one pass over the mailbox take effect together, so the answer says which pass it shows. LEFT OUT counts items of which only the ids are kept. Needs a token with scope admin.',
  examples: [
    { line: 'lockstep mailbox tree ada@corp.example', what: 'The folders as they are' },
    { line: 'lockstep mailbox tree ada@corp.example --at "2026-11-01 18:00"', what: 'As they were that evening' },
  ],
  arguments: mailboxArgument,
  options: { ...viewOptions, ...apiOptions },
  async run({ options, arguments: { mailbox } }, io) {
    const view = viewOf(options);
    const api = await connectOrganisation(options, io);
    const tree = await withMailbox(api, mailbox, () => api.folderTree(mailbox, view));
    const list = tree.folders.length === 0 ? 'No folders.' : treeTable(tree.folders, io.columns);
    return { exitCode: exitCodes.ok, data: tree, text: `${viewLine(tree.at)}\n\n${list}` };
  },
});
