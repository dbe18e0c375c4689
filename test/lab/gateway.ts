/** A platform with a real site gateway in front of the real Temporal server, and workers on both sides of it. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import pino from 'pino';
import { Registry } from 'prom-client';
import { encryptingDataConverter, failureConverterPath } from '../../src/codec/data-converter.ts';
import { EncryptionCodec } from '../../src/codec/payload-codec.ts';
import { type SiteGateway, startSiteGateway } from '../../src/gateway/site-gateway.ts';
import { authenticateSite } from '../../src/security/site-token.ts';
import { freePort } from './ports.ts';
import { type EnrolledSite, platformLab, type PlatformLab } from './site-platform.ts';
import { LAB_NAMESPACE, labClient } from './temporal-client.ts';
import { temporal } from './temporal.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

export interface GatewayLab {
  readonly platform: PlatformLab;
  readonly gateway: SiteGateway;
  readonly gatewayAddress: string;
  readonly temporalAddress: string;
  readonly metrics: Registry;
  /** Encrypts, like the platform. */
  readonly client: Client;
  /** Sees what Temporal stores. */
  readonly rawClient: Client;
  readonly queue: string;
  close(): Promise<void>;
}

/** `ownTemporal`: address of another Temporal server; default the server of the test run. */
export async function gatewayLab(ownTemporal?: string): Promise<GatewayLab> {
  const rawClient = await labClient();
  const address = ownTemporal ?? (await temporal()).address;
  const port = await freePort();
  const gatewayAddress = `127.0.0.1:${port}`;
  const platform = await platformLab({ address: gatewayAddress, tls: false, namespace: LAB_NAMESPACE });
  const metrics = new Registry();
  const deps = { database: platform.database.app, keyring: platform.keyring };
  const gateway = await startSiteGateway({
    listen: { host: '127.0.0.1', port },
    upstream: { address },
    namespace: LAB_NAMESPACE,
    codec: new EncryptionCodec(platform.keyring.codecKeys()),
    tokenKeys: platform.keyring.tokenKeys(),
    authenticate: (header) => authenticateSite(deps, header),
    metrics,
    logger: pino({ level: 'silent' }),
  });
  const dataConverter = encryptingDataConverter(platform.keyring.codecKeys());
  const connection = await Connection.connect({ address });
  return {
    platform,
    gateway,
    gatewayAddress,
    temporalAddress: address,
    metrics,
    client: new Client({ connection, namespace: LAB_NAMESPACE, dataConverter }),
    rawClient,
    queue: `gateway-${port}`,
    async close() {
      await connection.close();
      await rawClient.connection.close();
      await gateway.close();
      await platform.close();
    },
  };
}

let bundle: Promise<WorkflowBundle> | undefined;
const testBundle = (): Promise<WorkflowBundle> =>
  (bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./test-workflows/index.ts', import.meta.url)),
    failureConverterPath,
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  }));

/** A worker of the platform for the test workflows. */
export async function startPlatformWorker(lab: {
  readonly temporalAddress: string;
  readonly queue: string;
  readonly platform: Pick<PlatformLab, 'keyring'>;
}): Promise<{ stop(): Promise<void> }> {
  const connection = await NativeConnection.connect({ address: lab.temporalAddress });
  return running(
    await Worker.create({
      connection,
      namespace: LAB_NAMESPACE,
      taskQueue: lab.queue,
      workflowBundle: await testBundle(),
      dataConverter: encryptingDataConverter(lab.platform.keyring.codecKeys()),
    }),
    connection,
  );
}

/** A site's worker: activities only, through the gateway, with the site's own token and no codec. */
export async function startSiteWorker(
  lab: GatewayLab,
  site: EnrolledSite,
  activities: object,
): Promise<{ stop(): Promise<void>; readonly ended: Promise<void> }> {
  const access = await site.tokens.access();
  const connection = await NativeConnection.connect({ address: access.gateway, tls: access.gatewayTls, apiKey: access.token });
  return running(
    await Worker.create({ connection, namespace: access.namespace, taskQueue: access.queue, activities, shutdownForceTime: '5 s' }),
    connection,
  );
}

function running(worker: Worker, connection: NativeConnection) {
  const run = worker.run();
  // Whether it failed is asked by whoever awaits `ended`.
  const ended = run.then(() => undefined);
  ended.catch(() => undefined);
  return {
    ended,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run.catch(() => undefined);
      await connection.close();
    },
  };
}
