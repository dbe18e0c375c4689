import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Context, CancelledFailure } from '@temporalio/activity';
import { Connection, type WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import { issueInstallationToken } from '../../src/archive/api-tokens.ts';
import { SITE_ACCESS, signToken, TEMPORAL_UI_COOKIE } from '../../src/security/signed-token.ts';
import { siteQueue } from '../../src/shared/names.ts';
import { daemon, labFolder, until } from '../lab/component.ts';
import { type GatewayLab, gatewayLab, startPlatformWorker, startSiteWorker } from '../lab/gateway.ts';
import { freePort } from '../lab/ports.ts';
import { type EnrolledSite, enrolledSite } from '../lab/site-platform.ts';
import { LAB_NAMESPACE } from '../lab/temporal-client.ts';

let lab: GatewayLab;
let berlin: EnrolledSite;
let paris: EnrolledSite;
let platformWorker: { stop(): Promise<void> };
const cleanUps: (() => Promise<void>)[] = [];

beforeAll(async () => {
  lab = await gatewayLab();
  berlin = await enrolledSite(lab.platform);
  paris = await enrolledSite(lab.platform);
  platformWorker = await startPlatformWorker(lab);
});
afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  await platformWorker.stop();
  await lab.close();
});

/** A connection that can call any method, with any credential. */
async function connectionOf(apiKey: string | undefined): Promise<Connection> {
  // Without the SDK's interceptors, which would try refused calls again.
  const connection = Connection.lazy({ address: lab.gatewayAddress, tls: false, interceptors: [], ...(apiKey === undefined ? {} : { apiKey }) });
  cleanUps.push(() => connection.close());
  return connection;
}

const { status } = await import('@grpc/grpc-js');
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'OK',
    (error: Error & { code?: number }) => status[error.code ?? -1] ?? error.message,
  );

const startCall = (site: EnrolledSite, activity: string, args: unknown[] = [], attempts = 1) =>
  lab.client.workflow.start('callSite', {
    workflowId: `gateway-${randomUUID()}`,
    taskQueue: lab.queue,
    args: [{ queue: siteQueue(site.id), activity, args, attempts }],
  });

async function withSiteWorker<T>(site: EnrolledSite, activities: object, work: () => Promise<T>): Promise<T> {
  const worker = await startSiteWorker(lab, site, activities);
  try {
    return await work();
  } finally {
    await worker.stop();
  }
}

const failureOf = (result: Promise<unknown>): Promise<WorkflowFailedError> =>
  result.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: WorkflowFailedError) => error,
  );

const openCalls = async (): Promise<number> =>
  (await lab.metrics.getSingleMetric('lockstep_gateway_open_calls')?.get())?.values[0]?.value ?? 0;

/** Takes one task of the site by hand. */
async function takeTask(site: EnrolledSite) {
  const connection = await connectionOf(await site.tokens.token());
  const task = await connection.workflowService.pollActivityTaskQueue({
    namespace: LAB_NAMESPACE,
    taskQueue: { name: siteQueue(site.id) },
    identity: 'by-hand',
  });
  expect(task.taskToken.length).toBeGreaterThan(0);
  return { connection, task };
}

test('A real worker polls and answers its own queue through the gateway', async () => {
  const handle = await startCall(berlin, 'double', [21]);
  expect(await withSiteWorker(berlin, { double: async (n: number) => n * 2 }, (): Promise<unknown> => handle.result())).toBe(42);
});

test('Heartbeat details, cancellation and failures pass in both directions', async () => {
  const activities = {
    async resume() {
      const before = Context.current().info.heartbeatDetails as unknown;
      if (before === undefined) {
        Context.current().heartbeat({ page: 7 });
        throw new Error('broken in the middle');
      }
      return before;
    },
    async wait() {
      for (;;) {
        Context.current().heartbeat('alive');
        await Context.current().sleep(100);
      }
    },
    async fail() {
      throw ApplicationFailure.create({ type: 'ConfigInvalid', message: 'the filter is wrong', nonRetryable: true, details: [{ at: 3 }] });
    },
  };
  await withSiteWorker(berlin, activities, async () => {
    expect(await (await startCall(berlin, 'resume', [], 2)).result()).toEqual({ page: 7 });

    const waiting = await startCall(berlin, 'wait');
    await until('the activity runs', async () => (await waiting.describe()).raw.pendingActivities?.[0]?.lastHeartbeatTime != null);
    await waiting.cancel();
    expect((await failureOf(waiting.result())).cause).toBeInstanceOf(CancelledFailure);

    const failed = await failureOf((await startCall(berlin, 'fail', [], 3)).result());
    expect(failed.cause?.cause).toMatchObject({ type: 'ConfigInvalid', message: 'the filter is wrong', details: [{ at: 3 }] });
  });
});

