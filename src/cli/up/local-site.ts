import { rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Home } from '../../runtime/home.ts';
import { SiteIdentity } from '../../security/site-identity.ts';
import type { ApiClient } from '../api-client.ts';
import { ApiProblem } from '../api-problem.ts';

/** Name of the site that `lockstep up` runs. */
export const LOCAL_SITE = 'local';

/**
 * Makes sure that the site exists and that this home is enrolled as it. Answers a one-time code when it has to enrol: at
 * the first start, and when the platform is not the one that this home was enrolled at (another database). Keys of the
 * other platform are put aside, not deleted.
 */
export async function enrolmentCodeWhenNeeded(api: ApiClient, home: Home, now: Date): Promise<string | undefined> {
  const site = await localSite(api);
  const identity = await SiteIdentity.load(home.siteFolder);
  if (identity?.siteId === site.id) return undefined;
  if (identity !== undefined) await rename(home.siteFolder, `${home.siteFolder}.${now.toISOString().replace(/[:.]/g, '-')}`);
  return (await api.addEnrolmentCode(LOCAL_SITE)).code;
}

async function localSite(api: ApiClient): Promise<{ readonly id: string }> {
  try {
    return await api.site(LOCAL_SITE);
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 404) throw error;
    return api.addSite({ name: LOCAL_SITE, description: `Started by lockstep up on ${hostname()}` });
  }
}
