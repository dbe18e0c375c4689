import { proxyActivities } from '@temporalio/workflow';
import type { DirectoryRunInput, DirectoryRunResult } from '../shared/directory-run.ts';
import type { SiteActivities } from '../shared/site-contract.ts';
import { directoryRun } from './directory-run.ts';
import { siteReading } from './retry-policies.ts';

/**
 * Reads a whole directory into the archive. Started by the integration's schedule or by "synchronise now"; one activity
 * on the site reads and posts every page, so a run of any size has a handful of events and never continues as new.
 */
export async function directorySync(input: DirectoryRunInput): Promise<DirectoryRunResult> {
  return directoryRun('directory-sync', input, async (run) => {
    const site = proxyActivities<SiteActivities>({
      ...siteReading,
      taskQueue: run.siteQueue,
      summary: `read ${run.integration} at ${run.site}`,
    });
    await site.readDirectory({ runId: run.runId });
  });
}
