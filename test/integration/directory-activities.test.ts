/**
 * The whole path of a directory run: the product's workflows on a real Temporal server, the site's activities, the ingest
 * API over real sockets, the archive in a real PostgreSQL. Only the directory is a sample, because it must fail on demand.
 */
import type { Socket } from 'node:net';
import { createHash } from 'node:crypto';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import Fastify, { type FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { createDirectorySiteActivities } from '../../src/activities/directory/site-activities.ts';
import { createRunActivities } from '../../src/activities/platform/run-activities.ts';
import { ingestRoutes } from '../../src/api/ingest/ingest-routes.ts';
import { answerProblems } from '../../src/api/problem-handler.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { openDirectoryReading } from '../../src/archive/directory-reading.ts';
import { requestRun } from '../../src/archive/runs.ts';
import { createIngestClient } from '../../src/client/ingest-client.ts';
import type { Patience } from '../../src/client/platform-requests.ts';
import { ensureNamespace } from '../../src/client/namespace.ts';
import { TemporalEngine } from '../../src/client/temporal-engine.ts';
import { defaultTimeouts } from '../../src/directory/ldap-connection.ts';
import { createLdapSource } from '../../src/directory/ldap-source.ts';
import type { DirectoryObject } from '../../src/sample/directory/model.ts';
import { type SampleDirectory, startSampleDirectory } from '../../src/sample/directory/server.ts';
import type { DirectorySettings } from '../../src/shared/directory.ts';
import { PLATFORM_QUEUE, siteQueue } from '../../src/shared/names.ts';
import type { DirectoryRunKind } from '../../src/shared/runs.ts';
import { MemoryBlobs } from '../lab/memory-blobs.ts';
import { aDirectory } from '../lab/builders.ts';
import { until } from '../lab/component.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { temporal } from '../lab/temporal.ts';
import { workflowBundle } from '../lab/workflow-bundle.ts';

const namespace = 'directory-activities';
const password = 'S3cret of svc';
const dnsName = 'whole-path.example.test';
const baseDn = 'DC=whole-path,DC=example,DC=test';
const PEOPLE = 1203;
const logger = pino({ level: 'silent' });

const guid = (name: string): Buffer => createHash('sha256').update(name).digest().subarray(0, 16);
const personDn = (index: number): string => `CN=Surname ${index},OU=People,${baseDn}`;
function* objects(): Generator<DirectoryObject> {
  const user = ['top', 'person', 'organizationalPerson', 'user'];
  yield { dn: `OU=People,${baseDn}`, attributes: { objectClass: ['top', 'organizationalUnit'], objectGUID: guid('people') } };
  yield {
    dn: `CN=svc,${baseDn}`,
    attributes: { objectClass: user, objectGUID: guid('svc'), sAMAccountName: 'svc', userPrincipalName: `svc@${dnsName}`, userAccountControl: '512' },
  };
  for (let index = 0; index < PEOPLE; index++) {
    yield {
      dn: personDn(index),
      attributes: { objectClass: user, objectGUID: guid(`${index}`), cn: `Surname ${index}`, mail: `surname${index}@whole-path.example`, userAccountControl: '512' },
    };
  }
  const members = Array.from({ length: PEOPLE }, (_, index) => personDn(index));
  yield { dn: `CN=Everybody,${baseDn}`, attributes: { objectClass: ['top', 'group'], objectGUID: guid('everybody'), cn: 'Everybody', groupType: '8', member: members } };
}

/** What the platform does to the next page request instead of, or after, its work. */
type PageFault = 'lose-answer' | 'break' | 'busy' | (() => Promise<void>);

let lab: LabDatabase;
let api: FastifyInstance;
let baseUrl: string;
let client: Client;
let platform: Worker;
let native: NativeConnection;
let platformRunning: Promise<void>;
let directory: SampleDirectory;
let pageFaults: PageFault[] = [];
let pagesTried = 0;

beforeAll(async () => {
  lab = await freshDatabase();
  directory = await startSampleDirectory({ model: { dnsName, netbiosName: 'WHOLE', objects: objects(), passwords: { svc: password } } });
  api = Fastify();
  answerProblems(api);
  const losesAnswer = new WeakSet<Socket>();
  api.addHook('onRequest', async (request, reply) => {
    if (!request.url.includes('/pages/')) return;
    pagesTried += 1;
    const fault = pageFaults.shift();
    if (typeof fault === 'function') await fault();
    else if (fault === 'break') {
      reply.hijack();
      request.raw.socket.destroy();
    }
    else if (fault === 'lose-answer') losesAnswer.add(request.raw.socket);
    else if (fault === 'busy') return reply.code(429).header('retry-after', 1).send({ code: 'ingest.busy' });
  });
  api.addHook('onSend', async (request) => {
    if (losesAnswer.has(request.raw.socket)) request.raw.socket.destroy();
  });
  await api.register(ingestRoutes, {
    prefix: '/site/v1',
    database: lab.app,
    blobs: new MemoryBlobs(),
    keyring: { decrypt: async (_organisation, _purpose, sealed) => sealed },
    authenticateSite: async (header) => {
      const site = await lab.owner.selectFrom('site').selectAll().where('id', '=', (header?.replace('Bearer ', '') ?? '') as never).executeTakeFirstOrThrow();
      return { kind: 'site', organisationId: site.org_id, siteId: site.id, node: 'node' };
    },
  });
  baseUrl = await api.listen({ host: '127.0.0.1', port: 0 });

  const { address } = await temporal();
  client = new Client({ connection: await Connection.connect({ address }), namespace });
  await ensureNamespace(client);
  native = await NativeConnection.connect({ address });
  platform = await Worker.create({
    connection: native, namespace, taskQueue: PLATFORM_QUEUE, workflowBundle: await workflowBundle(), activities: createRunActivities({ database: lab.app }),
  });
  platformRunning = platform.run();
});
afterEach(() => {
  directory.faults.clear();
  pageFaults = [];
});
afterAll(async () => {
  platform.shutdown();
  await platformRunning;
  await native.close();
  await client.connection.close();
  await api.close();
  await directory.close();
  await lab.close();
});

interface RunOptions {
  readonly kind?: DirectoryRunKind;
  readonly settings?: Partial<DirectorySettings>;
  readonly stalledMs?: number;
  readonly silenceMs?: number;
  readonly patience?: Partial<Patience>;
}
type Directory = Awaited<ReturnType<typeof aDirectory>>;
const settings = (): DirectorySettings => ({
  host: directory.host, port: directory.port, security: 'plain', account: `svc@${dnsName}`, baseDn, acknowledgeDisabled: true,
});
const aSealedDirectory = async (overrides: Partial<DirectorySettings> = {}): Promise<Directory> => {
  const made = await aDirectory(lab.owner, { ...settings(), ...overrides });
  await lab.owner.updateTable('directory_integration').set({ credential: Buffer.from(password) }).where('id', '=', made.integration.id).execute();
  return made;
};

/** Starts a run with a site of its own, lets the test watch it, and ends the site. */
async function withRun<T>(of: Directory, options: RunOptions, watch: (handle: WorkflowHandle, run: { id: string }) => Promise<T>): Promise<T> {
  const { organisation, site, integration } = of;
  const ingest = createIngestClient({ baseUrl, token: async () => site.id, patience: { firstPauseMs: 10, ...options.patience } });
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: siteQueue(site.id),
    activities: createDirectorySiteActivities({
      ingest,
      openCredential: async (sealed) => sealed.toString(),
      createSource: (source) => createLdapSource({ ...source, timeouts: { ...defaultTimeouts, silenceMs: options.silenceMs ?? 30_000 } }),
      logger,
      timing: { heartbeatMs: 100, ...(options.stalledMs === undefined ? {} : { stalledMs: options.stalledMs }) },
    }),
    // A cancellation comes with the answer to a heartbeat; by default these go out every 24 s here.
    maxHeartbeatThrottleInterval: '200 ms',
    shutdownForceTime: '10 seconds',
  });
  return worker.runUntil(async () => {
    const { run } = await withOrganisation(lab.app, organisation.id, (tx) =>
      requestRun(tx, { integration: integration.id, kind: options.kind ?? 'directory-sync', trigger: 'manual' }),
    );
    await new TemporalEngine(client, lab.app).startRun(organisation.id, run.id);
    return watch(client.workflow.getHandle(run.workflow_id), run);
  });
}
const finished = (of: Directory, options: RunOptions = {}) =>
  withRun(of, options, async (handle, run) => {
    const outcome: unknown = await handle.result().then((result: unknown) => ({ result }), (error: unknown) => ({ error }));
    return { outcome, row: await rowOf(run), history: await historyOf(handle) };
  });

