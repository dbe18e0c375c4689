import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { listOptions, moreLine } from '../../list-options.ts';
import { nameArgument, withRecord } from '../../named-records.ts';
import { taskMailboxesTable, taskStatusText } from '../../output/task-status-text.ts';
import { firstItems } from '../../paging.ts';
import { taskWords } from './task-words.ts';

export const taskStatus = defineCommand({
  path: ['task', 'status'],
  summary: 'Show how a task fares: its mailboxes, how far it is behind, and which need somebody',
  description:
    'Counts its mailboxes by state, and lists those in attention or skipped, each with the reason and what to do. BEHIND is the time since the last success of the mailbox that was read longest ago. --json gives {status, attention, skipped}.',
  examples: [
    { line: 'lockstep task status sales', what: 'See what needs to be done' },
    { line: "lockstep task status sales --json | jq '.status.mailboxes'", what: 'Mailboxes by state, for a program' },
  ],
  arguments: nameArgument('task'),
  options: { ...listOptions, ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const status = await withRecord(taskWords, api, given.name, () => api.taskStatus(given.name));
    const inState = (state: string) => firstItems(options.limit, (query) => api.taskMailboxes(given.name, { ...query, state }));
    const [attention, skipped] = [await inState('attention'), await inState('skipped')];
    const lists = [attention, skipped].flatMap((page) => (page.items.length === 0 ? [] : [taskMailboxesTable(page.items, io.columns) + moreLine(page, options.limit)]));
    return { exitCode: exitCodes.ok, data: { status, attention, skipped }, text: [taskStatusText(status, io.now()), ...lists].join('\n\n') };
  },
});
