import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { createRunActivities } from '../../src/activities/platform/run-activities.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { commitDirectoryPage, openDirectoryReading } from '../../src/archive/directory-reading.ts';
import { pageHash } from '../../src/archive/page-cursor.ts';
import { requestRun } from '../../src/archive/runs.ts';
import { ensureNamespace } from '../../src/client/namespace.ts';
import { reconcileSchedules, sweepRuns } from '../../src/client/reconciler.ts';
import { TemporalEngine } from '../../src/client/temporal-engine.ts';
import { scheduleId, PLATFORM_QUEUE, siteQueue, watchWorkflowId } from '../../src/shared/names.ts';
import type { Schedule } from '../../src/shared/schedule-types.ts';
import type { SiteRunInput } from '../../src/shared/site-contract.ts';
import { aDirectory, aRun, directoryPage, userEntry } from '../lab/builders.ts';
import { labFolder, until } from '../lab/component.ts';
import { freePort } from '../lab/ports.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { workflowBundle } from '../lab/workflow-bundle.ts';

// A Temporal server of this file's own, because the test deletes its store.
const namespace = 'lockstep';
let lab: LabDatabase;
let port: number;
let server: ChildProcess;
let client: Client;
let engine: TemporalEngine;
const store = () => `${labFolder()}/engine-temporal.db`;
const logger = pino({ level: 'silent' });
const hourly: Schedule = { kind: 'interval', start: '00:00', end: '00:00', everyMinutes: 60, timeZone: 'Europe/Berlin' };

async function startTemporal(): Promise<void> {
  server = spawn(
    process.env['LOCKSTEP_TEMPORAL_CLI'] ?? 'temporal',
    ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--db-filename', store(), '--log-level', 'error'],
    { stdio: 'ignore' },
  );
  await until('Temporal answers', async () => {
    try {
      const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: '1 second' });
      client = new Client({ connection, namespace });
      return true;
    } catch {
      return false;
    }
  });
  await ensureNamespace(client);
  engine = new TemporalEngine(client, lab.app);
}
async function stopTemporal(signal: NodeJS.Signals): Promise<void> {
  await client.connection.close();
  server.kill(signal);
  await once(server, 'exit');
}
const deps = () => ({ client, database: lab.app, engine, logger });

beforeAll(async () => {
  lab = await freshDatabase();
  port = await freePort();
  await startTemporal();
});
afterAll(async () => {
  await stopTemporal('SIGTERM');
  await lab.close();
});

const aScheduledDirectory = async (schedule: Schedule | null) => {
  const directory = await aDirectory(lab.owner);
  await lab.owner
    .updateTable('directory_integration')
    .set({ schedule: schedule === null ? null : JSON.stringify(schedule) })
    .where('id', '=', directory.integration.id)
    .execute();
  return directory;
};
const describeSchedule = (directory: Awaited<ReturnType<typeof aDirectory>>) =>
  client.schedule.getHandle(scheduleId('directory-sync', directory.organisation.name, directory.integration.name)).describe();
const stateOf = async (id: string) =>
  (await lab.owner.selectFrom('run').select(['state', 'error']).where('id', '=', id as never).executeTakeFirstOrThrow());

test('a schedule follows its row: made, changed, paused, resumed, removed', async () => {
  const directory = await aScheduledDirectory(hourly);
  const { organisation, integration } = directory;
  await engine.reconcileSchedule(organisation.id, integration.id);
  const made = await describeSchedule(directory);
  const expected = engine.nextRuns(hourly, new Date(), 3).map((date) => date.getTime());
  // Jitter moves a tick by up to a minute, never before its time.
  made.info.nextActionTimes.slice(0, 3).forEach((time, index) => {
    expect(time.getTime() - (expected[index] ?? 0)).toBeGreaterThanOrEqual(0);
    expect(time.getTime() - (expected[index] ?? 0)).toBeLessThanOrEqual(60_000);
  });
  expect(made.info.nextActionTimes.length).toBeGreaterThanOrEqual(3);

  await lab.owner.updateTable('directory_integration').set({ state: 'paused' }).where('id', '=', integration.id).execute();
  await engine.reconcileSchedule(organisation.id, integration.id);
  expect((await describeSchedule(directory)).state.paused).toBe(true);

  await engine.removeSchedule(organisation.id, integration.id);
  await expect(describeSchedule(directory)).rejects.toThrow();
  await engine.removeSchedule(organisation.id, integration.id);
  await engine.reconcileSchedule(organisation.id, integration.id);
  expect((await describeSchedule(directory)).state.paused).toBe(true);

  const daily: Schedule = { kind: 'daily', at: '06:30', timeZone: 'UTC' };
  await lab.owner
    .updateTable('directory_integration')
    .set({ state: 'active', schedule: JSON.stringify(daily), jitter_seconds: 0 })
    .where('id', '=', integration.id)
    .execute();
  await engine.reconcileSchedule(organisation.id, integration.id);
  const changed = await describeSchedule(directory);
  expect(changed.state.paused).toBe(false);
  expect(changed.info.nextActionTimes[0]).toEqual(engine.nextRuns(daily, new Date(), 1)[0]);

  await lab.owner.updateTable('directory_integration').set({ schedule: null }).where('id', '=', integration.id).execute();
  await engine.reconcileSchedule(organisation.id, integration.id);
  await expect(describeSchedule(directory)).rejects.toThrow(/not found/i);
});

