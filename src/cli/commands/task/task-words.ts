import type { Task } from '../../../api/schemas/tasks.ts';
import { recordCommands, type RecordWords } from '../../named-records.ts';
import { tasksTable, taskText } from '../../output/task-text.ts';

export const taskWords: RecordWords<Task> = {
  noun: 'task',
  words: 'task',
  many: 'tasks',
  records: (api) => api.tasks,
  removal: 'With its runs; refused while one is open. Mailboxes and what was read of them stay, for another task to go on with.',
  table: tasksTable,
  text: taskText,
};
export const { list: taskList, show: taskShow, remove: taskRemove } = recordCommands(taskWords);
