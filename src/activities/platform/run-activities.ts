import { heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type Database, type OrganisationTransaction, withOrganisation } from '../../archive/database.ts';
import { findEngineRun, locateRun } from '../../archive/engine-rows.ts';
import { countSkippedTick } from '../../archive/integrations.ts';
import { isObjectApplied } from '../../archive/directory-object-run.ts';
import { isDoubtful } from '../../archive/doubtful-readings.ts';
import { hasHeld, holdReading } from '../../archive/held-sets.ts';
import { isReadingComplete } from '../../archive/directory-reading.ts';
import { computePlan } from '../../archive/plan-rehearsal.ts';
import { ConflictError } from '../../archive/record-errors.ts';
import { beginRun, type DirectoryRunRow, findDirectoryRun, finishRun, requestRun, type RunRow } from '../../archive/runs.ts';
import { isParked } from '../../archive/run-tick.ts';
import { requestDueReading } from '../../archive/settings-change.ts';
import { saveRunError } from '../../archive/site-runs.ts';
import type { BegunRun, DirectoryRunInput } from '../../shared/directory-run.ts';
import { type ErrorClass, errorClasses, type ErrorReport, LockstepError } from '../../shared/errors.ts';
import type { RunId, SiteId } from '../../shared/ids.ts';
import { siteQueue } from '../../shared/names.ts';
import { isOpen, type DirectoryRunKind, type DirectoryRunTotals } from '../../shared/runs.ts';

export type BeginRunInput = DirectoryRunInput & { readonly kind: DirectoryRunKind; readonly workflowId: string };

export type FinishRunInput =
  | { readonly runId: RunId; readonly outcome: 'done' }
  | { readonly runId: RunId; readonly outcome: 'cancelled' }
  | { readonly runId: RunId; readonly outcome: 'failed'; readonly class: string; readonly code: string };

export interface FinishedRun {
  readonly outcome: 'succeeded' | 'partial' | 'held' | 'incomplete';
  readonly totals: Partial<DirectoryRunTotals>;
}

/** Beginning and end of every run. Each may be repeated: the row remembers. */
export interface RunActivities {
  /**
   * Makes the run's row running and says where the work goes; or skips a tick and says why.
   * @throws ApplicationFailure ConfigInvalid `run.unknown` when there is no such run (nothing is retried)
   */
  beginRun(input: BeginRunInput): Promise<BegunRun>;
  /**
   * Computes the plan of a run whose pages are all there, or that is made from what is stored; heartbeats with each page.
   * @throws ApplicationFailure of the class of what refused the reading; the sentence is in the run's row
   */
  computePlan(input: { readonly runId: RunId }): Promise<void>;
  /** Writes the end down. The first end counts. */
  finishRun(input: FinishRunInput): Promise<FinishedRun>;
}

export function createRunActivities({ database }: { readonly database: Database }): RunActivities {
  const located = async (run: RunId) => {
    const place = await locateRun(database, run);
    if (place === undefined) {
      throw ApplicationFailure.create({ type: 'ConfigInvalid' satisfies ErrorClass, message: 'run.unknown', nonRetryable: true });
    }
    return place;
  };
  const begun = async (tx: OrganisationTransaction, site: SiteId, run: RunId, kind: DirectoryRunKind): Promise<BegunRun> => {
    const row = await findEngineRun(tx, run);
    return {
      outcome: 'begun',
      runId: row.id,
      kind,
      siteQueue: siteQueue(site),
      organisation: row.organisation,
      integration: row.subject,
      site: row.site,
      ...(row.fromStored ? { fromStored: true } : {}),
    };
  };

  return {
    async beginRun(input) {
      if (input.trigger === 'manual') {
        const { organisationId, siteId } = await located(input.runId);
        return withOrganisation(database, organisationId, async (tx) => {
          await beginRun(tx, input.runId);
          return begun(tx, siteId, input.runId, input.kind);
        });
      }
      const tick = await withOrganisation(database, input.organisationId, (tx) => beginTick(tx, input));
      if (tick.outcome === 'skipped') return tick;
      const { siteId } = await located(tick.run.id);
      return withOrganisation(database, input.organisationId, (tx) => begun(tx, siteId, tick.run.id, input.kind));
    },

    async computePlan({ runId }) {
      const { organisationId } = await located(runId);
      try {
        await computePlan(database, organisationId, runId, () => heartbeat());
      } catch (error) {
        if (error instanceof ConflictError) throw ApplicationFailure.nonRetryable(error.code, 'ConfigInvalid' satisfies ErrorClass);
        if (!(error instanceof LockstepError)) throw error;
        await withOrganisation(database, organisationId, (tx) => saveRunError(tx, runId, error.report()));
        throw ApplicationFailure.create({ type: error.class, message: error.code });
      }
    },

    async finishRun(input) {
      const { organisationId } = await located(input.runId);
      const row = await withOrganisation(database, organisationId, (tx) => endRun(tx, input));
      return { outcome: outcomeOf(row), totals: row.totals };
    },
  };
}

