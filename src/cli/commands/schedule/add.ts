import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, number, text, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { scheduleDetails } from '../../output/task-text.ts';
import { checkTimeZone, ownTimeZone, parseSchedule, SCHEDULE_FORMS } from '../../schedule-text.ts';

export const scheduleAdd = defineCommand({
  path: ['schedule', 'add'],
  summary: 'Add a schedule, for any number of tasks',
  examples: [
    { line: 'lockstep schedule add nightly --when "daily 22:00"', what: 'Each night' },
    { line: 'lockstep schedule add office --when "every 30 min 07:00-19:00" --time-zone Europe/London', what: 'During the day, in London' },
  ],
  arguments: { name: { description: 'short name: lower-case letters, digits and dashes' } },
  options: {
    when: text('when', SCHEDULE_FORMS.replace(' or "none"', ''), { required: true }),
    timeZone: text('zone', "zone of its local times (default: this computer's)"),
    jitterSeconds: number('seconds', 'start up to so much later, by chance', { minimum: 0, maximum: 3600, default: 60 }),
    description: text('text', 'shown in lists'),
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const parsed = parseSchedule(options.when, options.timeZone === undefined ? ownTimeZone() : checkTimeZone(options.timeZone));
    if (parsed === null) throw new UsageError('A schedule says when. A task without one runs when somebody asks.');
    const api = await connectOrganisation(options, io);
    const schedule = await api.schedules.add({
      name: given.name,
      schedule: parsed,
      jitterSeconds: options.jitterSeconds,
      ...(options.description === undefined ? {} : { description: options.description }),
    });
    return { exitCode: exitCodes.ok, data: schedule, text: `${scheduleDetails(schedule)}\n\n${schedule.name} is added.` };
  },
});
