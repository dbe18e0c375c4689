import { ApplicationFailure } from '@temporalio/common';
import { type Database, type OrganisationTransaction, withOrganisation } from '../../archive/database.ts';
import { findEngineRun, locateRun } from '../../archive/engine-rows.ts';
import { countSkippedTick } from '../../archive/integrations.ts';
import { isObjectApplied } from '../../archive/directory-object-run.ts';
import { isReadingComplete } from '../../archive/directory-reading.ts';
import { beginRun, findRun, finishRun, requestRun, type RunRow } from '../../archive/runs.ts';
import { isParked } from '../../archive/run-tick.ts';
import type { BegunRun, DirectoryRunInput } from '../../shared/directory-run.ts';
import { type ErrorClass, errorClasses, type ErrorReport } from '../../shared/errors.ts';
import type { RunId, SiteId } from '../../shared/ids.ts';
import { siteQueue } from '../../shared/names.ts';
import { isOpen, type DirectoryRunTotals, type RunKind } from '../../shared/runs.ts';

export type BeginRunInput = DirectoryRunInput & { readonly kind: RunKind; readonly workflowId: string };

export type FinishRunInput =
  | { readonly runId: RunId; readonly outcome: 'done' }
  | { readonly runId: RunId; readonly outcome: 'cancelled' }
  | { readonly runId: RunId; readonly outcome: 'failed'; readonly class: string; readonly code: string };

export interface FinishedRun {
  readonly outcome: 'succeeded' | 'partial' | 'incomplete';
  readonly totals: Partial<DirectoryRunTotals>;
}

/** Beginning and end of every run. Each may be repeated: the row remembers. */
export interface RunActivities {
  /**
   * Makes the run's row running and says where the work goes; or skips a tick and says why.
   * @throws ApplicationFailure ConfigInvalid `run.unknown` when there is no such run (nothing is retried)
   */
  beginRun(input: BeginRunInput): Promise<BegunRun>;
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
  const begun = async (tx: OrganisationTransaction, site: SiteId, run: RunId): Promise<BegunRun> => {
    const row = await findEngineRun(tx, run);
    return {
      outcome: 'begun',
      runId: row.id,
      kind: row.kind,
      siteQueue: siteQueue(site),
      organisation: row.organisation,
      integration: row.integration,
      site: row.site,
    };
  };

  return {
    async beginRun(input) {
      if (input.trigger === 'manual') {
        const { organisationId, siteId } = await located(input.runId);
        return withOrganisation(database, organisationId, async (tx) => {
          await beginRun(tx, input.runId);
          return begun(tx, siteId, input.runId);
        });
      }
      const tick = await withOrganisation(database, input.organisationId, (tx) => beginTick(tx, input));
      if (tick.outcome === 'skipped') return tick;
      const { siteId } = await located(tick.run.id);
      return withOrganisation(database, input.organisationId, (tx) => begun(tx, siteId, tick.run.id));
    },

    async finishRun(input) {
      const { organisationId } = await located(input.runId);
      const row = await withOrganisation(database, organisationId, (tx) => endRun(tx, input));
      const outcome = row.state === 'failed' ? 'incomplete' : row.state === 'partial' ? 'partial' : 'succeeded';
      return { outcome, totals: row.totals };
    },
  };
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
      return finishRun(tx, input.runId, { state: 'failed', error: await reportOf(tx, input) });
    case 'done': {
      const row = await findRun(tx, input.runId);
      // What a site says is no proof: the cursor is.
      if (isOpen(row.state) && !(await isDone(tx, row))) return finishRun(tx, input.runId, { state: 'failed', error: incomplete });
      return finishRun(tx, input.runId, { state: (row.totals.problems ?? 0) > 0 ? 'partial' : 'succeeded' });
    }
  }
}

async function isDone(tx: OrganisationTransaction, { id, kind, integration_id: integration, report }: RunRow): Promise<boolean> {
  switch (kind) {
    case 'directory-test':
      return true;
    case 'directory-object':
      // A step that failed is its result.
      return report?.some(({ outcome }) => outcome === 'failed') === true || isObjectApplied(tx, { id, integration });
    case 'directory-sync':
    case 'directory-plan':
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
async function reportOf(
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
