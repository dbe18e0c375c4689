import type { TaskScheduleChange } from '../../../api/schemas/tasks.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, number, text, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { nameArgument, withRecord } from '../../named-records.ts';
import { scheduleDetails } from '../../output/task-text.ts';
import { checkTimeZone, parseSchedule, SCHEDULE_FORMS, scheduleText } from '../../schedule-text.ts';
import { scheduleWords } from './schedule-words.ts';

export const scheduleChange = defineCommand({
  path: ['schedule', 'change'],
  summary: 'Change a schedule, for all tasks that use it',
  examples: [{ line: 'lockstep schedule change nightly --when "daily 23:30"', what: 'Later' }],
  arguments: nameArgument('schedule'),
  options: {
    when: text('when', SCHEDULE_FORMS.replace(' or "none"', '')),
    timeZone: text('zone', 'zone of its local times (default: the one it has)'),
    jitterSeconds: number('seconds', 'start up to so much later, by chance', { minimum: 0, maximum: 3600 }),
    description: text('text', 'shown in lists'),
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const before = await withRecord(scheduleWords, api, given.name, () => api.schedules.find(given.name));
    const change: TaskScheduleChange = {
      ...(options.jitterSeconds === undefined ? {} : { jitterSeconds: options.jitterSeconds }),
      ...(options.description === undefined ? {} : { description: options.description }),
    };
    if (options.when !== undefined || options.timeZone !== undefined) {
      const timeZone = options.timeZone === undefined ? before.schedule.timeZone : checkTimeZone(options.timeZone);
      const parsed = parseSchedule(options.when ?? scheduleText(before.schedule), timeZone);
      if (parsed === null) throw new UsageError('A schedule says when. Take it from a task instead: lockstep task change NAME --schedule none.');
      change.schedule = parsed;
    }
    if (Object.keys(change).length === 0) throw new UsageError('Nothing to change: give an option.');
    const schedule = await api.schedules.change(given.name, change);
    return { exitCode: exitCodes.ok, data: schedule, text: `${scheduleDetails(schedule)}\n\nChanged.` };
  },
});
