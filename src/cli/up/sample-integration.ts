import type { Directory, NewDirectory, RunSummary } from '../../api/schemas/directories.ts';
import { dailyReading } from '../../shared/schedule-types.ts';
import type { ApiClient } from '../api-client.ts';
import { LOCAL_SITE } from './local-site.ts';
import { whenThere } from './when-there.ts';

export const SAMPLE = 'sample';

/**
 * Makes sure that the sample directory is an integration of the organisation and has been, or is being, synchronised.
 * Answers the run to follow; undefined when an earlier one took everything over.
 */
export async function ensureSampleSynchronised(api: ApiClient, port: number): Promise<RunSummary | undefined> {
  const wanted = await sampleDirectory(port);
  const found = await whenThere(() => api.directory(SAMPLE));
  if (found === undefined) await api.addDirectory(wanted);
  // The password again, too: should the site have enrolled anew, only this seals it to its new key.
  else if (found.settings.port !== port || found.site !== LOCAL_SITE || !synchronised(found)) {
    await api.changeDirectory(SAMPLE, { settings: wanted.settings, password: wanted.password });
  }
  return found !== undefined && synchronised(found) ? undefined : api.startRun(SAMPLE, 'sync');
}

const synchronised = ({ lastRun }: Directory): boolean => lastRun?.state === 'succeeded' || lastRun?.state === 'partial';

/** The integration of the sample directory: a directory of our own on loopback, hence without TLS, which is asked for by name. */
async function sampleDirectory(port: number): Promise<NewDirectory & Pick<Directory, 'settings'>> {
  const { sampleOrganisation } = await import('../../sample/organisation/organisation.ts');
  const organisation = sampleOrganisation();
  const account = organisation.serviceAccounts.find(({ state }) => state === 'active');
  if (account === undefined) throw new Error('the sample organisation has no usable account');
  return {
    name: SAMPLE,
    description: `Sample organisation: ${organisation.name}`,
    site: LOCAL_SITE,
    settings: {
      host: '127.0.0.1',
      port,
      security: 'plain',
      account: `${account.name}@${organisation.dnsName}`,
      acknowledgeDisabled: true,
    },
    password: account.password,
    schedule: dailyReading(Intl.DateTimeFormat().resolvedOptions().timeZone),
  };
}
