import { proxyActivities } from '@temporalio/workflow';
import type { DirectoryRunInput, DirectoryRunResult } from '../shared/directory-run.ts';
import type { SiteActivities } from '../shared/site-contract.ts';
import { directoryRun } from './directory-run.ts';
import { siteTest } from './retry-policies.ts';

/**
 * Reads one object into the archive, step by step. Which one is in the run's row: no name and no address is in a history. As with
 * a test, a step that fails is a result, not a failure of the run. The second try is also for the attempt that a full reading overtook.
 */
export async function directoryObject(input: DirectoryRunInput): Promise<DirectoryRunResult> {
  return directoryRun('directory-object', input, async (run) => {
    const site = proxyActivities<SiteActivities>({
      ...siteTest,
      taskQueue: run.siteQueue,
      summary: `read one object of ${run.integration} at ${run.site}`,
    });
    await site.syncObject({ runId: run.runId });
  });
}
