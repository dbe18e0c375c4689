import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { taskText } from '../../output/task-text.ts';
import { theSite } from '../../the-site.ts';

export const taskAdd = defineCommand({
  path: ['task', 'add'],
  summary: 'Add a task: what is done with which mailboxes, when, and by which site',
  description: 'Its definition, mailbox group and schedule are made before, and may be shared with other tasks. Without a schedule it runs when somebody asks.',
  examples: [{ line: 'lockstep task add sales --definition everything --group sales --schedule nightly', what: 'Replicate the mailboxes of a group each night' }],
  arguments: { name: { description: 'short name: lower-case letters, digits and dashes' } },
  options: {
    definition: text('name', 'settings of what is done (lockstep definition list)', { required: true }),
    group: text('name', 'mailbox group (lockstep mailbox-group list)', { required: true }),
    schedule: text('name', 'when it runs (lockstep schedule list)'),
    site: text('name', 'site that does it (default: the only one)'),
    description: text('text', 'shown in lists'),
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const { definition, group, schedule, description } = options;
    const api = await connectOrganisation(options, io);
    const task = await api.tasks.add({
      name: given.name,
      site: await theSite(api, options.site),
      definition,
      group,
      ...(schedule === undefined ? {} : { schedule }),
      ...(description === undefined ? {} : { description }),
    });
    return { exitCode: exitCodes.ok, data: task, text: `${taskText(task)}\n\n${task.name} is added.` };
  },
});
