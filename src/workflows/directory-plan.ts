import { proxyActivities } from '@temporalio/workflow';
import type { DirectoryRunInput, DirectoryRunResult } from '../shared/directory-run.ts';
import type { SiteActivities } from '../shared/site-contract.ts';
import { directoryRun } from './directory-run.ts';
import { siteReading } from './retry-policies.ts';

/** Reads like a sync, but the platform only writes down what it would do. That a run is a plan is in its row. */
export async function directoryPlan(input: DirectoryRunInput): Promise<DirectoryRunResult> {
  return directoryRun('directory-plan', input, async (run) => {
    const site = proxyActivities<SiteActivities>({
      ...siteReading,
      taskQueue: run.siteQueue,
      summary: `plan ${run.integration} at ${run.site}`,
    });
    await site.readDirectory({ runId: run.runId });
  });
}
