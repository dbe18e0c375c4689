/** When tasks run, for any number of them. */
import { scheduleId, type ScheduleId } from '../shared/ids.ts';
import type { Schedule } from '../shared/schedule-types.ts';
import { scheduleIssues } from './schedule-rules.ts';
import { type TaskPart, taskParts } from './task-parts.ts';

interface Columns {
  readonly schedule: Schedule;
  readonly jitter_seconds: number;
}
export type TaskScheduleView = TaskPart<ScheduleId, Columns>;

export const taskSchedules = taskParts<ScheduleId, Columns>({
  table: 'task_schedule',
  codePrefix: 'schedule',
  words: 'schedule',
  columns: { schedule: 'json', jitter_seconds: 'plain' },
  usedBy: 'schedule_id',
  idOf: scheduleId,
  issues: ({ schedule }) => (schedule === undefined ? [] : scheduleIssues(schedule)),
});
