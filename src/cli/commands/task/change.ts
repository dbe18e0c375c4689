import type { TaskChange } from '../../../api/schemas/tasks.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { nameArgument, withRecord } from '../../named-records.ts';
import { taskText } from '../../output/task-text.ts';
import { taskWords } from './task-words.ts';

export const taskChange = defineCommand({
  path: ['task', 'change'],
  summary: 'Give a task another definition, mailbox group, schedule or site',
  description: 'What is not named stays. A run that is open ends as it began; the next one takes the change up. A task that moves to another site goes on where it was.',
  examples: [
    { line: 'lockstep task change sales --schedule office', what: 'Another schedule' },
    { line: 'lockstep task change sales --schedule none', what: 'Only when somebody asks' },
  ],
  arguments: nameArgument('task'),
  options: {
    definition: text('name', 'settings of what is done'),
    group: text('name', 'mailbox group'),
    schedule: text('name', 'when it runs; none: only when somebody asks'),
    site: text('name', 'site that does it'),
    description: text('text', 'shown in lists'),
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const { definition, group, schedule, site, description } = options;
    const change: TaskChange = {
      ...(definition === undefined ? {} : { definition }),
      ...(group === undefined ? {} : { group }),
      ...(schedule === undefined ? {} : { schedule: schedule === 'none' ? null : schedule }),
      ...(site === undefined ? {} : { site }),
      ...(description === undefined ? {} : { description }),
    };
    if (Object.keys(change).length === 0) throw new UsageError('Nothing to change: give an option.');
    const api = await connectOrganisation(options, io);
    const task = await withRecord(taskWords, api, given.name, () => api.tasks.change(given.name, change));
    return { exitCode: exitCodes.ok, data: task, text: `${taskText(task)}\n\nChanged.` };
  },
});
