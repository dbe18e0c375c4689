import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { credentials, type Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { EncryptionCodec } from '../../src/codec/payload-codec.ts';
import { type SiteGateway, startSiteGateway } from '../../src/gateway/site-gateway.ts';
import type { UpstreamOptions } from '../../src/gateway/upstream.ts';
import { organisationId, siteId } from '../../src/shared/ids.ts';
import { makeAuthority, makeCertificate } from '../lab/certificates.ts';
import { labFolder } from '../lab/component.ts';
import { freePort } from '../lab/ports.ts';

/** A front end as Temporal Cloud's: TLS with client certificates, an API key. The local server can do neither. */
let cloud: Server;
let cloudPort: number;
let received: Record<string, unknown>[] = [];
let refuse = false;
let pem: Record<'ca' | 'certificate' | 'key', Buffer>;
let otherCa: Buffer;

beforeAll(async () => {
  const folder = await mkdtemp(`${labFolder()}/gateway-tls-`);
  const other = `${folder}/other`;
  await mkdir(other);
  await makeAuthority(folder);
  await makeAuthority(other, 'Another CA');
  await makeCertificate(folder, folder, { dns: ['temporal.example'], ip: '127.0.0.1' });
  const file = (name: string) => readFile(`${folder}/${name}`);
  pem = { ca: await file('ca.pem'), certificate: await file('cert.pem'), key: await file('key.pem') };
  otherCa = await readFile(`${other}/ca.pem`);

  cloud = new Server();
  const bytes = (value: Buffer) => value;
  cloud.addService(
    {
      GetSystemInfo: {
        path: '/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo',
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    },
    {
      GetSystemInfo: (call: { metadata: Metadata }, answer: (error: object | null, value?: Buffer) => void) => {
        received.push(call.metadata.getMap());
        if (refuse) answer({ code: status.PERMISSION_DENIED, details: 'the key cloud-key is expired' });
        else answer(null, Buffer.alloc(0));
      },
    },
  );
  const security = ServerCredentials.createSsl(pem.ca, [{ cert_chain: pem.certificate, private_key: pem.key }], true);
  cloudPort = await new Promise<number>((resolve, reject) =>
    cloud.bindAsync('127.0.0.1:0', security, (error, port) => (error === null ? resolve(port) : reject(error))),
  );
});
afterAll(() => cloud.forceShutdown());

const start = (upstream: Omit<UpstreamOptions, 'address'>, port = 0): Promise<SiteGateway> => {
  const key = { id: randomUUID(), key: randomBytes(32), retiredAt: null };
  const keys = { active: async () => key, find: async () => key };
  return startSiteGateway({
    listen: { host: '127.0.0.1', port, tls: pem },
    upstream: { address: `127.0.0.1:${cloudPort}`, ...upstream },
    namespace: 'cloud.namespace',
    codec: new EncryptionCodec(keys),
    tokenKeys: keys,
    authenticate: async () => ({ kind: 'site', organisationId: organisationId(randomUUID()), siteId: siteId(randomUUID()), node: 'node-1' }),
    metrics: new Registry(),
    logger: pino({ level: 'silent' }),
  });
};

/** What a site gets for GetSystemInfo. */
async function ask(gateway: SiteGateway, ca = pem.ca): Promise<{ code: string; message: string }> {
  const connection = Connection.lazy({
    address: `127.0.0.1:${gateway.port}`,
    credentials: credentials.createSsl(ca),
    interceptors: [],
    metadata: { authorization: 'Bearer of-the-site', 'x-other': 'x' },
  });
  try {
    return await connection.withDeadline(Date.now() + 10_000, () =>
      connection.workflowService.getSystemInfo({}).then(
        () => ({ code: 'OK', message: '' }),
        (error: Error & { code: number }) => ({ code: status[error.code] ?? '', message: error.message }),
      ),
    );
  } finally {
    await connection.close();
  }
}

async function withGateway(upstream: Omit<UpstreamOptions, 'address'>, work: (gateway: SiteGateway) => Promise<void>): Promise<void> {
  const gateway = await start(upstream);
  try {
    await work(gateway);
  } finally {
    await gateway.close();
  }
}

test("With certificates and an API key of its own the gateway reaches Temporal, and the site's token stays here", () =>
  withGateway({ tls: { ...pem, serverName: 'temporal.example' }, apiKey: 'cloud-key' }, async (gateway) => {
    received = [];
    expect((await ask(gateway)).code).toBe('OK');
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ authorization: 'Bearer cloud-key', 'temporal-namespace': 'cloud.namespace', 'client-name': 'temporal-typescript' });
    expect(JSON.stringify(received)).not.toMatch(/of-the-site|x-other/);
  }));

test('A site that does not trust the certificate of the gateway does not talk to it', () =>
  withGateway({ tls: pem }, async (gateway) => {
    received = [];
    expect((await ask(gateway, otherCa)).code).toBe('UNAVAILABLE');
    expect(received).toEqual([]);
  }));

test.each([
  ['without a client certificate', () => ({ tls: { ca: pem.ca } })],
  ['that it does not trust', () => ({ tls: { ...pem, ca: otherCa } })],
  ['by another name than the certificate has', () => ({ tls: { ...pem, serverName: 'elsewhere.example' } })],
  ['without TLS', () => ({})],
])('The gateway does not reach a Temporal %s: the site is told to wait', (_, upstream) =>
  withGateway(upstream(), async (gateway) => {
    expect((await ask(gateway)).code).toBe('UNAVAILABLE');
  }),
);

test('When Temporal refuses the platform, the site is told to wait, and nothing of the reason', () =>
  withGateway({ tls: pem, apiKey: 'cloud-key' }, async (gateway) => {
    refuse = true;
    const answer = await ask(gateway);
    refuse = false;
    expect(answer.code).toBe('UNAVAILABLE');
    expect(answer.message).not.toContain('cloud-key');
  }));

test('A taken port is named', async () => {
  const port = await freePort();
  const first = await start({}, port);
  const refusal = await start({}, port).catch((error: Error & { code?: string }) => error);
  expect(refusal).toMatchObject({ class: 'ConfigInvalid', code: 'gateway.port-unavailable' });
  expect(refusal).toHaveProperty('message', expect.stringContaining(`127.0.0.1:${port}`));
  await first.close();
});
