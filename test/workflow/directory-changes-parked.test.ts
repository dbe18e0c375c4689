/** A watcher that waits for somebody to mend what no retry cures. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type { WatchActivities } from '../../src/activities/platform/watch-activities.ts';
import type { DirectoryChangesInput, WatchPlace } from '../../src/shared/directory-run.ts';
import { integrationId, organisationId } from '../../src/shared/ids.ts';
import type { SiteActivities } from '../../src/shared/site-contract.ts';
import { until } from '../lab/component.ts';
import { recordHistory } from '../replay/record-history.ts';
import { LAB_NAMESPACE } from '../lab/temporal-client.ts';
import { type WorkflowLab, workflowLab } from '../lab/workflow-lab.ts';

const input: DirectoryChangesInput = {
  organisationId: organisationId('11111111-1111-4111-8111-111111111111'),
  integrationId: integrationId('22222222-2222-4222-8222-222222222222'),
};

let lab: WorkflowLab;
beforeAll(async () => {
  lab = await workflowLab();
});
afterAll(() => lab.close());

type Place = Exclude<WatchPlace, { outcome: 'watch' }>['outcome'] | 'watch';

/** Runs the workflow: where it is to watch is said by `places`, one after the other (the last `idle`), and the site's part is the test's. */
async function watching(
  places: readonly Place[],
  watchDirectory: SiteActivities['watchDirectory'],
  work: (handle: WorkflowHandle, asked: DirectoryChangesInput[]) => Promise<void>,
): Promise<void> {
  const taskQueue = `platform-${randomUUID()}`;
  const siteQueue = `site-${randomUUID()}`;
  const asked: DirectoryChangesInput[] = [];
  const platform: WatchActivities = {
    locateWatch: async (about) => {
      const outcome = places[asked.length] ?? 'idle';
      asked.push(about);
      return outcome === 'watch' ? { outcome, siteQueue, integration: 'corp', site: 'berlin' } : { outcome };
    },
  };
  const common = { connection: lab.connection, namespace: LAB_NAMESPACE, shutdownGraceTime: '1 second' } as const;
  const workers = [
    await Worker.create({ ...common, taskQueue, workflowBundle: lab.bundle, activities: platform }),
    await Worker.create({ ...common, taskQueue: siteQueue, activities: { watchDirectory } }),
  ];
  const body = async () => {
    const handle = await lab.client.workflow.start('directoryChanges', { taskQueue, workflowId: `test/${randomUUID()}`, args: [input] });
    await work(handle, asked);
  };
  await workers[0]?.runUntil(workers[1]?.runUntil(body) ?? body);
}
const refused = async () => {
  throw ApplicationFailure.create({ type: 'AuthRejected', message: 'ldap.account-locked', nonRetryable: true });
};
/** The timer and not the clock says how long it waits. */
const waitsFor = async (handle: WorkflowHandle): Promise<string[]> => {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) => (timer?.startToFireTimeout == null ? [] : [`${String(timer.startToFireTimeout.seconds)} s`]));
};

test('a refused password parks it, and it is not tried again before something changes here', async () => {
  let tries = 0;
  const counted = async () => {
    tries += 1;
    return refused();
  };
  await watching(['watch'], counted, async (handle, asked) => {
    await until('it is parked', async () => (await waitsFor(handle)).length > 0);
    expect(await waitsFor(handle)).toEqual(['600 s']);
    expect(tries).toBe(1);
    await recordHistory('watch-parked', handle);
    await handle.signal('directoryChanged');
    await handle.result();
    // It looks anew, and not as one that is parked.
    expect(asked).toEqual([input, input]);
  });
});

test('one that is still parked when it looks tries nothing at the directory', async () => {
  const taskQueue = `platform-${randomUUID()}`;
  const parked: DirectoryChangesInput = { ...input, parkedSince: '2026-11-24T08:00:00.000Z' };
  const asked: DirectoryChangesInput[] = [];
  const locateWatch: WatchActivities['locateWatch'] = async (about) => {
    asked.push(about);
    return asked.length === 1 ? { outcome: 'parked' } : { outcome: 'idle' };
  };
  const worker = await Worker.create({ connection: lab.connection, namespace: LAB_NAMESPACE, taskQueue, workflowBundle: lab.bundle, activities: { locateWatch } });
  await worker.runUntil(async () => {
    const handle = await lab.client.workflow.start('directoryChanges', { taskQueue, workflowId: `test/${randomUUID()}`, args: [parked] });
    await until('it waits', async () => (await waitsFor(handle)).length > 0);
    await handle.signal('directoryChanged');
    await handle.result();
    expect(asked).toEqual([parked, input]);
  });
});
