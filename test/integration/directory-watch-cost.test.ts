/** What watching costs while nothing happens: the watcher's workflow and activity, a sample directory behind a proxy that counts. */
import { createHash } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { createDirectorySiteActivities } from '../../src/activities/directory/site-activities.ts';
import { createWatchActivities } from '../../src/activities/platform/watch-activities.ts';
import { createIngestClient } from '../../src/client/ingest-client.ts';
import { ensureNamespace } from '../../src/client/namespace.ts';
import { TemporalEngine } from '../../src/client/temporal-engine.ts';
import type { DirectorySource } from '../../src/directory/directory-source.ts';
import { createLdapSource } from '../../src/directory/ldap-source.ts';
import { type SampleDirectory, startSampleDirectory } from '../../src/sample/directory/server.ts';
import type { DirectorySettings } from '../../src/shared/directory.ts';
import { PLATFORM_QUEUE, siteQueue, watchWorkflowId } from '../../src/shared/names.ts';
import { directoryCredentialInfo, openSealed, sealTo } from '../../src/security/seal.ts';
import { labApi, type LabApi, type LabSite } from '../lab/api.ts';
import { anIntegration, aRun, endRun } from '../lab/builders.ts';
import { until } from '../lab/component.ts';
import { countingProxy, type CountingProxy } from '../lab/counting-proxy.ts';
import { temporal } from '../lab/temporal.ts';
import { workflowBundle } from '../lab/workflow-bundle.ts';

const namespace = 'directory-watch-cost';
const dnsName = 'quiet.example.test';
const baseDn = 'DC=quiet,DC=example,DC=test';
const password = 'S3cret of svc';
const never = new AbortController().signal;
const user = (name: string) => ({
  dn: `CN=${name},${baseDn}`,
  attributes: {
    objectClass: ['top', 'person', 'organizationalPerson', 'user'], objectGUID: createHash('sha256').update(name).digest().subarray(0, 16),
    cn: name, sAMAccountName: name, userPrincipalName: `${name}@${dnsName}`, userAccountControl: '512',
  },
});

let api: LabApi;
let site: LabSite;
let directory: SampleDirectory;
let proxy: CountingProxy;
let client: Client;
let native: NativeConnection;
beforeAll(async () => {
  api = await labApi();
  site = await (await api.organisation('acme')).site('berlin');
  directory = await startSampleDirectory({ model: { dnsName, netbiosName: 'QUIET', objects: [user('svc'), user('ada')], passwords: { svc: password } } });
  proxy = await countingProxy({ host: directory.host, port: directory.port });
  const { address } = await temporal();
  client = new Client({ connection: await Connection.connect({ address }), namespace });
  await ensureNamespace(client);
  native = await NativeConnection.connect({ address });
});
afterAll(async () => {
  await native.close();
  await client.connection.close();
  await proxy.close();
  await directory.close();
  await api.close();
});

test.each([
  { method: 'dirsync', also: '', twoOf20: 0 },
  { method: 'usn', also: ', but for each twentieth, which asks how far the controller is', twoOf20: 1 },
])('a poll with nothing to do costs one LDAP request and no Temporal event, by $method$also', async ({ method, twoOf20 }) => {
  if (method === 'usn') directory.faults.inject({ kind: 'result', at: 'dirsync', code: 12 });
  const settings: DirectorySettings = {
    host: proxy.host, port: proxy.port, security: 'plain', account: `svc@${dnsName}`, baseDn, acknowledgeDisabled: true, pollSeconds: 0.05,
  };
  const integration = await anIntegration(api.lab.owner, site.row, { settings });
  const info = directoryCredentialInfo(integration.id);
  const sealed = await sealTo(site.row.seal_public_key ?? Buffer.alloc(0), Buffer.from(password), info);
  const credential = await api.keyring.encrypt(site.row.org_id, 'secrets', sealed, info);
  await api.lab.owner.updateTable('directory_integration').set({ credential }).where('id', '=', integration.id).execute();
  const baseUrl = api.app.server.listening ? `http://127.0.0.1:${(api.app.server.address() as { port: number }).port}` : await api.app.listen({ host: '127.0.0.1', port: 0 });
  const ingest = createIngestClient({ baseUrl, token: async () => site.token });

  const run = await aRun(api.lab.owner, integration);
  const { cursor } = await ingest.openRun(run.id, never);
  let seq = 0;
  for await (const { findings, ...page } of createLdapSource({ settings, password }).read(never)) {
    if (findings !== undefined) await ingest.putReport(run.id, { findings }, never);
    await ingest.postPage(run.id, { epoch: cursor?.epoch ?? 0, seq: seq++ }, page, never);
  }
  await endRun(api.lab.owner, run);
  expect((await api.lab.owner.selectFrom('directory_integration').select('change_tracking').where('id', '=', integration.id).executeTakeFirstOrThrow()).change_tracking).toMatchObject({ method });

  // One poll begins where the one before has ended, so what was asked between two beginnings is the cost of one.
  const costs: number[] = [];
  const counted = (source: DirectorySource): DirectorySource => ({
    ...source,
    changes(signal) {
      const feed = source.changes(signal);
      return {
        poll(watermark) {
          costs.push(proxy.requests());
          return feed.poll(watermark);
        },
        close: () => feed.close(),
      };
    },
  });
  const [platform, reader] = await Promise.all([
    Worker.create({ connection: native, namespace, taskQueue: PLATFORM_QUEUE, workflowBundle: await workflowBundle(), activities: createWatchActivities({ database: api.lab.app }) }),
    Worker.create({
      connection: native,
      namespace,
      taskQueue: siteQueue(site.row.id),
      activities: createDirectorySiteActivities({
        ingest,
        openCredential: async (bytes) => (await openSealed(site.sealPrivateKey, bytes, info)).toString(),
        createSource: (options) => counted(createLdapSource(options)),
        logger: pino({ level: 'silent' }),
        timing: { heartbeatMs: 100 },
      }),
      maxHeartbeatThrottleInterval: '200 ms',
      shutdownForceTime: '10 seconds',
    }),
  ]);
  await platform.runUntil(
    reader.runUntil(async () => {
      await new TemporalEngine(client, api.lab.app).applyWatch(
        { id: integration.id, organisationId: site.row.org_id, organisation: 'acme', subject: integration.name, site: 'berlin', schedule: null, jitterSeconds: 0, paused: false, watched: true },
        { changed: false },
      );
      const watcher = client.workflow.getHandle(watchWorkflowId('acme', integration.name));
      const polled = async (times: number) => {
        const least = costs.length + times;
        await until(`it polled ${times} times`, async () => costs.length >= least);
      };
      // The first binds, and finds out whom it asks.
      await polled(4);
      const before = (await watcher.fetchHistory()).events?.length;
      const from = costs.length;
      await polled(20);
      expect(costs.slice(from, from + 20).toSorted()).toEqual(Array.from({ length: 20 }, (__, index) => (index < 20 - twoOf20 ? 1 : 2)));
      expect((await watcher.fetchHistory()).events?.length).toBe(before);
      expect((await watcher.describe()).status.name).toBe('RUNNING');
      await watcher.cancel();
      await expect(watcher.result()).rejects.toThrow();
    }),
  );
});
