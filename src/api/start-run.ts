import { type Database, type OrganisationTransaction, withOrganisation } from '../archive/database.ts';
import { findRunView } from '../archive/run-list.ts';
import type { RequestedRun } from '../archive/task-runs.ts';
import type { OrganisationId } from '../shared/ids.ts';
import type { EngineCalls } from './engine-calls.ts';
import type { StartedRun } from './schemas/directories.ts';
import { runSummaryAnswer } from './views.ts';

/** Asks for runs in one transaction, starts those that are not under way, and answers them. What cannot be started now is by the sweeper. */
export async function startTaskRuns(
  { database, engineCalls }: { readonly database: Database; readonly engineCalls: EngineCalls },
  organisation: OrganisationId,
  request: (tx: OrganisationTransaction) => Promise<readonly RequestedRun[]>,
): Promise<StartedRun[]> {
  const requested = await withOrganisation(database, organisation, request);
  for (const { run } of requested) if (run.state === 'queued') await engineCalls.startRun(organisation, run.id);
  return withOrganisation(database, organisation, async (tx) => {
    const started: StartedRun[] = [];
    for (const { run, joined } of requested) started.push({ ...runSummaryAnswer(await findRunView(tx, run.id)), joined });
    return started;
  });
}
