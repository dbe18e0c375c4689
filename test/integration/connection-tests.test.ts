/** Tests of connections and tasks through every part: CLI, API over sockets, the product's workflow on a real Temporal server, a real site worker. */
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { ConnectionSources } from '../../src/activities/mailbox/connection-sources.ts';
import { createConnectionTestSiteActivities } from '../../src/activities/mailbox/test-connection.ts';
import { createConnectionTestActivities } from '../../src/activities/platform/connection-test-activities.ts';
import type { Connection as ConnectionAnswer } from '../../src/api/schemas/connections.ts';
import type { Run } from '../../src/api/schemas/directories.ts';
import { createConnectionTestClient } from '../../src/client/connection-test-client.ts';
import { createMailboxClient } from '../../src/client/mailbox-client.ts';
import { ensureNamespace } from '../../src/client/namespace.ts';
import { TemporalEngine } from '../../src/client/temporal-engine.ts';
import { EwsSource } from '../../src/exchange/ews/ews-source.ts';
import { GeneratedMailbox } from '../../src/sample/exchange/generated.ts';
import { SampleMailbox } from '../../src/sample/exchange/mailbox.ts';
import { type SampleExchange, startSampleExchange } from '../../src/sample/exchange/server.ts';
import { connectionCredentialInfo, openSealed } from '../../src/security/seal.ts';
import { PLATFORM_QUEUE, siteQueue } from '../../src/shared/names.ts';
import { type LabApi, labApi, type LabOrganisation } from '../lab/api.ts';
import { type Cli, cli } from '../lab/cli.ts';
import { temporal } from '../lab/temporal.ts';
import { workflowBundle } from '../lab/workflow-bundle.ts';

const namespace = 'connection-tests';
const password = 'not used anywhere else';
const ada = { address: 'ada@mail.example.test', displayName: 'Ada Example', guid: '7f3b1c52-7f0e-4f6e-9f0e-0a5a3f2f1a01' };

let api: LabApi;
let acme: LabOrganisation;
let exchange: SampleExchange;
let client: Client;
let shell: Cli;
let close: () => Promise<void>;

beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  const site = await acme.site('berlin');
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  shell = await cli({ LOCKSTEP_URL: url, LOCKSTEP_TOKEN: acme.tokens.admin });
  exchange = await startSampleExchange({
    mailboxes: [new SampleMailbox(ada, 1, new GeneratedMailbox({ owner: ada, seed: 'test', messages: 20, correspondents: [] }))],
    accounts: { svc: { password, impersonates: true } },
  });
  const { address } = await temporal();
  client = new Client({ connection: await Connection.connect({ address }), namespace });
  await ensureNamespace(client);
  const engine = new TemporalEngine(client, api.lab.app);
  api.engine.startRun = (organisation, run) => engine.startRun(organisation, run);
  const connection = await NativeConnection.connect({ address });
  const requests = { baseUrl: url, token: async () => site.token, patience: { firstPauseMs: 10 } };
  const sources = new ConnectionSources({
    client: createMailboxClient(requests),
    openCredential: async (sealed, exchangeId) => (await openSealed(site.sealPrivateKey, sealed, connectionCredentialInfo(exchangeId))).toString(),
    createSource: (settings, secret) => new EwsSource(settings, secret),
  });
  const workers = [
    await Worker.create({
      connection, namespace, taskQueue: PLATFORM_QUEUE, workflowBundle: await workflowBundle(), activities: createConnectionTestActivities({ database: api.lab.app }),
    }),
    await Worker.create({
      connection,
      namespace,
      taskQueue: siteQueue(site.row.id),
      activities: createConnectionTestSiteActivities({ client: createConnectionTestClient(requests), sources, logger: pino({ level: 'silent' }) }),
    }),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  close = async () => {
    for (const worker of workers) worker.shutdown();
    await running;
    await sources.close();
    await connection.close();
    await client.connection.close();
    await exchange.close();
    await api.close();
  };
}, 60_000);
afterEach(() => exchange.faults.clear());
afterAll(() => close());

