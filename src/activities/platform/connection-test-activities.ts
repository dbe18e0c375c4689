import { ApplicationFailure } from '@temporalio/common';
import { type Database, withOrganisation } from '../../archive/database.ts';
import { findEngineRun, locateRun } from '../../archive/engine-rows.ts';
import { beginRun, finishRun } from '../../archive/runs.ts';
import type { ErrorClass } from '../../shared/errors.ts';
import type { RunId } from '../../shared/ids.ts';
import { siteQueue } from '../../shared/names.ts';
import type { ConnectionTestPlace } from '../../shared/task-run.ts';
import { type FinishRunInput, reportOf } from './run-activities.ts';

/** Beginning and end of every test of a connection. Each may be repeated: the row remembers. */
export interface ConnectionTestActivities {
  /** @throws ApplicationFailure ConfigInvalid `run.unknown` */
  beginConnectionTest(input: { readonly runId: RunId }): Promise<ConnectionTestPlace>;
  /** Writes the end down. The first end counts. */
  finishConnectionTest(input: FinishRunInput): Promise<void>;
}

export function createConnectionTestActivities({ database }: { readonly database: Database }): ConnectionTestActivities {
  const located = async (run: RunId) => {
    const place = await locateRun(database, run);
    if (place === undefined) throw ApplicationFailure.nonRetryable('run.unknown', 'ConfigInvalid' satisfies ErrorClass);
    return place;
  };

  return {
    async beginConnectionTest({ runId }) {
      const { organisationId, siteId } = await located(runId);
      return withOrganisation(database, organisationId, async (tx) => {
        await beginRun(tx, runId);
        const { organisation, subject, site } = await findEngineRun(tx, runId);
        return { siteQueue: siteQueue(siteId), organisation, connection: subject, site };
      });
    },

    async finishConnectionTest(input) {
      const { organisationId } = await located(input.runId);
      await withOrganisation(database, organisationId, async (tx) => {
        if (input.outcome === 'failed') await finishRun(tx, input.runId, { state: 'failed', error: await reportOf(tx, input) });
        else await finishRun(tx, input.runId, { state: input.outcome === 'done' ? 'succeeded' : 'cancelled' });
      });
    },
  };
}