test('Nothing of what a site receives or sends stands in clear in the stored history', async () => {
  const secret = `secret-${randomUUID()}`;
  const activities = {
    async work() {
      Context.current().heartbeat(`${secret}-heartbeat`);
      if (Context.current().info.attempt === 1) throw new Error(`${secret}-first`);
      throw ApplicationFailure.create({
        type: 'ItemUnreadable',
        nonRetryable: true,
        message: `${secret}-message`,
        details: [`${secret}-detail`],
        cause: new Error(`${secret}-cause`),
      });
    },
    answer: async () => `${secret}-result`,
  };
  await withSiteWorker(berlin, activities, async () => {
    const failing = await startCall(berlin, 'work', [`${secret}-input`], 2);
    await expect(failing.result()).rejects.toBeDefined();
    const answering = await startCall(berlin, 'answer');
    expect(await answering.result()).toBe(`${secret}-result`);
    for (const handle of [failing, answering]) {
      const history = await lab.rawClient.workflow.getHandle(handle.workflowId).fetchHistory();
      const bytes = Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish());
      // The search would find it: what is not content is there in clear.
      expect(bytes.includes('callSite')).toBe(true);
      expect(bytes.includes('binary/encrypted')).toBe(true);
      expect(bytes.includes(secret)).toBe(false);
      expect(bytes.includes('gateway.test')).toBe(false);
      expect(bytes.includes('one call of a site')).toBe(false);
    }
    const failure = await lab.rawClient.workflow.getHandle(failing.workflowId).fetchHistory();
    const activityFailed = failure.events?.find((event) => event.activityTaskFailedEventAttributes != null);
    expect(activityFailed?.activityTaskFailedEventAttributes?.failure).toMatchObject({
      message: 'Encoded failure',
      applicationFailureInfo: { type: 'ItemUnreadable' },
    });
  });
});

test('What Temporal holds of a running activity is ciphertext too', async () => {
  const secret = `secret-${randomUUID()}`;
  const activities = {
    async work() {
      Context.current().heartbeat(`${secret}-heartbeat`);
      throw new Error(`${secret}-message`);
    },
  };
  await withSiteWorker(berlin, activities, async () => {
    const handle = await startCall(berlin, 'work', [], 1000);
    const raw = lab.rawClient.workflow.getHandle(handle.workflowId);
    const pending = async () => (await raw.describe()).raw.pendingActivities?.[0];
    await until('it failed once', async () => (await pending())?.lastFailure != null);
    const activity = await pending();
    const bytes = Buffer.from(proto.temporal.api.workflow.v1.PendingActivityInfo.encode(activity ?? {}).finish());
    expect(activity?.lastFailure?.message).toBe('Encoded failure');
    expect(bytes.includes(secret)).toBe(false);
    expect(activity?.lastWorkerIdentity).toBe(`node-1@${siteQueue(berlin.id)}`);
    await handle.terminate();
  });
});

test('Another queue, another namespace and the platform queue are refused', async () => {
  const { workflowService } = await connectionOf(await berlin.tokens.token());
  const poll = (name: string, namespace = LAB_NAMESPACE) => codeOf(workflowService.pollActivityTaskQueue({ namespace, taskQueue: { name } }));
  expect(await poll(siteQueue(paris.id))).toBe('PERMISSION_DENIED');
  expect(await poll('lockstep')).toBe('PERMISSION_DENIED');
  expect(await poll(lab.queue)).toBe('PERMISSION_DENIED');
  expect(await poll('')).toBe('PERMISSION_DENIED');
  expect(await poll(siteQueue(berlin.id), 'default')).toBe('PERMISSION_DENIED');
  const ours = { namespace: LAB_NAMESPACE };
  const heartbeat = { taskQueue: siteQueue(paris.id), workerInstanceKey: 'x' };
  expect(await codeOf(workflowService.shutdownWorker({ ...ours, taskQueue: siteQueue(paris.id) }))).toBe('PERMISSION_DENIED');
  expect(await codeOf(workflowService.shutdownWorker({ ...ours, workerHeartbeat: heartbeat }))).toBe('PERMISSION_DENIED');
  expect(await codeOf(workflowService.recordWorkerHeartbeat({ ...ours, workerHeartbeat: [heartbeat] }))).toBe('PERMISSION_DENIED');
  expect(await codeOf(workflowService.recordWorkerHeartbeat({ namespace: 'default', workerHeartbeat: [] }))).toBe('PERMISSION_DENIED');
  expect(await codeOf(workflowService.describeNamespace({ namespace: 'default' }))).toBe('PERMISSION_DENIED');
  expect(await codeOf(workflowService.describeNamespace({ id: 'x' }))).toBe('PERMISSION_DENIED');
  expect(await codeOf(workflowService.describeNamespace({ namespace: LAB_NAMESPACE }))).toBe('OK');
  expect(await codeOf(workflowService.getSystemInfo({}))).toBe('OK');
});