function outcomeOf({ state }: RunRow): FinishedRun['outcome'] {
  if (state === 'failed') return 'incomplete';
  return state === 'partial' || state === 'held' ? state : 'succeeded';
}

type Tick = { readonly outcome: 'run'; readonly run: RunRow } | Extract<BegunRun, { outcome: 'skipped' }>;

async function beginTick(tx: OrganisationTransaction, input: Extract<BeginRunInput, { trigger: 'schedule' }>): Promise<Tick> {
  const integration = await tx
    .selectFrom('directory_integration')
    .select(['id', 'state'])
    .where('id', '=', input.integrationId)
    .executeTakeFirst();
  if (integration === undefined || integration.state === 'paused') return { outcome: 'skipped', reason: 'paused' };
  if (await isParked(tx, integration.id)) {
    await countSkippedTick(tx, integration.id);
    return { outcome: 'skipped', reason: 'credential-refused' };
  }
  const { run, joined } = await requestRun(tx, {
    integration: integration.id,
    kind: input.kind,
    trigger: 'schedule',
    workflowId: input.workflowId,
  });
  // The same workflow asking again (its answer was lost) joins its own run; any other run is in the way.
  if (joined && run.workflow_id !== input.workflowId) {
    await countSkippedTick(tx, integration.id);
    return { outcome: 'skipped', reason: 'already-running' };
  }
  return { outcome: 'run', run: await beginRun(tx, run.id) };
}

async function endRun(tx: OrganisationTransaction, input: FinishRunInput): Promise<RunRow> {
  switch (input.outcome) {
    case 'cancelled':
      return finishRun(tx, input.runId, { state: 'cancelled' });
    case 'failed':
      return endFailed(tx, input.runId, await reportOf(tx, input));
    case 'done': {
      const row = await findDirectoryRun(tx, input.runId);
      if (isOpen(row.state) && !(await isDone(tx, row))) return finishRun(tx, input.runId, { state: 'failed', error: incomplete });
      const isHeld = await hasHeld(tx, input.runId);
      const ended = await finishRun(tx, input.runId, { state: isHeld ? 'held' : (row.totals.problems ?? 0) > 0 ? 'partial' : 'succeeded' });
      // Settings may have been saved while it read. The sweeper starts what is asked for here.
      if (row.kind === 'directory-sync') await requestDueReading(tx, row.integration_id);
      return ended;
    }
  }
}

/** A reading that may say that the directory is gone is held with its reason. */
async function endFailed(tx: OrganisationTransaction, id: RunId, error: ErrorReport): Promise<RunRow> {
  const { state, kind, integration_id: integration } = await findDirectoryRun(tx, id);
  if (!isOpen(state) || kind !== 'directory-sync' || !(await isDoubtful(tx, integration, error.code))) return finishRun(tx, id, { state: 'failed', error });
  await holdReading(tx, { run: id, integration, reason: error.message });
  return finishRun(tx, id, { state: 'held', error });
}

/** What a site says is no proof: the cursor is, and of a plan what it says. */
async function isDone(tx: OrganisationTransaction, { id, kind, integration_id: integration, report, plan_counts }: DirectoryRunRow): Promise<boolean> {
  switch (kind) {
    case 'directory-test':
      return true;
    case 'directory-object':
      // A step that failed is its result.
      return report?.some(({ outcome }) => outcome === 'failed') === true || isObjectApplied(tx, { id, integration });
    case 'directory-plan':
      return plan_counts !== null;
    case 'directory-sync':
      return isReadingComplete(tx, { id, integration, kind });
  }
}

const incomplete: ErrorReport = {
  class: 'Unavailable',
  code: 'directory.incomplete',
  message: 'The site said that the directory was read to its end, but its last page never came.',
  next: 'Nothing was taken for missing. Synchronise again; when it happens again, upgrade the site.',
};

/** What the site reported, when it could; else what the history says. */
export async function reportOf(
  tx: OrganisationTransaction,
  failure: Extract<FinishRunInput, { outcome: 'failed' }>,
): Promise<ErrorReport> {
  const row = await tx.selectFrom('run').select(['error', 'state']).where('id', '=', failure.runId).executeTakeFirstOrThrow();
  if (row.error !== null && (row.error.code === failure.code || !isOpen(row.state))) return row.error;
  return failure.code === 'site.offline'
    ? {
        class: 'Unavailable',
        code: 'site.offline',
        message: 'No node of the site took the work within two minutes.',
        next: 'Start the site (lockstep site), or see whether it is disabled: lockstep site list.',
      }
    : {
        class: errorClasses.find((name) => name === failure.class) ?? 'Unavailable',
        code: failure.code,
        message: `The site ended the run with ${failure.code}.`,
        next: `See docs/errors.md, "${failure.code}", and the run in the Temporal UI.`,
      };
}
