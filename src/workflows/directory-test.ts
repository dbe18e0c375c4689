import { proxyActivities } from '@temporalio/workflow';
import type { DirectoryRunInput, DirectoryRunResult } from '../shared/directory-run.ts';
import type { SiteActivities } from '../shared/site-contract.ts';
import { directoryRun } from './directory-run.ts';
import { siteTest } from './retry-policies.ts';

/** Goes through the named steps of a connection on the site. A step that fails is a result, not a failure of the run. */
export async function directoryTest(input: DirectoryRunInput): Promise<DirectoryRunResult> {
  return directoryRun('directory-test', input, async (run) => {
    const site = proxyActivities<SiteActivities>({
      ...siteTest,
      taskQueue: run.siteQueue,
      summary: `test ${run.integration} at ${run.site}`,
    });
    await site.testDirectory({ runId: run.runId });
  });
}