test('A site can start, signal, read, list, change and answer nothing but its tasks: every other method is unknown', async () => {
  const victim = await lab.client.workflow.start('waiter', { workflowId: `gateway-${randomUUID()}`, taskQueue: lab.queue });
  const connection = await connectionOf(await berlin.tokens.token());
  const allowed = new Set([
    'GetSystemInfo',
    'DescribeNamespace',
    'PollActivityTaskQueue',
    'RespondActivityTaskCompleted',
    'RespondActivityTaskFailed',
    'RespondActivityTaskCanceled',
    'RecordActivityTaskHeartbeat',
    'RecordWorkerHeartbeat',
    'ShutdownWorker',
  ]);
  const service = proto.temporal.api.workflowservice.v1.WorkflowService as unknown as { methods: Record<string, unknown> };
  const methods = Object.keys(service.methods)
    .filter((name) => !allowed.has(name))
    .map((name) => `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`);
  expect(methods.length).toBeGreaterThan(80);
  expect(methods).toEqual(
    expect.arrayContaining([
      'startWorkflowExecution',
      'signalWorkflowExecution',
      'getWorkflowExecutionHistory',
      'listWorkflowExecutions',
      'pollWorkflowTaskQueue',
      'respondActivityTaskCompletedById',
      'terminateWorkflowExecution',
    ]),
  );
  const execution = { workflowId: victim.workflowId };
  const request = { namespace: LAB_NAMESPACE, workflowId: victim.workflowId, workflowExecution: execution, execution, signalName: 'release' };
  const calls = connection.workflowService as unknown as Record<string, (request: object) => Promise<unknown>>;
  const answers = await Promise.all(methods.map(async (name) => `${name} ${await codeOf(calls[name]?.(request) ?? Promise.resolve())}`));
  expect(answers).toEqual(methods.map((name) => `${name} UNIMPLEMENTED`));
  expect(await codeOf(connection.operatorService.listSearchAttributes({ namespace: LAB_NAMESPACE }))).toBe('UNIMPLEMENTED');
  expect((await victim.describe()).status.name).toBe('RUNNING');
  await victim.terminate();
});

