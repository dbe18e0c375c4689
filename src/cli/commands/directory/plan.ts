import type { PlanEntry, Run } from '../../../api/schemas/directories.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import type { Page } from '../../api-client.ts';
import { defineCommand, text } from '../../command.ts';
import { followRun } from '../../follow-run.ts';
import { listOptions, moreLine } from '../../list-options.ts';
import { planText } from '../../output/plan-text.ts';
import { runExitCode, runResultText } from '../../output/run-text.ts';
import { firstItems } from '../../paging.ts';
import { stillRunning } from '../../still-running.ts';
import { directoryArgument, withDirectory } from './directory-names.ts';

export const directoryPlan = defineCommand({
  path: ['directory', 'plan'],
  summary: 'Show what a synchronisation would change, and change nothing',
  description:
    'Reads the directory like a synchronisation and compares it with the archive: objects that would be added, changed (with each attribute before → after), marked missing, or found again. With --json: {run, entries}, both as the API gives them. Exit codes are those of lockstep directory sync.',
  examples: [
    { line: 'lockstep directory plan hq', what: 'Before the first synchronisation, or after a change of the filter' },
    { line: 'lockstep directory plan hq --action missing --limit 5000', what: 'Everybody who would be marked missing' },
    { line: "lockstep directory plan hq --json | jq '.run.totals'", what: 'Only the counts, for a program' },
  ],
  arguments: directoryArgument,
  options: {
    action: text('action', 'only entries of this kind', { choices: ['added', 'changed', 'missing', 'returned'] }),
    ...listOptions,
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const started = await withDirectory(api, given.name, () => api.startRun(given.name, 'plan'));
    const run = await followRun(api, started, io);
    if (run === undefined) return stillRunning(started);
    const exitCode = runExitCode(run.state);
    if (!hasPlan(run)) return { exitCode, data: { run, entries: { items: [], next: null } }, text: runResultText(run, io.now()) };
    const entries = await firstItems(options.limit, (query) => api.planEntries(run.id, { ...query, action: options.action }));
    return { exitCode, data: { run, entries }, text: planAnswerText(run, entries, options.limit, io.columns, io.now()) };
  },
});

/** The entries of a run that broke off are no plan. */
const hasPlan = (run: Run): boolean => run.state === 'succeeded' || run.state === 'partial';

function planAnswerText(run: Run, entries: Page<PlanEntry>, limit: number, width: number, now: Date): string {
  const result = runResultText(run, now);
  if (entries.items.length === 0) return `Nothing would change.\n\n${result}`;
  return `${planText(entries.items, width)}${moreLine(entries, limit)}\n\n${result}\nNothing was changed. Do it: lockstep directory sync ${run.integration}`;
}
