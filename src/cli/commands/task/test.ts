import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { followRun } from '../../follow-run.ts';
import { nameArgument, withRecord } from '../../named-records.ts';
import { stepsExitCode, stepsResultText } from '../../output/run-text.ts';
import { taskTestText } from '../../output/task-text.ts';
import { stillRunning } from '../../still-running.ts';
import { taskWords } from './task-words.ts';

export const taskTest = defineCommand({
  path: ['task', 'test'],
  summary: 'Try a task before anybody relies on it',
  description:
    'Says whose mailboxes its group means and who is left out, what its definition asks for and the connection cannot do, and tests the connection with the first of these mailboxes (its steps: lockstep connection test --help). Nothing is changed. Exit code 0 when no step failed, 1 when one did.',
  examples: [{ line: 'lockstep task test sales', what: 'Before its first run' }],
  arguments: nameArgument('task'),
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const test = await withRecord(taskWords, api, given.name, () => api.testTask(given.name));
    const run = await followRun(api, test.run, io);
    if (run === undefined) return stillRunning(test.run);
    return { exitCode: stepsExitCode(run), data: { ...test, run }, text: `${taskTestText(test, io.columns)}\n\n${stepsResultText(run, io.now())}` };
  },
});
