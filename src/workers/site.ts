import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createDirectorySiteActivities } from '../activities/directory/site-activities.ts';
import { ConnectionSources } from '../activities/mailbox/connection-sources.ts';
import { ContentSpool } from '../activities/mailbox/content-spool.ts';
import { createMailboxSiteActivities } from '../activities/mailbox/mailbox-activities.ts';
import { createConnectionTestSiteActivities } from '../activities/mailbox/test-connection.ts';
import { createConnectionTestClient } from '../client/connection-test-client.ts';
import { createBlobClient } from '../client/blob-client.ts';
import { createIngestClient } from '../client/ingest-client.ts';
import { createMailboxClient } from '../client/mailbox-client.ts';
import { EwsSource } from '../exchange/ews/ews-source.ts';
import type { RunSite, SiteOptions } from '../runtime/roots.ts';
import { productVersion } from '../runtime/version.ts';
import { enrolThisSite, SiteIdentity } from '../security/site-identity.ts';
import { createSitePlatform } from '../security/site-platform.ts';
import { createSiteTokenProvider } from '../security/site-token-provider.ts';
import { LockstepError } from '../shared/errors.ts';
import { loadCertificates, platformFetch } from './platform-fetch.ts';
import { installTemporalRuntime } from './temporal-logger.ts';
import { retryWhileAway } from './retry-while-away.ts';

/**
 * Each directory has a watcher, which never ends and does nothing most of the time, and now and then a reading. A customer has
 * few directories, and a run of one never has two readings at once; what must not happen is that watchers keep readings from
 * starting. Mailboxes that are read one by one take what is left: most of their time they wait for Exchange, which bounds them itself.
 */
const maxActivities = 200;

/** A site: activities only, outbound connections only. It holds no key but its own and never sees database or Temporal. */
export const runSite: RunSite = async (options, { logger, signal, onReady }) => {
  installTemporalRuntime(logger);
  const node = options.node ?? hostname().split('.')[0] ?? 'node';
  const ca = await loadCertificates(options.caFile);
  const identity = (await SiteIdentity.load(options.stateFolder)) ?? (await enrol(options, node, ca));
  const platform = createSitePlatform({ baseUrl: options.url ?? identity.platformUrl, fetch: platformFetch(ca) });
  const tokens = createSiteTokenProvider({ identity, platform, node, version: productVersion });
  const log = logger.child({ site: identity.siteName, node });

  const access = await retryWhileAway(() => tokens.access(), log, signal);
  const connection = await retryWhileAway(
    () =>
      NativeConnection.connect({
        address: access.gateway,
        apiKey: access.token,
        tls: access.gatewayTls ? (ca === undefined ? {} : { serverRootCACertificate: ca }) : false,
      }),
    log,
    signal,
  );
  const renewal = tokens.keepFresh(
    (token) => void connection.setApiKey(token),
    (error) => log.warn({ err: error }, 'no new access token'),
    signal,
  );
  let sources: ConnectionSources | undefined;
  let spool: ContentSpool | undefined;
  try {
    const requests = { baseUrl: options.url ?? identity.platformUrl, token: () => tokens.token(), fetch: platformFetch(ca) };
    const ingest = createIngestClient(requests);
    const mailboxes = createMailboxClient(requests);
    spool = await ContentSpool.open(join(options.stateFolder, 'spool'));
    sources = new ConnectionSources({
      client: mailboxes,
      openCredential: (sealed, exchange) => identity.openConnectionCredential(sealed, exchange),
      createSource: (settings, secret) => new EwsSource(settings, secret),
    });
    const worker = await Worker.create({
      connection,
      namespace: access.namespace,
      taskQueue: access.queue,
      identity: `${identity.siteName}/${node}`,
      activities: {
        ...createDirectorySiteActivities({
          ingest,
          openCredential: (sealed, integration) => identity.openCredential(sealed, integration),
          logger: log,
        }),
        ...createMailboxSiteActivities({ client: mailboxes, sources, content: { spool, blobs: createBlobClient(requests) }, logger: log }),
        ...createConnectionTestSiteActivities({ client: createConnectionTestClient(requests), sources, logger: log }),
      },
      maxConcurrentActivityTaskExecutions: maxActivities,
      // Long polls are counted a namespace and front end (1,200): one poller a site allows about a thousand sites.
      activityTaskPollerBehavior: { type: 'autoscaling', minimum: 1, initial: 1, maximum: 4 },
      // A cancellation arrives with the answer to a heartbeat; by default those are sent every 24 s (0.8 × their time-out).
      maxHeartbeatThrottleInterval: '5 seconds',
      shutdownGraceTime: '5 seconds',
      shutdownForceTime: '30 seconds',
    });
    const running = worker.run();
    signal.addEventListener('abort', () => worker.shutdown(), { once: true });
    if (signal.aborted) worker.shutdown();
    log.info({ queue: access.queue }, 'site polls');
    onReady?.();
    await running;
  } finally {
    await sources?.close();
    await connection.close();
    await spool?.close();
    await renewal;
  }
};

async function enrol(options: SiteOptions, node: string, ca: Buffer | undefined): Promise<SiteIdentity> {
  if (options.code === undefined || options.url === undefined) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'site.not-enrolled',
      message: 'This machine is not enrolled as a site.',
      next: 'Get a one-time code with "lockstep site code <name>", then run LOCKSTEP_SITE_CODE=<code> lockstep site --url <platform>.',
    });
  }
  // Before the code is used up: afterwards there must be a place for the identity.
  await mkdir(options.stateFolder, { recursive: true, mode: 0o700 });
  return enrolThisSite({
    platform: createSitePlatform({ baseUrl: options.url, fetch: platformFetch(ca) }),
    platformUrl: options.url,
    stateFolder: options.stateFolder,
    code: options.code,
    node,
    version: productVersion,
  });
}
