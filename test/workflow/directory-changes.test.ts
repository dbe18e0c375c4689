/** The watcher workflow on a real server; what its activities do is the test's. */
import { randomUUID } from 'node:crypto';
import { Context, sleep } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { DirectoryChangesInput, WatchPlace } from '../../src/shared/directory-run.ts';
import { integrationId, organisationId } from '../../src/shared/ids.ts';
import type { SiteActivities } from '../../src/shared/site-contract.ts';
import { until } from '../lab/component.ts';
import { LAB_NAMESPACE } from '../lab/temporal-client.ts';
import { type WorkflowLab, workflowLab } from '../lab/workflow-lab.ts';
import { recordHistory } from '../replay/record-history.ts';

const input: DirectoryChangesInput = {
  organisationId: organisationId('11111111-1111-4111-8111-111111111111'),
  integrationId: integrationId('22222222-2222-4222-8222-222222222222'),
};

let lab: WorkflowLab;
beforeAll(async () => {
  lab = await workflowLab();
});
afterAll(() => lab.close());

/** A watcher whose site does `watchDirectory` as the test says. `places`: what the platform answers, the last for ever. */
async function withWatcher(
  watchDirectory: (times: number) => Promise<Awaited<ReturnType<SiteActivities['watchDirectory']>>>,
  work: (watcher: WorkflowHandle, first: WorkflowHandle) => Promise<void>,
  places: readonly WatchPlace['outcome'][] = ['watch'],
): Promise<void> {
  const taskQueue = `platform-${randomUUID()}`;
  const siteQueue = `site-${randomUUID()}`;
  let asked = 0;
  let watched = 0;
  const locateWatch = async (): Promise<WatchPlace> => {
    const outcome = places[Math.min(asked++, places.length - 1)] ?? 'idle';
    return outcome === 'idle' ? { outcome } : { outcome, siteQueue, integration: 'corp', site: 'berlin' };
  };
  const common = { connection: lab.connection, namespace: LAB_NAMESPACE, shutdownGraceTime: '1 second', maxHeartbeatThrottleInterval: '100 ms' } as const;
  const platform = await Worker.create({ ...common, taskQueue, workflowBundle: lab.bundle, activities: { locateWatch } });
  const site = await Worker.create({ ...common, taskQueue: siteQueue, activities: { watchDirectory: () => watchDirectory(++watched) } });
  await platform.runUntil(
    site.runUntil(async () => {
      const { workflowId, firstExecutionRunId } = await lab.client.workflow.start('directoryChanges', { taskQueue, workflowId: `test/${randomUUID()}`, args: [input] });
      const watcher = lab.client.workflow.getHandle(workflowId);
      try {
        await work(watcher, lab.client.workflow.getHandle(workflowId, firstExecutionRunId));
      } finally {
        if ((await watcher.describe()).status.name === 'RUNNING') await watcher.terminate('the test is over');
      }
    }),
  );
}
/** Watches until it is cancelled, which a heartbeat tells it. */
async function watching(): Promise<never> {
  const beat = setInterval(() => Context.current().heartbeat({}), 50);
  try {
    await sleep('10 minutes');
  } finally {
    clearInterval(beat);
  }
  throw new Error('nobody ended the watching');
}
const status = async (handle: WorkflowHandle) => (await handle.describe()).status.name;
const count = async (handle: WorkflowHandle) => ((await handle.fetchHistory()).events ?? []).length;

test('a watcher whose half day is over begins anew, with an empty history', async () => {
  await withWatcher(
    (times) => (times === 1 ? Promise.resolve({ outcome: 'due', polls: 1440, pages: 3 }) : watching()),
    async (watcher, first) => {
      await until('it began anew', async () => (await status(first)) === 'CONTINUED_AS_NEW');
      await recordHistory('watch-due', first);
      expect(await status(watcher)).toBe('RUNNING');
      expect(await count(first)).toBeLessThan(20);
    },
  );
});

test('a change while it watches makes it begin anew with what is set now', async () => {
  let begun = 0;
  await withWatcher(
    (times) => {
      begun = times;
      return watching();
    },
    async (watcher, first) => {
      await until('it watches', async () => begun === 1);
      await watcher.signal('directoryChanged');
      await until('it watches anew', async () => begun === 2);
      expect(await status(first)).toBe('CONTINUED_AS_NEW');
      await recordHistory('watch-changed', first);
    },
  );
});

test('it ends when there is nothing to watch, and when it is cancelled', async () => {
  await withWatcher(watching, async (_, first) => {
    await first.result();
    await recordHistory('watch-idle', first);
    expect(await status(first)).toBe('COMPLETED');
  }, ['idle']);
  let begun = false;
  await withWatcher(
    () => {
      begun = true;
      return watching();
    },
    async (watcher, first) => {
      await until('it watches', async () => begun);
      await watcher.cancel();
      await expect(watcher.result()).rejects.toThrow();
      expect(await status(first)).toBe('CANCELLED');
      await recordHistory('watch-cancelled', first);
    },
  );
});
