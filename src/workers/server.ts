import { readFile } from 'node:fs/promises';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { createConnectionTestActivities } from '../activities/platform/connection-test-activities.ts';
import { createRunActivities } from '../activities/platform/run-activities.ts';
import { createTaskActivities } from '../activities/platform/task-activities.ts';
import { createWatchActivities } from '../activities/platform/watch-activities.ts';
import { createApi } from '../api/server.ts';
import { type CollectionDeps, collectBlobs } from '../archive/blobs/blob-collection.ts';
import { openBlobStorage } from '../archive/blobs/blob-place.ts';
import { shareParts } from '../archive/content/share-parts.ts';
import { openDatabase, type Database } from '../archive/database.ts';
import { migrate } from '../archive/migrate.ts';
import { ensureNamespace } from '../client/namespace.ts';
import { reconcileSchedules, sweepRuns } from '../client/reconciler.ts';
import { connectionOptions, connectTemporal, type TemporalSettings } from '../client/temporal-connection.ts';
import { TemporalEngine } from '../client/temporal-engine.ts';
import { encryptingDataConverter } from '../codec/data-converter.ts';
import { EncryptionCodec } from '../codec/payload-codec.ts';
import { startSiteGateway } from '../gateway/site-gateway.ts';
import { assertAppRole } from '../runtime/app-role.ts';
import type { RunServer } from '../runtime/roots.ts';
import type { ListenSettings, ServerSettings } from '../runtime/settings.ts';
import { productVersion } from '../runtime/version.ts';
import { Keyring } from '../security/keyring.ts';
import { loadMasterKey } from '../security/master-key.ts';
import { authenticateSite } from '../security/site-token.ts';
import { PLATFORM_QUEUE } from '../shared/names.ts';
import { repeat } from './repeat.ts';
import { installTemporalRuntime } from './temporal-logger.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** A run that lost its workflow is shown as open for no longer than this. */
const sweepMs = 60_000;
/** Temporal Schedules know two weeks of ticks; an hour keeps them current and repairs what somebody changed by hand. */
const reconcileMs = 3_600_000;

/** What is collected waited a week: a day more is no matter, and S3 lists a thousand objects a request. */
const collectMs = 86_400_000;
/** Nobody waits for it: a message is complete before its parts are shared. */
const shareMs = 60_000;

/**
 * The platform: workflows and their platform activities, the API, the site gateway. Any number of these may run on one
 * database and one Temporal namespace. Parts end in the reverse order of their start, each within its own bound.
 */
