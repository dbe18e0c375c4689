import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { nameArgument, withRecord } from '../../named-records.ts';
import { localTime } from '../../output/times.ts';
import { taskWords } from './task-words.ts';

export const taskPause = defineCommand({
  path: ['task', 'pause'],
  summary: 'Stop the schedule of a task',
  description: 'No scheduled run starts until it is resumed. A run that is open goes on.',
  examples: [{ line: 'lockstep task pause sales', what: 'During work on the Exchange server' }],
  arguments: nameArgument('task'),
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const task = await withRecord(taskWords, api, given.name, () => api.switchTask(given.name, 'pause'));
    return { exitCode: exitCodes.ok, data: task, text: `${task.name} is paused. Go on: lockstep task resume ${task.name}` };
  },
});

export const taskResume = defineCommand({
  path: ['task', 'resume'],
  summary: 'Let the schedule of a paused task go on',
  examples: [{ line: 'lockstep task resume sales', what: 'After the work is done' }],
  arguments: nameArgument('task'),
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const task = await withRecord(taskWords, api, given.name, () => api.switchTask(given.name, 'resume'));
    const [next] = task.nextRuns;
    return { exitCode: exitCodes.ok, data: task, text: `${task.name} is active. ${next === undefined ? 'It has no next run by schedule.' : `Next run: ${localTime(next)}.`}` };
  },
});
