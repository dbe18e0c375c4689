import { randomUUID } from 'node:crypto';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { Context, sleep } from '@temporalio/activity';
import { Worker } from '@temporalio/worker';
import type { RunActivities } from '../../src/activities/platform/run-activities.ts';
import type { DirectoryRunInput, DirectoryRunResult } from '../../src/shared/directory-run.ts';
import { runId } from '../../src/shared/ids.ts';
import type { SiteActivities } from '../../src/shared/site-contract.ts';
import { recordHistory } from '../replay/record-history.ts';
import { LAB_NAMESPACE } from '../lab/temporal-client.ts';
import { type WorkflowLab, workflowLab } from '../lab/workflow-lab.ts';

const run = runId('11111111-1111-4111-8111-111111111111');
const input: DirectoryRunInput = { trigger: 'manual', runId: run };
const counts = { pages: 2, entries: 700, members: 40, problems: 0 } as const;

/** What the platform was told, in order. */
type Told = Parameters<RunActivities['finishRun']>[0];

let lab: WorkflowLab;
beforeAll(async () => {
  lab = await workflowLab();
});
afterAll(() => lab.close());

/** Runs `work` with a platform worker and (unless it is offline) a site worker whose activities are the test's. */
async function withWorkers<T>(
  site: Partial<SiteActivities> | 'offline',
  work: (start: (type: string) => ReturnType<Client['workflow']['start']>, told: Told[]) => Promise<T>,
  begun: Awaited<ReturnType<RunActivities['beginRun']>> | undefined = undefined,
): Promise<T> {
  const taskQueue = `platform-${randomUUID()}`;
  const siteQueue = `site-${randomUUID()}`;
  const told: Told[] = [];
  const platform: RunActivities = {
    beginRun: async () =>
      begun ?? {
        outcome: 'begun', runId: run, kind: 'directory-sync', siteQueue, organisation: 'acme', integration: 'corp', site: 'berlin',
      },
    computePlan: async () => undefined,
    finishRun: async (end) => {
      told.push(end);
      return { outcome: 'succeeded', totals: { seen: 700 } };
    },
  };
  const common = { connection: lab.connection, namespace: LAB_NAMESPACE, shutdownGraceTime: '1 second' };
  const platformWorker = await Worker.create({ ...common, taskQueue, workflowBundle: lab.bundle, activities: platform });
  const start = (type: string) =>
    lab.client.workflow.start(type, { taskQueue, workflowId: `test/${randomUUID()}`, args: [input] });
  const body = () => work(start, told);
  if (site === 'offline') return platformWorker.runUntil(body);
  const siteWorker = await Worker.create({ ...common, taskQueue: siteQueue, activities: site });
  return platformWorker.runUntil(siteWorker.runUntil(body));
}

const failureOf = async (result: Promise<unknown>): Promise<Error | undefined> => {
  try {
    await result;
  } catch (error) {
    if (error instanceof WorkflowFailedError) return error.cause;
    throw error;
  }
  throw new Error('the workflow succeeded');
};

test('a sync begins, reads on the site, and writes its end down', async () => {
  await withWorkers({ readDirectory: async () => counts }, async (start, told) => {
    const handle = await start('directorySync');
    const result = (await handle.result()) as DirectoryRunResult;
    expect(result).toEqual({ outcome: 'succeeded', totals: { seen: 700 } });
    expect(told).toEqual([{ runId: run, outcome: 'done' }]);
    await recordHistory('synced', handle);
    expect((await handle.describe()).typedSearchAttributes.getAll().map((pair) => pair.value)).toContain('succeeded');
  });
});

test('a permanent failure of the site is not tried again and ends the run as failed', async () => {
  let tries = 0;
  await withWorkers(
    {
      readDirectory: async () => {
        tries++;
        throw ApplicationFailure.create({ type: 'AuthRejected', message: 'ldap.invalid-credentials', nonRetryable: true });
      },
    },
    async (start, told) => {
      const handle = await start('directorySync');
      const failure = await failureOf(handle.result());
      await recordHistory('refused', handle);
      expect(failure).toMatchObject({ type: 'AuthRejected', message: 'ldap.invalid-credentials' });
      expect(told).toEqual([{ runId: run, outcome: 'failed', class: 'AuthRejected', code: 'ldap.invalid-credentials' }]);
      expect(tries).toBe(1);
    },
  );
});

test('a source that is unavailable is tried again until it answers', async () => {
  let tries = 0;
  await withWorkers(
    {
      readDirectory: async () => {
        if (++tries < 3) throw ApplicationFailure.create({ type: 'Unavailable', message: 'ldap.unreachable', nextRetryDelay: '10 ms' });
        return counts;
      },
    },
    async (start, told) => {
      const handle = await start('directorySync');
      await handle.result();
      await recordHistory('retried', handle);
      expect(tries).toBe(3);
      expect(told).toEqual([{ runId: run, outcome: 'done' }]);
    },
  );
});

test('a cancelled run stops its site activity and is written down as cancelled', async () => {
  let reading: () => void = () => undefined;
  const started = new Promise<void>((resolve) => (reading = resolve));
  await withWorkers(
    {
      readDirectory: async () => {
        reading();
        // Cancellation arrives with a heartbeat.
        const beat = setInterval(() => Context.current().heartbeat({}), 100);
        try {
          await sleep('10 minutes');
        } finally {
          clearInterval(beat);
        }
        return counts;
      },
    },
    async (start, told) => {
      const handle = await start('directorySync');
      await started;
      await handle.cancel();
      expect(await failureOf(handle.result())).toBeInstanceOf(CancelledFailure);
      expect(told).toEqual([{ runId: run, outcome: 'cancelled' }]);
      await recordHistory('cancelled', handle);
    },
  );
});

test('a skipped tick ends without touching the site', async () => {
  await withWorkers(
    'offline',
    async (start, told) => {
      const handle = await start('directorySync');
      expect(await handle.result()).toEqual({ outcome: 'skipped', reason: 'already-running' });
      await recordHistory('skipped', handle);
      expect(told).toEqual([]);
    },
    { outcome: 'skipped', reason: 'already-running' },
  );
});

test('a plan reads like a sync, and a test that finds a fault is a run that succeeded', async () => {
  await withWorkers(
    { readDirectory: async () => counts, testDirectory: async () => ({ passed: 3, failed: 1 }) },
    async (start, told) => {
      const plan = await start('directoryPlan');
      await plan.result();
      await recordHistory('planned', plan);
      const check = await start('directoryTest');
      await check.result();
      await recordHistory('tested', check);
      expect(told).toEqual([{ runId: run, outcome: 'done' }, { runId: run, outcome: 'done' }]);
    },
  );
});

test('one object is read on the site, and a step that fails is a run that succeeded', async () => {
  await withWorkers({ syncObject: async () => ({ passed: 2, failed: 1 }) }, async (start, told) => {
    const handle = await start('directoryObject');
    await handle.result();
    await recordHistory('one-object', handle);
    expect(told).toEqual([{ runId: run, outcome: 'done' }]);
  });
});

test('one object whose attempt a full reading overtook is read once more', async () => {
  let tries = 0;
  await withWorkers(
    {
      syncObject: async () => {
        if (++tries === 1) throw ApplicationFailure.create({ type: 'CursorInvalid', message: 'cursor.reading-began', nextRetryDelay: '10 ms' });
        return { passed: 5, failed: 0 };
      },
    },
    async (start, told) => {
      await (await start('directoryObject')).result();
      expect([tries, told]).toEqual([2, [{ runId: run, outcome: 'done' }]]);
    },
  );
});