export const runServer: RunServer = async (settings, { logger, signal, onReady }) => {
  installTemporalRuntime(logger);
  await using closing = new AsyncDisposableStack();
  const registry = new Registry();

  const database = await openArchive(settings, logger);
  closing.defer(() => database.destroy());
  const keyring = await Keyring.open(database, await loadMasterKey(settings.masterKey));
  const authenticate = (header: string | undefined) => authenticateSite({ database, keyring }, header);

  const dataConverter = encryptingDataConverter(keyring.codecKeys());
  const temporal = await temporalSettings(settings);
  const client = await connectTemporal(temporal, dataConverter);
  closing.defer(() => client.connection.close());
  await ensureNamespace(client);
  const engine = new TemporalEngine(client, database);

  const gateway = await startSiteGateway({
    listen: { host: settings.gateway.host, port: settings.gateway.port, tls: await certificate(settings.gateway) },
    upstream: {
      address: temporal.address,
      apiKey: temporal.apiKey,
      ...(temporal.tls === undefined
        ? {}
        : {
            tls: {
              ca: temporal.tls.ca,
              certificate: temporal.tls.clientCert,
              key: temporal.tls.clientKey,
              serverName: temporal.tls.serverName,
            },
          }),
    },
    namespace: temporal.namespace,
    codec: new EncryptionCodec(keyring.codecKeys()),
    tokenKeys: keyring.tokenKeys(),
    authenticate,
    metrics: registry,
    logger,
  });
  closing.defer(() => gateway.close());

  const connection = await NativeConnection.connect(connectionOptions(temporal));
  closing.defer(() => connection.close());
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: PLATFORM_QUEUE,
    workflowBundle: await workflowBundle(),
    activities: { ...createRunActivities({ database }), ...createTaskActivities({ database }), ...createConnectionTestActivities({ database }), ...createWatchActivities({ database }) },
    dataConverter,
    // Few workflows run at once and each is small; the default would size the cache by the machine's memory.
    maxCachedWorkflows: 500,
    shutdownGraceTime: '10 seconds',
    shutdownForceTime: '30 seconds',
  });
  const running = worker.run();
  closing.defer(async () => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
  });

  const blobs = openBlobStorage(settings.blobs.place, keyring);
  const api = await createApi({
    database,
    keyring,
    engine,
    blobs,
    largestBlobBytes: settings.blobs.largestBytes,
    logger,
    registry,
    version: productVersion,
    tls: await certificate(settings.api),
    gateway: { ...settings.publicGateway, namespace: temporal.namespace },
    trustProxy: settings.trustProxy,
    temporalUi: settings.temporalUiUrl === undefined ? undefined : { uiUrl: settings.temporalUiUrl, publicUrl: settings.publicUrl },
  });
  closing.defer(() => api.close());
  await api.listen({ host: settings.api.host, port: settings.api.port });

  const deps = { client, database, engine, logger };
  closing.defer(repeat('reconcile schedules', reconcileMs, () => reconcileSchedules(deps), logger));
  closing.defer(repeat('sweep runs', sweepMs, () => sweepRuns(deps), logger));

  const stopping = new AbortController();
  const sharing = repeat('share parts of messages', shareMs, () => shareParts({ database, blobs, logger }, stopping.signal), logger);
  closing.defer(async () => {
    stopping.abort();
    await sharing();
  });
  closing.defer(repeat('collect blobs', collectMs, () => collect({ database, storage: blobs, now: () => new Date() }, logger), logger));

  logger.info({ api: settings.publicUrl, gateway: settings.publicGateway.address }, 'server is ready');
  onReady?.();
  await Promise.race([running, aborted(signal)]);
};

async function collect(deps: CollectionDeps, logger: Logger): Promise<void> {
  const { blobs, orphans } = await collectBlobs(deps);
  if (blobs + orphans > 0) logger.info({ blobs, orphans }, 'blobs collected');
}

/** The archive as the role that serves, migrated first when the owner's address is known. */
async function openArchive(settings: ServerSettings, logger: Logger): Promise<Database> {
  if (settings.database.ownerUrl !== undefined) {
    const owner = openDatabase({ connectionString: settings.database.ownerUrl, poolSize: 1 }, () => undefined);
    try {
      const applied = await migrate(owner);
      if (applied.length > 0) logger.info({ applied }, 'database migrated');
    } finally {
      await owner.destroy();
    }
  }
  const database = openDatabase({ connectionString: settings.database.url }, (error) =>
    logger.warn({ err: error }, 'a database connection was lost'),
  );
  await assertAppRole(database);
  return database;
}

async function temporalSettings({ temporal }: ServerSettings): Promise<TemporalSettings> {
  const { address, namespace, apiKey, tls } = temporal;
  const file = async (path: string | undefined) => (path === undefined ? undefined : await readFile(path));
  return {
    address,
    namespace,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            serverName: tls.serverName,
            ca: await file(tls.caFile),
            clientCert: await file(tls.certFile),
            clientKey: await file(tls.keyFile),
          },
        }),
  };
}

async function certificate({ tls }: ListenSettings): Promise<{ certificate: Buffer; key: Buffer } | undefined> {
  return tls === undefined ? undefined : { certificate: await readFile(tls.certFile), key: await readFile(tls.keyFile) };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