test('A task is answered only by the site that received it, and only with the token that it received', async () => {
  const handle = await startCall(berlin, 'anything', ['x']);
  const { connection, task } = await takeTask(berlin);
  const intruder = await connectionOf(await paris.tokens.token());
  const bent = Buffer.from(task.taskToken);
  bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1;
  // What an insider of Temporal would have: the real token, which is not what sites are given.
  const real = proto.temporal.api.workflowservice.v1.PollActivityTaskQueueResponse.encode({ taskToken: Buffer.from(handle.workflowId) }).finish();
  for (const [who, taskToken] of [
    [intruder, task.taskToken],
    [connection, bent],
    [connection, real],
    [connection, new Uint8Array()],
  ] as const) {
    const { workflowService } = who;
    const request = { namespace: LAB_NAMESPACE, taskToken };
    expect(await codeOf(workflowService.respondActivityTaskCompleted(request))).toBe('PERMISSION_DENIED');
    expect(await codeOf(workflowService.respondActivityTaskFailed(request))).toBe('PERMISSION_DENIED');
    expect(await codeOf(workflowService.respondActivityTaskCanceled(request))).toBe('PERMISSION_DENIED');
    expect(await codeOf(workflowService.recordActivityTaskHeartbeat(request))).toBe('PERMISSION_DENIED');
  }
  expect(Buffer.from(task.taskToken).includes(handle.workflowId)).toBe(false);
  const result = { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"done"') }] };
  expect(await codeOf(connection.workflowService.respondActivityTaskCompleted({ namespace: 'default', taskToken: task.taskToken }))).toBe('PERMISSION_DENIED');
  await connection.workflowService.respondActivityTaskCompleted({ namespace: LAB_NAMESPACE, taskToken: task.taskToken, result });
  expect(await handle.result()).toBe('done');
});

test('No token, an expired one, one of another use and an unsigned one are refused for every method', async () => {
  const good = await berlin.tokens.token();
  const payload = good.split('.')[1] ?? '';
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string; node: string; key: string };
  const keys = lab.platform.keyring.tokenKeys();
  const ours = { sub: claims.sub, node: claims.node, key: claims.key };
  const bad = [
    undefined,
    await signToken(keys, SITE_ACCESS, ours, new Date(Date.now() - 601_000)),
    await signToken(keys, TEMPORAL_UI_COOKIE, ours),
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`,
    await berlin.identity.assertion(),
  ];
  for (const token of bad) {
    const { workflowService } = await connectionOf(token);
    expect(await codeOf(workflowService.getSystemInfo({}))).toBe('UNAUTHENTICATED');
    expect(await codeOf(workflowService.pollActivityTaskQueue({ namespace: LAB_NAMESPACE, taskQueue: { name: siteQueue(berlin.id) } }))).toBe('UNAUTHENTICATED');
  }
});

test('A site token is nothing to the administrative API, and an API token nothing to the gateway', async () => {
  const siteToken = await berlin.tokens.token();
  const document = (await (await fetch(`${lab.platform.url}/docs/json`)).json()) as { paths: Record<string, object> };
  let asked = 0;
  for (const [path, operations] of Object.entries(document.paths).filter(([name]) => name.startsWith('/api/v1/'))) {
    for (const method of Object.keys(operations)) {
      const url = `${lab.platform.url}${path.replace(/\{[^}]+\}/g, randomUUID())}`;
      const { status: answer } = await fetch(url, { method: method.toUpperCase(), headers: { authorization: `Bearer ${siteToken}` } });
      // 429: after twenty tokens that are none, the address has to wait.
      expect([`${method} ${path} 401`, `${method} ${path} 429`]).toContain(`${method} ${path} ${answer}`);
      asked += 1;
    }
  }
  expect(asked).toBeGreaterThan(20);
  const { token } = await issueInstallationToken(lab.platform.database.app, 'lab');
  expect(await codeOf((await connectionOf(token)).workflowService.getSystemInfo({}))).toBe('UNAUTHENTICATED');
});

test('A malformed request is refused as such', async () => {
  const { Client, credentials, Metadata } = await import('@grpc/grpc-js');
  const raw = new Client(lab.gatewayAddress, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${await berlin.tokens.token()}`);
  const path = '/temporal.api.workflowservice.v1.WorkflowService/PollActivityTaskQueue';
  const identity = (bytes: Buffer) => bytes;
  const send = (bytes: Buffer) =>
    codeOf(new Promise((resolve, reject) => raw.makeUnaryRequest(path, identity, identity, bytes, metadata, (error, answer) => (error ? reject(error) : resolve(answer)))));
  expect(await send(Buffer.from('ffffffff', 'hex'))).toBe('INVALID_ARGUMENT');
  expect(await send(Buffer.alloc(5 * 1024 * 1024))).toBe('RESOURCE_EXHAUSTED');
  raw.close();
});

test('A disabled site is cut within seconds, waiting polls too', async () => {
  const site = await enrolledSite(lab.platform);
  const set = (state: 'disabled' | 'enrolled') =>
    lab.platform.database.owner.updateTable('site').set({ state }).where('id', '=', site.id).execute();
  const { workflowService } = await connectionOf(await site.tokens.token());
  const poll = () => codeOf(workflowService.pollActivityTaskQueue({ namespace: LAB_NAMESPACE, taskQueue: { name: siteQueue(site.id) } }));
  const before = await openCalls();
  const waiting = poll();
  await until('the poll waits', async () => (await openCalls()) > before);
  await set('disabled');
  expect(await waiting).toBe('PERMISSION_DENIED');
  expect(await poll()).toBe('PERMISSION_DENIED');
});

test('The deadline of a poll is passed on, and a poll that the site gives up is given up at Temporal too', async () => {
  const site = await enrolledSite(lab.platform);
  const connection = await connectionOf(await site.tokens.token());
  const poll = () => connection.workflowService.pollActivityTaskQueue({ namespace: LAB_NAMESPACE, taskQueue: { name: siteQueue(site.id) } });
  // Temporal answers with nothing shortly before the deadline, instead of after a minute.
  expect((await connection.withDeadline(Date.now() + 3_000, poll)).taskToken).toHaveLength(0);
  const before = await openCalls();
  const abort = new AbortController();
  const given = connection.withAbortSignal(abort.signal, () => codeOf(poll()));
  await until('the poll waits', async () => (await openCalls()) > before);
  abort.abort();
  expect(await given).toBe('CANCELLED');
  await until('the gateway gave it up', async () => (await openCalls()) === before);
  const handle = await startCall(site, 'double', [4]);
  expect(await withSiteWorker(site, { double: async (n: number) => n * 2 }, () => handle.result())).toBe(8);
});

