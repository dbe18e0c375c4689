import type { PlanEntry, Run } from '../../../api/schemas/directories.ts';
import { type PlanAction, planActions } from '../../../shared/directory-plan.ts';
import type { ApiClient, Page } from '../../api-client.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, flag, list, text, UsageError } from '../../command.ts';
import { type GivenSettings, readingOptions, noOtherOptions, type Settings, unsettableNames, withGivenSettings, withoutSettings } from '../../directory-settings.ts';
import { followRun, isOpenRun } from '../../follow-run.ts';
import { listOptions, moreLine } from '../../list-options.ts';
import { planCountsText, planText, settingsChangesText } from '../../output/plan-text.ts';
import { runExitCode, runResultText } from '../../output/run-text.ts';
import { firstItems } from '../../paging.ts';
import { findRun } from '../../run-reference.ts';
import { stillRunning } from '../../still-running.ts';
import { directoryArgument, withDirectory } from './directory-names.ts';

export const directoryPlan = defineCommand({
  path: ['directory', 'plan'],
  summary: 'Show what a synchronisation would do, and change nothing',
  description:
    'Reads the directory like a synchronisation and tells exactly what one would do: who would be held back by a limit, conflict over an address, be removed, disabled, linked to another object as one person, added, or changed (each attribute before → after; who joins and leaves a group). With the options of lockstep directory change it tells what a synchronisation would do with these settings, and saves nothing; with --stored it tells it from what was read before, without asking the directory. The newest three plans of a directory are kept: see one again with --run. With --json: {run, entries}, both as the API gives them; the counts are in run.plan.counts. Exit codes are those of lockstep directory sync.',
  examples: [
    { line: 'lockstep directory plan hq', what: 'Before the first synchronisation' },
    { line: "lockstep directory plan hq --filter '(department=Sales)' --stored", what: 'What another filter would do, in seconds' },
    { line: 'lockstep directory plan hq --run last --action removed --limit 5000', what: 'Everybody whom the last plan would remove' },
    { line: "lockstep directory plan hq --json | jq '.run.plan.counts'", what: 'Only the counts, for a program' },
  ],
  arguments: directoryArgument,
  options: {
    action: text('action', 'only entries of this kind', { choices: planActions }),
    stored: flag('from what was read before; the directory is not asked'),
    run: text('run', 'show this plan again (its number, its id, or "last") instead of making one'),
    ...readingOptions,
    unset: list('setting', `plan with the default of: ${unsettableNames.join(', ')}`),
    ...listOptions,
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const saved = (await withDirectory(api, given.name, () => api.directory(given.name))).settings;
    const settings = await plannedSettings(saved, { ...noOtherOptions, ...options }, options.unset);
    if (options.run !== undefined && (settings !== undefined || options.stored)) throw new UsageError('--run shows a plan that was made; it takes no settings and no --stored.');
    const started =
      options.run === undefined
        ? await api.startPlan(given.name, { ...(settings === undefined ? {} : { settings }), ...(options.stored ? { fromStored: true } : {}) })
        : await planToShow(api, given.name, options.run);
    const run = isOpenRun(started) || !('plan' in started) ? await followRun(api, started, io) : started;
    if (run === undefined) return stillRunning(started);
    const exitCode = runExitCode(run.state);
    if (!hasPlan(run)) return { exitCode, data: { run, entries: { items: [], next: null } }, text: runResultText(run, io.now()) };
    const entries = await firstItems(options.limit, (query) => api.planEntries(run.id, { ...query, action: options.action }));
    return { exitCode, data: { run, entries }, text: planAnswerText(run, entries, { saved, ...options, width: io.columns, now: io.now() }) };
  },
});

/** Undefined: as they are saved. */
async function plannedSettings(saved: Settings, given: GivenSettings, unset: readonly string[]): Promise<Settings | undefined> {
  const settings = withoutSettings(await withGivenSettings(saved, given), unset);
  return JSON.stringify(settings) === JSON.stringify(saved) ? undefined : settings;
}

/** @throws UsageError, ApiProblem when there is no such plan of the directory */
async function planToShow(api: ApiClient, directory: string, reference: string): Promise<Run> {
  const [last] = reference === 'last' ? (await api.runs({ integration: directory, kind: 'directory-plan', limit: 1 })).items : [];
  const run = await findRun(api, last?.id ?? reference);
  if (run.kind !== 'directory-plan' || run.integration !== directory) throw new UsageError(`Run #${run.number} is no plan of ${directory}. See: lockstep runs list --kind plan.`);
  return run;
}

/** The entries of a run that broke off are no plan. */
const hasPlan = (run: Run): boolean => run.state === 'succeeded' || run.state === 'partial';

interface Shown {
  readonly saved: Settings;
  readonly action: PlanAction | undefined;
  readonly limit: number;
  readonly width: number;
  readonly now: Date;
}

function planAnswerText(run: Run, entries: Page<PlanEntry>, { saved, action, limit, width, now }: Shown): string {
  const counts = run.plan?.counts ?? {};
  const settings = run.plan?.settings ?? undefined;
  const parts = [
    ...(settings === undefined ? [] : [settingsChangesText(saved, settings)]),
    Object.keys(counts).length === 0 ? 'Nothing would change.' : planCountsText(counts),
    ...(entries.items.length === 0 ? (action === undefined ? [] : [`Nothing of this kind: ${action}.`]) : [`${planText(entries.items, width)}${moreLine(entries, limit)}`]),
    runResultText(run, now),
  ];
  const next = settings === undefined ? `Do it: lockstep directory sync ${run.integration}` : `Save the settings: lockstep directory change ${run.integration} with the same options`;
  return `${parts.join('\n\n')}\nNothing was changed. ${next}`;
}