const rowOf = ({ id }: { id: string }) => lab.owner.selectFrom('run').selectAll().where('id', '=', id as never).executeTakeFirstOrThrow();
/** What the archive holds of the directory; the sample's own objects are what it should be. */
const archived = async ({ integration }: Directory) => {
  const of = lab.owner.selectFrom('directory_object').where('integration_id', '=', integration.id);
  const found = await of.select(['dn', 'guid']).where('listed', '=', true).where('missing_since', 'is', null).execute();
  const members = await lab.owner
    .selectFrom('directory_member').innerJoin('directory_object', 'directory_object.id', 'directory_member.group_id')
    .select('member_dn').where('integration_id', '=', integration.id).execute();
  return { dns: found.map(({ dn }) => dn).toSorted(), members: members.map(({ member_dn }) => member_dn).toSorted() };
};
const expected = () => {
  const members = Array.from({ length: PEOPLE }, (_, index) => personDn(index)).toSorted();
  return { dns: [...members, `CN=Everybody,${baseDn}`].toSorted(), members };
};
/** Everything that the Temporal server keeps of a run, payloads as text. */
const historyOf = async (handle: WorkflowHandle): Promise<string> =>
  JSON.stringify(await handle.fetchHistory(), (key, value: unknown) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
  );
/** Neither names nor addresses, nor the account, nor the password. */
const expectNoContent = (history: string) => {
  expect(history).toContain('runId'); // the payloads are really there
  for (const secret of ['Surname', 'whole-path', 'Everybody', password, directory.host]) expect(history).not.toContain(secret);
};