test('The worker of a disabled site waits, and goes on by itself when the site is enabled', async () => {
  const site = await enrolledSite(lab.platform);
  const set = (state: 'disabled' | 'enrolled') =>
    lab.platform.database.owner.updateTable('site').set({ state }).where('id', '=', site.id).execute();
  const refusedPolls = async () => (await lab.metrics.metrics()).match(/method="PollActivityTaskQueue",outcome="permission_denied"\} (\d+)/)?.[1];
  await withSiteWorker(site, { double: async (n: number) => n * 2 }, async () => {
    expect(await (await startCall(site, 'double', [1])).result()).toBe(2);
    const before = await refusedPolls();
    await set('disabled');
    await until('its polls are refused', async () => (await refusedPolls()) !== before);
    const handle = await startCall(site, 'double', [4]);
    const again = await refusedPolls();
    await until('it tries again and is refused', async () => (await refusedPolls()) !== again);
    expect((await handle.describe()).raw.pendingActivities?.[0]?.lastStartedTime).toBeFalsy();
    await set('enrolled');
    expect(await handle.result()).toBe(8);
  });
});

test('When the Temporal server was killed and is back, the same worker goes on through the same gateway', async () => {
  const port = await freePort();
  const start = (times: number) =>
    daemon(`temporal-killed-${times}`, process.env['LOCKSTEP_TEMPORAL_CLI'] ?? 'temporal', [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--headless', '--log-level', 'error'],
      ...['--namespace', LAB_NAMESPACE, '--db-filename', `${labFolder()}/killed.db`],
    ]);
  const pid = await start(1);
  const address = `127.0.0.1:${port}`;
  await until('the Temporal server serves the namespace', async () => {
    const connection = Connection.lazy({ address });
    const answer = await codeOf(connection.workflowService.describeNamespace({ namespace: LAB_NAMESPACE }));
    await connection.close();
    return answer === 'OK';
  });
  const other = await gatewayLab(address);
  const site = await enrolledSite(other.platform);
  const platformSide = await startPlatformWorker(other);
  const siteSide = await startSiteWorker(other, site, { double: async (n: number) => n * 2 });
  const call = (n: number) =>
    other.client.workflow.execute('callSite', {
      workflowId: `killed-${n}`,
      taskQueue: other.queue,
      args: [{ queue: siteQueue(site.id), activity: 'double', args: [n], attempts: 5 }],
    });
  try {
    expect(await call(1)).toBe(2);
    process.kill(pid, 'SIGKILL');
    await start(2);
    let result: unknown;
    await until('Temporal takes calls again', async () => {
      result = await call(2).catch(() => undefined);
      return result !== undefined;
    });
    expect(result).toBe(4);
  } finally {
    await siteSide.stop();
    await platformSide.stop();
    await other.close();
  }
});

test('One site cannot take up all polls of the namespace', async () => {
  const site = await enrolledSite(lab.platform);
  const connection = await connectionOf(await site.tokens.token());
  const abort = new AbortController();
  const answers: string[] = [];
  const polls = await connection.withAbortSignal(abort.signal, async () =>
    Array.from({ length: 60 }, async () => {
      answers.push(await codeOf(connection.workflowService.pollActivityTaskQueue({ namespace: LAB_NAMESPACE, taskQueue: { name: siteQueue(site.id) } })));
    }),
  );
  await until('twenty are refused', async () => answers.length >= 20);
  abort.abort();
  await Promise.all(polls);
  expect(Object.groupBy(answers, (answer) => answer)).toEqual({
    RESOURCE_EXHAUSTED: Array<string>(20).fill('RESOURCE_EXHAUSTED'),
    CANCELLED: Array<string>(40).fill('CANCELLED'),
  });
});

test('Calls are counted by method and outcome', async () => {
  const text = await lab.metrics.metrics();
  expect(text).toMatch(/lockstep_gateway_calls_total\{method="PollActivityTaskQueue",outcome="ok"\} [1-9]/);
  expect(text).toMatch(/lockstep_gateway_calls_total\{method="PollActivityTaskQueue",outcome="permission_denied"\} [1-9]/);
});
