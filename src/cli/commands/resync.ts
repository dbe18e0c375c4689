import type { Run } from '../../api/schemas/directories.ts';
import { apiOptions, connectOrganisation } from '../api-connection.ts';
import { defineCommand, flag, text, UsageError } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { followRun } from '../follow-run.ts';
import { runExitCode, runResultText, startedText } from '../output/run-text.ts';
import { stillRunning } from '../still-running.ts';

export const resyncCommand = defineCommand({
  path: ['resync'],
  summary: 'Read all tasks, one task, one mailbox or one folder again',
  description:
    'Goes before what schedules began, and joins the same resync when it is open. By changes: everything is looked at, whatever the hints of folders say. With --full everything is read from the beginning; nothing vanishes from the archive while it runs, and what is gone from Exchange is found at its end.',
  examples: [
    { line: 'lockstep resync --mailbox ann@corp.example', what: 'One mailbox, what changed' },
    { line: 'lockstep resync --task sales --full', what: 'Everything of a task from the beginning' },
    { line: 'lockstep resync --mailbox ann@corp.example --folder 4711 --full', what: 'One folder; ids as lockstep mailbox tree shows them' },
  ],
  options: {
    task: text('name', 'only this task'),
    mailbox: text('address', 'only this mailbox'),
    folder: text('id', 'only this folder of the mailbox'),
    full: flag('from the beginning, not only what changed'),
    noWait: flag('return at once; see it later with lockstep runs show'),
    ...apiOptions,
  },
  async run({ options: { task, mailbox, folder, full, noWait, ...options } }, io) {
    if (task !== undefined && mailbox !== undefined) throw new UsageError('Name a task or a mailbox, not both.');
    if (folder !== undefined && mailbox === undefined) throw new UsageError('A folder needs --mailbox.');
    const api = await connectOrganisation(options, io);
    const { runs } = await api.resync({
      full,
      ...(task === undefined ? {} : { task }),
      ...(mailbox === undefined ? {} : { mailbox }),
      ...(folder === undefined ? {} : { folder }),
    });
    if (runs.length === 0) return { exitCode: exitCodes.ok, data: { runs }, text: 'There is no task yet. Add one: lockstep task add NAME' };
    if (noWait) {
      return {
        exitCode: exitCodes.ok,
        data: { runs },
        text: runs.map(startedText).join('\n'),
      };
    }
    const ended: Run[] = [];
    for (const started of runs) {
      const run = await followRun(api, started, io);
      if (run === undefined) return stillRunning(started);
      ended.push(run);
    }
    return {
      exitCode: ended.map(({ state }) => runExitCode(state)).find((code) => code !== exitCodes.ok) ?? exitCodes.ok,
      data: { runs: ended },
      text: ended.map((run) => runResultText(run, io.now())).join('\n'),
    };
  },
});
