import { type Database, withOrganisation } from '../archive/database.ts';
import { findRunView } from '../archive/run-list.ts';
import type { RequestedRun } from '../archive/runs.ts';
import type { OrganisationId } from '../shared/ids.ts';
import type { EngineCalls } from './engine-calls.ts';
import type { StartedRun } from './schemas/directories.ts';
import { runSummaryAnswer } from './views.ts';

/** Starts a run whose row is committed, unless it is under way, and answers it. What cannot be started now is by the sweeper. */
export async function startRun(
  { database, engineCalls }: { readonly database: Database; readonly engineCalls: EngineCalls },
  organisation: OrganisationId,
  { run, joined }: RequestedRun,
): Promise<StartedRun> {
  if (run.state === 'queued') await engineCalls.startRun(organisation, run.id);
  const view = await withOrganisation(database, organisation, (tx) => findRunView(tx, run.id));
  return { ...runSummaryAnswer(view), joined };
}
