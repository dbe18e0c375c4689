/** Directory runs through every part: the real API over sockets, the product's workflows on a real Temporal server, a real site worker. */
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { createDirectorySiteActivities } from '../../src/activities/directory/site-activities.ts';
import { createRunActivities } from '../../src/activities/platform/run-activities.ts';
import type { Directory, Run, StartedRun } from '../../src/api/schemas/directories.ts';
import { createIngestClient } from '../../src/client/ingest-client.ts';
import { ensureNamespace } from '../../src/client/namespace.ts';
import { TemporalEngine } from '../../src/client/temporal-engine.ts';
import { directoryCredentialInfo, openSealed } from '../../src/security/seal.ts';
import type { DirectorySettings } from '../../src/shared/directory.ts';
import { runId } from '../../src/shared/ids.ts';
import { PLATFORM_QUEUE, siteQueue } from '../../src/shared/names.ts';
import { type Answer, type LabApi, labApi, type LabOrganisation, type Method } from './api.ts';
import { temporal } from './temporal.ts';
import { workflowBundle } from './workflow-bundle.ts';

export interface DirectoryRuns {
  readonly api: LabApi;
  readonly organisation: LabOrganisation;
  readonly url: string;
  /** A request as the organisation's administrator, below /api/v1; throws what is refused. */
  call<T>(method: Method, path: string, body?: unknown): Promise<T>;
  /** The same, refusals included. */
  answer(method: Method, path: string, body?: unknown): Promise<Answer>;
  addDirectory(name: string, settings: DirectorySettings, password: string): Promise<Directory>;
  /** Asks for a run (`/directories/NAME/…`), and waits for its end. */
  run(path: string, body?: unknown): Promise<Run>;
  /** Lets the runs that the API was asked for begin, as the product's engine does at once. */
  startQueued(): Promise<void>;
  /** Everything that Temporal keeps of a run, payloads as text. */
  history(run: Pick<Run, 'workflowId'>): Promise<string>;
  close(): Promise<void>;
}

/** `namespace`: one of the test file's own. The organisation is `acme`, its site `berlin`. */
export async function directoryRuns(namespace: string): Promise<DirectoryRuns> {
  const api = await labApi();
  const organisation = await api.organisation('acme');
  const site = await organisation.site('berlin');
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  const { address } = await temporal();
  const client = new Client({ connection: await Connection.connect({ address }), namespace });
  await ensureNamespace(client);
  const connection = await NativeConnection.connect({ address });
  const workers = [
    await Worker.create({
      connection, namespace, taskQueue: PLATFORM_QUEUE, workflowBundle: await workflowBundle(), activities: createRunActivities({ database: api.lab.app }),
    }),
    await Worker.create({
      connection,
      namespace,
      taskQueue: siteQueue(site.row.id),
      activities: createDirectorySiteActivities({
        ingest: createIngestClient({ baseUrl: url, token: async () => site.token, patience: { firstPauseMs: 10 } }),
        openCredential: async (sealed, integration) => (await openSealed(site.sealPrivateKey, sealed, directoryCredentialInfo(integration))).toString(),
        logger: pino({ level: 'silent' }),
        timing: { heartbeatMs: 100 },
      }),
    }),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  const engine = new TemporalEngine(client, api.lab.app);
  const answer = (method: Method, path: string, body?: unknown) => api.call(organisation.tokens.admin, method, `/api/v1${path}`, body);
  const call = async <T>(method: Method, path: string, body?: unknown): Promise<T> => {
    const { status, text, body: content } = await answer(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} was answered ${status}: ${text}`);
    return content as T;
  };
  return {
    api,
    organisation,
    url,
    answer,
    call,
    addDirectory: (name, settings, password) => call('POST', '/directories', { name, site: 'berlin', settings, password }),
    async run(path, body) {
      const { id, workflowId } = await call<StartedRun>('POST', path, body);
      await engine.startRun(organisation.row.id, runId(id));
      await client.workflow.getHandle(workflowId).result().catch(() => undefined);
      return call<Run>('GET', `/runs/${id}`);
    },
    async startQueued() {
      const queued = await api.lab.owner.selectFrom('run').select('id').where('state', '=', 'queued').execute();
      for (const { id } of queued) await engine.startRun(organisation.row.id, id);
    },
    history: async ({ workflowId }) =>
      JSON.stringify(await client.workflow.getHandle(workflowId).fetchHistory(), (key, value: unknown) =>
        key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
      ),
    async close() {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
      await client.connection.close();
      await api.close();
    },
  };
}
