import type { TaskSchedule } from '../../../api/schemas/tasks.ts';
import { recordCommands, type RecordWords } from '../../named-records.ts';
import { scheduleDetails, schedulesTable } from '../../output/task-text.ts';

export const scheduleWords: RecordWords<TaskSchedule> = {
  noun: 'schedule',
  words: 'schedule',
  many: 'schedules of tasks',
  records: (api) => api.schedules,
  removal: 'Refused while tasks use it; they are named.',
  table: schedulesTable,
  text: scheduleDetails,
};
export const { list: scheduleList, show: scheduleShow, remove: scheduleRemove } = recordCommands(scheduleWords);
