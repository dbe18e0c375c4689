import type { StartedRun } from '../../api/schemas/directories.ts';
import type { ApiClient } from '../api-client.ts';
import { LOCAL_SITE } from './local-site.ts';
import { SAMPLE } from './sample-integration.ts';
import { whenThere } from './when-there.ts';

/** As large as the company, and flat: the group `Everyone` of the sample directory. */
const EVERYONE = 'everyone';

/**
 * Makes sure that a task replicates the mailboxes of the sample Exchange: connection, definition, schedule, mailbox group and task, each
 * where it is not there yet. Answers its run to follow; undefined when an earlier one was done. The directory must have been read.
 */
export async function ensureSampleReplicated(api: ApiClient, port: number): Promise<StartedRun | undefined> {
  const connection = await sampleConnection(port);
  const known = await whenThere(() => api.connections.find(SAMPLE));
  if (known === undefined) await api.connections.add(connection);
  else if (known.settings.url !== connection.settings.url) await api.connections.change(SAMPLE, { settings: connection.settings, password: connection.password });
  if ((await whenThere(() => api.definitions.find(SAMPLE))) === undefined) {
    await api.definitions.add({
      name: SAMPLE, description: 'All folders, with content', feature: 'folder-replication',
      settings: { withContent: true, exclude: { inbox: false, sentItems: false, deletedItems: false }, rules: [] },
    });
  }
  if ((await whenThere(() => api.schedules.find(SAMPLE))) === undefined) {
    const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    await api.schedules.add({
      name: SAMPLE, description: 'Every quarter of an hour', schedule: { kind: 'interval', start: '00:00', end: '00:00', everyMinutes: 15, timeZone }, jitterSeconds: 0,
    });
  }
  if ((await whenThere(() => api.mailboxGroups.find(SAMPLE))) === undefined) {
    await api.mailboxGroups.add({ name: SAMPLE, description: 'Everyone', source: { kind: 'directory-group', group: EVERYONE } });
  }
  if ((await whenThere(() => api.tasks.find(SAMPLE))) === undefined) {
    await api.tasks.add({ name: SAMPLE, description: 'Mailboxes of the sample organisation', site: LOCAL_SITE, definition: SAMPLE, schedule: SAMPLE, group: SAMPLE });
  }
  const { items: [last] } = await api.runs({ task: SAMPLE, limit: 1 });
  return last?.state === 'succeeded' || last?.state === 'partial' ? undefined : api.runTask(SAMPLE);
}

async function sampleConnection(port: number) {
  const { sampleOrganisation } = await import('../../sample/organisation/organisation.ts');
  const { exchangeAccount } = await import('../../sample/exchange/organisation-exchange.ts');
  const organisation = sampleOrganisation();
  const { account, password } = exchangeAccount(organisation);
  return {
    name: SAMPLE,
    description: `Sample Exchange of ${organisation.name}`,
    site: LOCAL_SITE,
    settings: { type: 'ews' as const, url: `http://127.0.0.1:${port}/EWS/Exchange.asmx`, authentication: 'basic' as const, account },
    password,
  };
}