const testing = (...args: string[]) => shell.run(args);
async function done(args: string[], input?: string) {
  const result = await shell.run(args, input === undefined ? {} : { input });
  expect([result.stderr, result.code]).toEqual(['', 0]);
  return result;
}
const shown = async () => (await done(['connection', 'show', 'exchange', '--json'])).json() as ConnectionAnswer;

test('a connection is added with a wrong password, tested, refused, corrected and cured', async () => {
  await done(['connection', 'add', 'exchange', '--address', exchange.url, '--authentication', 'basic', '--account', 'svc', '--password-stdin'], 'wrong');

  const refused = await testing('connection', 'test', 'exchange', '--mailbox', ada.address);
  expect(refused.code).toBe(1);
  expect(refused.stdout).toMatch(/✗ sign in .*\(ews\.credential-refused\)\n +→ Enter them again/);
  expect((await shown()).refused).toMatchObject({ code: 'ews.credential-refused' });
  expect((await done(['connection', 'show', 'exchange'])).stdout).toContain('ews.credential-refused');
  const status = await shell.run(['status', '--json']);
  expect(status.code).toBe(3);
  expect(status.json()).toMatchObject({ attention: expect.arrayContaining([expect.objectContaining({ subject: 'connection exchange' })]) as unknown });

  await done(['connection', 'change', 'exchange', '--password-stdin'], password);
  // Somebody acted: it is no longer taken for refused.
  expect((await shown()).refused).toBeNull();
  const passed = await testing('connection', 'test', 'exchange', '--mailbox', ada.address, '--json');
  expect(passed.code).toBe(0);
  const run = passed.json() as Run;
  expect(run).toMatchObject({ kind: 'connection-test', connection: 'exchange', state: 'succeeded' });
  expect(run.report?.map(({ outcome }) => outcome)).toEqual(['passed', 'passed', 'skipped', ...Array.from({ length: 7 }, () => 'passed')]);
  const stored = await api.lab.owner.selectFrom('exchange_connection').select('refused_at').where('name', '=', 'exchange').executeTakeFirstOrThrow();
  expect(stored.refused_at).toBeNull();
});

test('no address and no sentence enters the history', async () => {
  const rows = await api.lab.owner.selectFrom('run').select('workflow_id').where('kind', '=', 'connection-test').execute();
  expect(rows.length).toBeGreaterThan(0);
  for (const { workflow_id: id } of rows) {
    const history = JSON.stringify(await client.workflow.getHandle(id).fetchHistory(), (key, value: unknown) =>
      key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
    );
    expect(history).toContain('testConnection');
    expect(history).not.toMatch(/mail\.example|refused account|127\.0\.0\.1/);
  }
});

test('a task says whose mailboxes it means and tests its connection with the first', async () => {
  await done(['definition', 'add', 'all']);
  await done(['mailbox-group', 'add', 'pilot', '--mailbox', `${ada.address},zoe@mail.example.test`]);
  await done(['task', 'add', 'first', '--definition', 'all', '--group', 'pilot']);
  const result = await testing('task', 'test', 'first', '--json');
  expect(result.code).toBe(0);
  expect(result.json()).toMatchObject({
    connection: 'exchange', mailbox: ada.address, cannot: [], group: { counts: { mailboxes: 2, skipped: 0 }, skipped: [] }, run: { state: 'succeeded' },
  });
  exchange.faults.inject({ kind: 'error', code: 'ErrorImpersonateUserDenied' }, { mailbox: ada.address });
  const denied = await testing('task', 'test', 'first');
  expect(denied.code).toBe(1);
  expect(denied.stdout).toMatch(/mailboxes +2\n[\s\S]*✗ act as the owner .*\(ews\.impersonation-denied\)/);
  // What concerns one mailbox says nothing of the account.
  expect((await shown()).refused).toBeNull();
});

test('a task of a site without a connection is told so', async () => {
  await acme.site('empty');
  await done(['task', 'add', 'lost', '--site', 'empty', '--definition', 'all', '--group', 'pilot']);
  const result = await shell.run(['task', 'test', 'lost', '--json']);
  expect([result.code, result.json()]).toEqual([5, { error: expect.objectContaining({ code: 'task.no-connection' }) as unknown }]);
});
