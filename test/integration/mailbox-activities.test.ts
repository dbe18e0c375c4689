/** The activities of folder replication on a real Temporal server: what enters a history, waits, and cancellation. */
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { createMailboxSiteActivities } from '../../src/activities/mailbox/mailbox-activities.ts';
import { ensureNamespace } from '../../src/client/namespace.ts';
import { EwsSource } from '../../src/exchange/ews/ews-source.ts';
import { type SampleExchange, startSampleExchange } from '../../src/sample/exchange/server.ts';
import { until } from '../lab/component.ts';
import { aMailbox, archiveClient, aTask, aTaskRun, noContent, type LabMailbox, type LabTask } from '../lab/mailboxes.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { pictureOfArchive, pictureOfSample, sampleMailbox } from '../lab/sample-mail.ts';
import { temporal } from '../lab/temporal.ts';
import type { SiteWork } from '../lab/test-workflows/index.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const namespace = 'mailbox-activities';
const queue = 'site.mailbox-activities';

let lab: LabDatabase;
let client: Client;
let native: NativeConnection;
let worker: Worker;
let running: Promise<void>;
let exchange: SampleExchange;
let source: EwsSource;
let task: LabTask;
let mailboxes: LabMailbox[];
let atWork = 0;
const samples = ['ada', 'bob'].map((name, index) => sampleMailbox(`${name}@mail.example.test`, 60, index + 1));

beforeAll(async () => {
  lab = await freshDatabase();
  exchange = await startSampleExchange({ mailboxes: samples, accounts: { svc: { password: 'secret', impersonates: true } } });
  source = new EwsSource({ type: 'ews', url: exchange.url, authentication: 'basic', account: 'svc' }, 'secret');
  task = await aTask(lab.owner);
  mailboxes = [];
  for (const { owner } of samples) mailboxes.push(await aMailbox(lab.owner, task, owner.address));
  const { address } = await temporal();
  client = new Client({ connection: await Connection.connect({ address }), namespace });
  await ensureNamespace(client);
  native = await NativeConnection.connect({ address });
  worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: queue,
    workflowsPath: fileURLToPath(new URL('../lab/test-workflows/index.ts', import.meta.url)),
    activities: createMailboxSiteActivities({
      client: archiveClient(lab.app, task),
      sources: {
        async use(_, __, work) {
          atWork += 1;
          return work(source).finally(() => (atWork -= 1));
        },
      },
      content: noContent,
      logger: pino({ level: 'silent' }),
      timing: { heartbeatMs: 200 },
    }),
    maxHeartbeatThrottleInterval: '200 ms',
  });
  running = worker.run();
}, 60_000);
afterEach(() => exchange.faults.clear());
afterAll(async () => {
  worker.shutdown();
  await running;
  await native.close();
  await client.connection.close();
  await source.close();
  await exchange.close();
  await lab.close();
});

let calls = 0;
const start = (activity: string, input: unknown, attempts = 1) =>
  client.workflow.start('callSite', { taskQueue: queue, workflowId: `call-${(calls += 1)}`, args: [{ queue, activity, args: [input], attempts } satisfies SiteWork] });
const run = async (activity: string, input: unknown, attempts?: number): Promise<unknown> => (await start(activity, input, attempts)).result();
const newRun = () => aTaskRun(lab.owner, task, mailboxes);
const failureOf = async (work: Promise<unknown>) => {
  const error = await work.then(() => undefined, (reason: WorkflowFailedError) => reason.cause);
  return error?.cause ?? error;
};

test('mailboxes are swept, those that need more are done by themselves, and the next sweep has nothing to leave', async () => {
  const runId = await newRun();
  expect(await run('sweepMailboxes', { runId, offset: 0, length: 10 })).toEqual({ finished: 0, failed: 0, deferred: [0, 1] });
  expect(await run('processMailbox', { runId, ordinal: 0 })).toEqual({ outcome: 'finished' });
  expect(await run('processMailbox', { runId, ordinal: 1 })).toEqual({ outcome: 'finished' });
  for (const [index, mailbox] of mailboxes.entries()) {
    const sample = samples[index];
    if (sample === undefined) throw new Error('no sample');
    expect(await pictureOfArchive(lab.app, task.organisation, mailbox, { kind: 'live' })).toEqual(pictureOfSample(sample));
  }
  expect(await run('sweepMailboxes', { runId: await newRun(), offset: 0, length: 10 })).toEqual({ finished: 2, failed: 0, deferred: [] });
});

test('a throttled mailbox waits as long as Exchange asks, and is then done', async () => {
  exchange.faults.inject({ kind: 'busy', shape: 'fault', backOffMs: 300 }, {}, 1);
  expect(await run('processMailbox', { runId: await newRun(), ordinal: 0 }, 5)).toEqual({ outcome: 'finished' });
  expect(exchange.faults.occurred('busy')).toBe(1);
});

test('a failure enters the history with its class and code, and no sentence', async () => {
  exchange.faults.inject({ kind: 'status', status: 200, contentType: 'text/html', body: '<html>Secret of ada</html>' });
  const failure = await failureOf(run('processMailbox', { runId: await newRun(), ordinal: 0 }));
  if (!(failure instanceof ApplicationFailure)) throw new Error('expected an ApplicationFailure');
  expect(failure).toMatchObject({ type: 'Unavailable', message: 'ews.not-exchange', nonRetryable: false });
  expect(JSON.stringify([failure.message, failure.details, failure.stack])).not.toMatch(/ada/);
});

test('what no retry can cure is the result of the mailbox, not a failure', async () => {
  exchange.faults.inject({ kind: 'error', code: 'ErrorNonExistentMailbox' });
  expect(await run('processMailbox', { runId: await newRun(), ordinal: 0 })).toEqual({ outcome: 'failed' });
});

test('a cancelled activity ends while Exchange does not answer', async () => {
  exchange.faults.inject({ kind: 'hang' });
  const before = exchange.faults.occurred('hang');
  const handle = await start('processMailbox', { runId: await newRun(), ordinal: 1 });
  await until('Exchange is asked', async () => exchange.faults.occurred('hang') > before);
  await handle.cancel();
  const error = await handle.result().then(() => undefined, (reason: WorkflowFailedError) => reason.cause);
  expect(error).toBeInstanceOf(CancelledFailure);
  await until('nobody reads any more', async () => atWork === 0);
});
