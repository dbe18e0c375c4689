import { patched, proxyActivities } from '@temporalio/workflow';
import type { RunActivities } from '../activities/platform/run-activities.ts';
import type { DirectoryRunInput, DirectoryRunResult } from '../shared/directory-run.ts';
import type { SiteActivities } from '../shared/site-contract.ts';
import { directoryRun } from './directory-run.ts';
import { platformPlan, siteReading } from './retry-policies.ts';

const platform = proxyActivities<RunActivities>(platformPlan);

/**
 * Reads like a sync, but the platform keeps the pages and tells, when all are there, what they would do. A plan that is made
 * from what is stored asks no site. That a run is a plan, and of which kind, is in its row.
 */
export async function directoryPlan(input: DirectoryRunInput): Promise<DirectoryRunResult> {
  return directoryRun('directory-plan', input, async (run) => {
    const site = proxyActivities<SiteActivities>({
      ...siteReading,
      taskQueue: run.siteQueue,
      summary: `plan ${run.integration} at ${run.site}`,
    });
    if (run.fromStored !== true) await site.readDirectory({ runId: run.runId });
    // Before 0.2 each page was planned as it came.
    if (patched('compute-plan')) await platform.computePlan({ runId: run.runId });
  });
}