test('a directory is watched while it is active, and its watcher ends with it', async () => {
  const { organisation, integration } = await aScheduledDirectory(null);
  const watcher = () => client.workflow.getHandle(watchWorkflowId(organisation.name, integration.name));
  await lab.owner.updateTable('directory_integration').set({ credential: Buffer.from('sealed') }).where('id', '=', integration.id).execute();
  await engine.reconcileSchedule(organisation.id, integration.id);
  expect((await watcher().describe()).status.name).toBe('RUNNING');
  await engine.removeSchedule(organisation.id, integration.id);
  // No worker is there to end it: that it was asked to is in its history.
  const { events } = await watcher().fetchHistory();
  expect(events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes != null)).toBe(true);
  await watcher().terminate();
});

test('a watcher is begun for a directory with a password, woken by whatever changes, and ended when it is paused', async () => {
  const { organisation, integration } = await aScheduledDirectory(null);
  const watcher = client.workflow.getHandle(watchWorkflowId(organisation.name, integration.name));
  await engine.reconcileSchedule(organisation.id, integration.id);
  await expect(watcher.describe()).rejects.toThrow(/not found/i);
  const change = (values: { credential?: Buffer; state?: 'paused' }) => lab.owner.updateTable('directory_integration').set(values).where('id', '=', integration.id).execute();
  await change({ credential: Buffer.from('sealed') });
  const signals = async () => ((await watcher.fetchHistory()).events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
  // The reconciler begins it and wakes nobody.
  await reconcileSchedules(deps());
  await reconcileSchedules(deps());
  expect(await signals()).toEqual([]);
  await engine.reconcileSchedule(organisation.id, integration.id);
  expect(await signals()).toEqual(['directoryChanged']);
  await change({ state: 'paused' });
  await engine.reconcileSchedule(organisation.id, integration.id);
  const { events } = await watcher.fetchHistory();
  expect((events ?? []).some((event) => event.workflowExecutionCancelRequestedEventAttributes != null)).toBe(true);
  await watcher.terminate('test');
});

test('deleting Temporal\'s store restores schedules and queued runs, and closes running ones as interrupted', async () => {
  const directory = await aScheduledDirectory(hourly);
  const other = await aScheduledDirectory(null);
  const queued = await withOrganisation(lab.app, other.organisation.id, (tx) =>
    requestRun(tx, { integration: other.integration.id, kind: 'directory-sync', trigger: 'manual' }),
  );
  const running = await aRun(lab.owner, directory.integration);
  await reconcileSchedules(deps());
  await describeSchedule(directory);

  await stopTemporal('SIGKILL');
  for (const suffix of ['', '-wal', '-shm']) await rm(`${store()}${suffix}`, { force: true });
  await startTemporal();
  await expect(describeSchedule(directory)).rejects.toThrow(/not found/i);

  await reconcileSchedules(deps());
  await sweepRuns(deps());
  expect((await describeSchedule(directory)).info.nextActionTimes.length).toBeGreaterThan(0);
  expect(await stateOf(running.id)).toMatchObject({ state: 'interrupted', error: { code: 'run.interrupted' } });
  // The queued one was started, and waits for a worker.
  expect((await client.workflow.getHandle(queued.run.workflow_id).describe()).status.name).toBe('RUNNING');
  expect(await stateOf(queued.run.id)).toMatchObject({ state: 'queued' });
  await client.workflow.getHandle(queued.run.workflow_id).terminate();
});

test('a workflow that an operator terminated leaves no open run behind', async () => {
  const { organisation, integration } = await aDirectory(lab.owner);
  const { run } = await withOrganisation(lab.app, organisation.id, (tx) =>
    requestRun(tx, { integration: integration.id, kind: 'directory-sync', trigger: 'manual' }),
  );
  await engine.startRun(organisation.id, run.id);
  await engine.startRun(organisation.id, run.id);
  await sweepRuns(deps());
  expect(await stateOf(run.id)).toMatchObject({ state: 'queued' });
  await client.workflow.getHandle(run.workflow_id).terminate('test');
  await sweepRuns(deps());
  expect(await stateOf(run.id)).toMatchObject({ state: 'interrupted' });
});

describe('ticks of a schedule', () => {
  let connection: NativeConnection;
  beforeAll(async () => {
    connection = await NativeConnection.connect({ address: `127.0.0.1:${port}` });
  });
  afterAll(() => connection.close());

  /** Fires one tick and awaits the end of its workflow. */
  async function tick(directory: Awaited<ReturnType<typeof aDirectory>>): Promise<unknown> {
    const readDirectory = async ({ runId }: SiteRunInput) => {
      const run = { id: runId, integration: directory.integration.id, kind: 'directory-sync' } as const;
      const position = await withOrganisation(lab.app, directory.organisation.id, (tx) => openDirectoryReading(tx, run));
      const page = directoryPage({ entries: [userEntry('Ada Example')], last: true });
      await withOrganisation(lab.app, directory.organisation.id, (tx) => commitDirectoryPage(tx, run, position, page, pageHash(Buffer.from('page'))));
    };
    await engine.reconcileSchedule(directory.organisation.id, directory.integration.id);
    const common = { connection, namespace };
    const platform = await Worker.create({
      ...common,
      taskQueue: PLATFORM_QUEUE,
      workflowBundle: await workflowBundle(),
      activities: createRunActivities({ database: lab.app }),
    });
    const site = await Worker.create({ ...common, taskQueue: siteQueue(directory.site.id), activities: { readDirectory } });
    return platform.runUntil(
      site.runUntil(async () => {
        const handle = client.schedule.getHandle(scheduleId('directory-sync', directory.organisation.name, directory.integration.name));
        const before = (await handle.describe()).info.numActionsTaken;
        await handle.trigger();
        let workflowId: string | undefined;
        await until('the tick started its workflow', async () => {
          const { info } = await handle.describe();
          const action = info.recentActions.at(-1)?.action;
          workflowId = action?.type === 'startWorkflow' ? action.workflow.workflowId : undefined;
          return info.numActionsTaken > before && workflowId !== undefined;
        });
        return client.workflow.getHandle(workflowId ?? '').result() as Promise<unknown>;
      }),
    );
  }
  const runsOf = (directory: Awaited<ReturnType<typeof aDirectory>>) =>
    lab.owner.selectFrom('run').select(['state', 'trigger', 'number']).where('integration_id', '=', directory.integration.id).orderBy('number').execute();

  test('a tick makes its own run and ends it', async () => {
    const directory = await aScheduledDirectory(hourly);
    expect(await tick(directory)).toMatchObject({ outcome: 'succeeded' });
    expect(await runsOf(directory)).toEqual([{ state: 'succeeded', trigger: 'schedule', number: '1' }]);
  });

  test('a site that claims an end it never posted is not believed', async () => {
    const directory = await aScheduledDirectory(null);
    const { run } = await withOrganisation(lab.app, directory.organisation.id, (tx) =>
      requestRun(tx, { integration: directory.integration.id, kind: 'directory-sync', trigger: 'manual' }),
    );
    const activities = createRunActivities({ database: lab.app });
    expect(await activities.finishRun({ runId: run.id, outcome: 'done' })).toMatchObject({ outcome: 'incomplete' });
    expect(await stateOf(run.id)).toMatchObject({ state: 'failed', error: { code: 'directory.incomplete' } });
  });

  test('a tick that finds a run open is skipped and counted', async () => {
    const directory = await aScheduledDirectory(hourly);
    await aRun(lab.owner, directory.integration);
    expect(await tick(directory)).toEqual({ outcome: 'skipped', reason: 'already-running' });
    expect(await runsOf(directory)).toHaveLength(1);
    const row = await lab.owner.selectFrom('directory_integration').select('skipped_ticks').where('id', '=', directory.integration.id).executeTakeFirstOrThrow();
    expect(row.skipped_ticks).toBe('1');
  });

  test('after a refused credential ticks wait until it changes', async () => {
    const directory = await aScheduledDirectory(hourly);
    const error = { class: 'AuthRejected', code: 'ldap.invalid-credentials', message: 'm', next: 'n' } as const;
    await aRun(lab.owner, directory.integration, { state: 'failed', finished_at: new Date(), error: JSON.stringify(error) });
    expect(await tick(directory)).toEqual({ outcome: 'skipped', reason: 'credential-refused' });
    const row = await lab.owner.selectFrom('directory_integration').select('skipped_ticks').where('id', '=', directory.integration.id).executeTakeFirstOrThrow();
    expect(row.skipped_ticks).toBe('1');
    await lab.owner
      .updateTable('directory_integration')
      .set({ credential_changed_at: new Date(Date.now() + 1000) })
      .where('id', '=', directory.integration.id)
      .execute();
    expect(await tick(directory)).toMatchObject({ outcome: 'succeeded' });
  });
});