describe('a sync', () => {
  test('ends with the archive equal to the directory, and a history of counts only', async () => {
    const of = await aSealedDirectory();
    const { outcome, row, history } = await finished(of);
    expect(outcome).toMatchObject({ result: { outcome: 'succeeded' } });
    expect(row).toMatchObject({ state: 'succeeded', error: null, totals: { seen: PEOPLE + 1, added: PEOPLE + 1, members: PEOPLE, problems: 0 } });
    expect(await archived(of)).toEqual(expected());
    expectNoContent(history);

    expect((await finished(of)).row).toMatchObject({ state: 'succeeded', totals: { seen: PEOPLE + 1, added: 0, changed: 0, unchanged: PEOPLE + 1, missing: 0 } });
  });

  test('commits every page once although an answer got lost and the platform was busy', async () => {
    const of = await aSealedDirectory();
    pageFaults = ['lose-answer', 'busy', 'break'];
    pagesTried = 0;
    const { row } = await finished(of);
    expect(row).toMatchObject({ state: 'succeeded', epoch: '1', totals: { seen: PEOPLE + 1, added: PEOPLE + 1 } });
    expect(pagesTried).toBe(Number((row.totals as { pages: number }).pages) + 3);
    expect(await archived(of)).toEqual(expected());
  });

  test.each([
    ['the connection was cut in a page', { kind: 'cut', at: { page: 2 } }],
    ['the server forgot the cookie', { kind: 'result', at: { page: 2 }, code: 53 }],
    ['the server was busy', { kind: 'result', at: { page: 3 }, code: 51 }],
    ['the server hung', { kind: 'hang', at: { page: 2 } }],
  ] as const)('begins again from the start after %s, and ends equal', async (_, fault) => {
    const of = await aSealedDirectory();
    directory.faults.inject(fault, 1);
    const { row, history } = await finished(of, { silenceMs: 1000 });
    expect(row).toMatchObject({ state: 'succeeded', epoch: '2' });
    expect(await archived(of)).toEqual(expected());
    expectNoContent(history);
  });

  test('begins again after the platform was away for longer than a site waits inside', async () => {
    const of = await aSealedDirectory();
    pageFaults = ['break', 'break', 'break'];
    const { row } = await finished(of, { patience: { outageMs: 25, firstPauseMs: 10 } });
    expect(row).toMatchObject({ state: 'succeeded' });
    expect(Number(row.epoch)).toBeGreaterThan(1);
    expect(await archived(of)).toEqual(expected());
  });

  test('a refused password ends the run at once, with the sentences in the database and the code in the history', async () => {
    const of = await aSealedDirectory();
    directory.faults.inject({ kind: 'refuse-bind', reason: 'account-locked' });
    const before = directory.faults.occurred('refuse-bind');
    const { outcome, row, history } = await finished(of);
    const failure = ((outcome as { error?: Error }).error?.cause ?? {}) as ApplicationFailure;
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect([failure.type, failure.message]).toEqual(['AuthRejected', 'ldap.account-locked']);
    // Signing in again and again would keep the account locked.
    expect(directory.faults.occurred('refuse-bind') - before).toBe(1);
    expect(row).toMatchObject({ state: 'failed', error: { class: 'AuthRejected', code: 'ldap.account-locked', message: 'The account is locked.' } });
    expect(await archived(of)).toEqual({ dns: [], members: [] });
    expectNoContent(history);
  });

  test('a reading that fails changes nothing of what is there', async () => {
    const of = await aSealedDirectory();
    await finished(of);
    directory.faults.inject({ kind: 'truncate', objects: 0 });
    expect((await finished(of)).row).toMatchObject({ state: 'held', error: { code: 'directory.nothing-found' } });
    expect(await archived(of)).toEqual(expected());
  });

  test('an attempt that was overtaken stops, and the run is read by another', async () => {
    const of = await aSealedDirectory();
    await withRun(of, {}, async (handle, run) => {
      pageFaults = [
        async () => {
          await withOrganisation(lab.app, of.organisation.id, (tx) => openDirectoryReading(tx, { id: run.id as never, integration: of.integration.id, kind: 'directory-sync' }));
        },
      ];
      await handle.result();
      expect((await rowOf(run)).epoch).toBe('3');
    });
    expect(await archived(of)).toEqual(expected());
  });

  test('a source that lets no page through is stalled: reported, and tried again', async () => {
    const of = await aSealedDirectory();
    directory.faults.inject({ kind: 'hang', at: { page: 2 } }, 1);
    await withRun(of, { stalledMs: 1500 }, async (handle, run) => {
      await until('the stall is reported', async () => JSON.stringify((await rowOf(run)).error).includes('directory.stalled'));
      await handle.result();
      expect((await rowOf(run)).state).toBe('succeeded');
    });
    expect(await archived(of)).toEqual(expected());
  });

  test('a cancelled run ends as cancelled, and lets go of the directory', async () => {
    const of = await aSealedDirectory();
    directory.faults.inject({ kind: 'hang', at: { page: 2 } });
    const hung = directory.faults.occurred('hang');
    await withRun(of, {}, async (handle, run) => {
      await until('the reading hangs', async () => directory.faults.occurred('hang') > hung);
      await handle.cancel();
      const error: unknown = await handle.result().catch((reason: unknown) => reason);
      expect((error as Error).cause).toBeInstanceOf(CancelledFailure);
      expect((await rowOf(run)).state).toBe('cancelled');
      await until('the connection has ended', async () => directory.connections() === 0);
    });
  });
});

describe('a test', () => {
  test('puts its steps into the database, and counts into the history', async () => {
    const of = await aSealedDirectory();
    const { row, history } = await finished(of, { kind: 'directory-test' });
    expect(row.state).toBe('succeeded');
    expect((row.report as { step: string; outcome: string }[]).map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
      'resolve passed', 'connect passed', 'tls passed', 'bind passed', 'rootdse passed', 'base-dn passed', 'read-person passed', 'read-group passed',
      'change-tracking passed', 'deleted-objects passed',
    ]);
    expectNoContent(history);
  });

  test('a step that fails is a result', async () => {
    const of = await aSealedDirectory({ baseDn: `OU=Nope,${baseDn}` });
    const { row } = await finished(of, { kind: 'directory-test' });
    expect(row.report).toMatchObject([{}, {}, {}, {}, {}, { step: 'base-dn', outcome: 'failed', code: 'directory.base-missing' },
      { outcome: 'skipped' }, { outcome: 'skipped' }, { outcome: 'skipped' }, { outcome: 'skipped' }]);
  });
});
