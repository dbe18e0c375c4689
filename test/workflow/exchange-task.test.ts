/** The fan-out of a task's run: sweep, then deepen, on a real Temporal server with scripted sites. */
import { randomUUID } from 'node:crypto';
import { type Client, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import { Worker } from '@temporalio/worker';
import type { TaskActivities } from '../../src/activities/platform/task-activities.ts';
import { runId } from '../../src/shared/ids.ts';
import type { MailboxSiteActivities } from '../../src/shared/mailbox-contract.ts';
import type { PlannedTaskRun, TaskRunInput } from '../../src/shared/task-run.ts';
import { until } from '../lab/component.ts';
import { LAB_NAMESPACE } from '../lab/temporal-client.ts';
import { type WorkflowLab, workflowLab } from '../lab/workflow-lab.ts';
import { recordHistory } from '../replay/record-history.ts';

const run = runId('11111111-1111-4111-8111-111111111111');
const input: TaskRunInput = { trigger: 'manual', runId: run };

let lab: WorkflowLab;
beforeAll(async () => {
  lab = await workflowLab();
});
afterAll(() => lab.close());

type Site = Pick<MailboxSiteActivities, 'sweepMailboxes' | 'processMailbox'>;
/** A site whose sweeps leave these ordinals. */
const site = (deferred: readonly number[], processMailbox: Site['processMailbox'] = async () => ({ outcome: 'finished' })): Site => ({
  sweepMailboxes: async ({ offset, length }) => {
    const left = deferred.filter((ordinal) => ordinal >= offset && ordinal < offset + length);
    return { finished: length - left.length, failed: 0, deferred: left };
  },
  processMailbox,
});

interface Stage {
  /** Starts a run; `plan` replaces what is usual. */
  readonly start: (plan?: Partial<PlannedTaskRun>) => ReturnType<Client['workflow']['start']>;
  /** What the platform was told at the end, in order. */
  readonly told: Parameters<TaskActivities['finishTaskRun']>[0][];
  /** Activities of the site in the order in which they began: `sweep 0+200`, `mailbox 7`. */
  readonly began: string[];
}

/** Workers of the platform and of a site. `slots`: what the site does at once. */
async function staged<T>(
  { mailboxes, slots = 50, plan }: { readonly mailboxes: number; readonly slots?: number; readonly plan?: TaskActivities['planRun'] },
  scripted: Site,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  const taskQueue = `platform-${randomUUID()}`;
  const siteQueue = `site-${randomUUID()}`;
  const told: Stage['told'] = [];
  const began: string[] = [];
  const plans = new Map<string, Partial<PlannedTaskRun>>();
  const platform: TaskActivities = {
    planRun: plan ?? (async ({ workflowId }) => ({
      outcome: 'planned', runId: run, siteQueue, organisation: 'acme', task: 'mail', site: 'berlin', mailboxes, urgent: false, ...plans.get(workflowId),
    })),
    finishTaskRun: async (end) => {
      told.push(end);
      return { outcome: 'succeeded', totals: { mailboxes, done: mailboxes } };
    },
  };
  const activities: Site = {
    sweepMailboxes: (slice) => {
      began.push(`sweep ${slice.offset}+${slice.length}`);
      return scripted.sweepMailboxes(slice);
    },
    processMailbox: (mailbox) => {
      began.push(`mailbox ${mailbox.ordinal}`);
      return scripted.processMailbox(mailbox);
    },
  };
  const common = { connection: lab.connection, namespace: LAB_NAMESPACE, shutdownGraceTime: '1 second', maxHeartbeatThrottleInterval: '100 ms' } as const;
  const platformWorker = await Worker.create({ ...common, taskQueue, workflowBundle: lab.bundle, activities: platform });
  const siteWorker = await Worker.create({ ...common, taskQueue: siteQueue, activities, maxConcurrentActivityTaskExecutions: slots });
  const start = (own: Partial<PlannedTaskRun> = {}) => {
    const workflowId = `test/${randomUUID()}`;
    plans.set(workflowId, own);
    return lab.client.workflow.start('exchangeTask', { taskQueue, workflowId, args: [input] });
  };
  return platformWorker.runUntil(siteWorker.runUntil(() => work({ start, told, began })));
}

const stateOf = async (handle: WorkflowHandle): Promise<unknown> =>
  (await handle.describe()).typedSearchAttributes.getAll().find(({ key }) => key.name === 'LockstepState')?.value;
/** What the Temporal UI shows of it. */
async function detailsOf(handle: WorkflowHandle): Promise<string> {
  return String(await handle.query('__temporal_workflow_metadata').then((metadata) => (metadata as { currentDetails?: string }).currentDetails));
}
const failureOf = async (handle: WorkflowHandle): Promise<Error | undefined> => {
  const error: unknown = await handle.result().then(() => new Error('the workflow succeeded'), (reason: unknown) => reason);
  if (error instanceof WorkflowFailedError) return error.cause;
  throw error;
};
const sorted = (values: Iterable<string>) => [...values].toSorted();
/** Something that a test opens. */
function barrier() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}
/** Until `released`, and with the heartbeats by which a cancellation arrives. */
async function hanging(released: Promise<void>): Promise<void> {
  const { heartbeat, cancelled } = Context.current();
  const beat = setInterval(() => heartbeat(), 50);
  try {
    await Promise.race([released, cancelled]);
  } finally {
    clearInterval(beat);
  }
}

test('every mailbox is swept once, and each that a sweep leaves gets one activity of its own', async () => {
  const deferred = [0, 1, 199, 200, 449];
  await staged({ mailboxes: 450 }, site(deferred), async ({ start, told, began }) => {
    const handle = await start();
    expect(await handle.result()).toEqual({ outcome: 'succeeded', totals: { mailboxes: 450, done: 450 } });
    expect(sorted(began)).toEqual(sorted(['sweep 0+200', 'sweep 200+200', 'sweep 400+50', ...deferred.map((ordinal) => `mailbox ${ordinal}`)]));
    expect(told).toEqual([{ runId: run, outcome: 'done' }]);
    expect(await stateOf(handle)).toBe('succeeded');
    expect(await detailsOf(handle)).toBe('mailboxes: 450 · done: 450');
    await recordHistory('task-deepened', handle);
  });
});

test('a run without mailboxes ends without asking the site', async () => {
  await staged({ mailboxes: 0 }, site([]), async ({ start, told, began }) => {
    await (await start()).result();
    expect([told, began]).toEqual([[{ runId: run, outcome: 'done' }], []]);
  });
});

test('more than five thousand mailboxes are divided among workflows, and nothing is swept twice', async () => {
  const deferred = [4999, 5000];
  await staged({ mailboxes: 5_001 }, site(deferred), async ({ start, told, began }) => {
    const handle = await start();
    await handle.result();
    const slices = Array.from({ length: 25 }, (_, index) => `sweep ${index * 200}+200`);
    expect(sorted(began)).toEqual(sorted([...slices, 'sweep 5000+1', 'mailbox 4999', 'mailbox 5000']));
    expect(told).toEqual([{ runId: run, outcome: 'done' }]);
    const parts = [1, 2].map((part) => lab.client.workflow.getHandle(`${handle.workflowId}/part-${part}`));
    for (const part of parts) expect((await part.describe()).status.name).toBe('COMPLETED');
    await recordHistory('task-divided', handle);
    await recordHistory('task-part', parts[1] ?? handle);
  });
}, 60_000);

test.each([['one workflow', 12], ['partitions', 5_001]])('a cancelled run of %s stops its activities, begins no other, and is written down once', async (_, mailboxes) => {
  const never = barrier();
  const two = barrier();
  let ended = 0;
  const scripted = site(Array.from({ length: mailboxes }, (__, ordinal) => ordinal), async ({ ordinal }) => {
    if (ordinal > 0) two.open();
    try {
      await hanging(never.opened);
    } finally {
      ended += 1;
    }
    return { outcome: 'finished' };
  });
  await staged({ mailboxes, slots: 4 }, scripted, async ({ start, told, began }) => {
    const handle = await start();
    await two.opened;
    await handle.cancel();
    expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
    expect(told).toEqual([{ runId: run, outcome: 'cancelled' }]);
    expect(await stateOf(handle)).toBe('cancelled');
    const processed = () => began.filter((what) => what.startsWith('mailbox')).length;
    await until('what was under way has ended', async () => ended === processed());
    const before = processed();
    // Work that comes now gets the places at once: nothing of the cancelled run is left to be done.
    const other = await start({ mailboxes: 1 });
    await until('another run begins its mailbox', async () => processed() > before);
    expect(began.slice(-2)).toEqual(['sweep 0+1', 'mailbox 0']);
    await other.cancel();
    await failureOf(other);
    expect(told).toHaveLength(2);
    if (mailboxes === 12) await recordHistory('task-cancelled', handle);
  });
}, 60_000);

test('a run that is cancelled while it is planned is written down as cancelled', async () => {
  const planning = barrier();
  const go = barrier();
  const plan: TaskActivities['planRun'] = async () => {
    planning.open();
    await go.opened;
    return { outcome: 'planned', runId: run, siteQueue: 'nobody', organisation: 'acme', task: 'mail', site: 'berlin', mailboxes: 3, urgent: false };
  };
  await staged({ mailboxes: 3, plan }, site([]), async ({ start, told, began }) => {
    const handle = await start();
    await planning.opened;
    await handle.cancel();
    go.open();
    expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
    expect([told, began]).toEqual([[{ runId: run, outcome: 'cancelled' }], []]);
    await recordHistory('task-cancelled-early', handle);
  });
});

test('a mailbox or a sweep that fails for good is not the failure of the run', async () => {
  const failing = site([3, 4], async ({ ordinal }) => {
    if (ordinal === 3) throw ApplicationFailure.create({ type: 'ConfigInvalid', message: 'ews.no-mailbox', nonRetryable: true });
    return { outcome: 'failed' };
  });
  const scripted: Site = {
    ...failing,
    sweepMailboxes: async (slice) => {
      if (slice.offset === 200) throw ApplicationFailure.create({ type: 'ConfigInvalid', message: 'platform.refused', nonRetryable: true });
      return failing.sweepMailboxes(slice);
    },
  };
  await staged({ mailboxes: 600 }, scripted, async ({ start, told, began }) => {
    const handle = await start();
    await handle.result();
    expect(sorted(began)).toEqual(sorted(['sweep 0+200', 'sweep 200+200', 'sweep 400+200', 'mailbox 3', 'mailbox 4']));
    expect(told).toEqual([{ runId: run, outcome: 'done' }]);
    await recordHistory('task-given-up', handle);
  });
});

test('a run that cannot be planned, and a tick that is skipped, say why and ask no site', async () => {
  const unplanned: TaskActivities['planRun'] = async () => {
    throw ApplicationFailure.nonRetryable('task.group-gone', 'ConfigInvalid');
  };
  await staged({ mailboxes: 1, plan: unplanned }, site([]), async ({ start, told, began }) => {
    const handle = await start();
    const failure = await failureOf(handle);
    expect(failure).toBeInstanceOf(ActivityFailure);
    expect(failure?.cause).toMatchObject({ type: 'ConfigInvalid', message: 'task.group-gone' });
    expect([await stateOf(handle), await detailsOf(handle)]).toEqual(['failed', 'Failed: task.group-gone.']);
    expect([told, began]).toEqual([[], []]);
    await recordHistory('task-unplanned', handle);
  });
  await staged({ mailboxes: 1, plan: async () => ({ outcome: 'skipped', reason: 'credential-refused' }) }, site([]), async ({ start, told, began }) => {
    const handle = await start();
    expect(await handle.result()).toEqual({ outcome: 'skipped', reason: 'credential-refused' });
    expect([await stateOf(handle), await detailsOf(handle)]).toEqual(['skipped', 'Skipped: credential-refused.']);
    expect([told, began]).toEqual([[], []]);
    await recordHistory('task-skipped', handle);
  });
});

test('while one in a hundred hangs and one in a hundred is throttled, all others are finished', async () => {
  const mailboxes = 200;
  const [hangs, throttled] = [[0, 100], [1, 101]];
  const released = barrier();
  const over = new Set<number>();
  let relieved = false;
  const scripted = site(Array.from({ length: mailboxes }, (_, ordinal) => ordinal), async ({ ordinal }) => {
    if (hangs.includes(ordinal)) await hanging(released.opened);
    else if (throttled.includes(ordinal) && !relieved) throw ApplicationFailure.create({ type: 'Throttled', message: 'ews.throttled', nextRetryDelay: '100 ms' });
    over.add(ordinal);
    return { outcome: 'finished' };
  });
  // Those that hang have two of the three places.
  await staged({ mailboxes, slots: 3 }, scripted, async ({ start, told }) => {
    const handle = await start();
    const others = Array.from({ length: mailboxes }, (_, ordinal) => ordinal).filter((ordinal) => !hangs.includes(ordinal) && !throttled.includes(ordinal));
    await until('all others are finished', async () => over.size >= others.length);
    expect([...over].toSorted((one, other) => one - other)).toEqual(others);
    expect(told).toEqual([]);
    await until('the details say what is left', async () => (await detailsOf(handle)).includes(`${others.length} of ${mailboxes} mailboxes are done, 4 of those`));
    relieved = true;
    released.open();
    await handle.result();
    expect(over.size).toBe(mailboxes);
    expect(told).toEqual([{ runId: run, outcome: 'done' }]);
  });
}, 60_000);

test('what somebody waits for goes before what a schedule began', async () => {
  const first = barrier();
  const go = barrier();
  const scripted = site(Array.from({ length: 60 }, (_, ordinal) => ordinal), async () => {
    first.open();
    await hanging(go.opened);
    return { outcome: 'finished' };
  });
  await staged({ mailboxes: 60, slots: 1 }, scripted, async ({ start, began }) => {
    const scheduled = await start();
    await first.opened;
    const urgent = await start({ mailboxes: 1, urgent: true });
    const waiting = async (handle: WorkflowHandle) => ((await handle.describe()).raw.pendingActivities ?? []).length;
    await until('its sweep waits for the site', async () => (await waiting(urgent)) === 1 && (await waiting(scheduled)) === 60);
    go.open();
    await urgent.result();
    // A queue has four partitions, each with an order of its own; in the order of their coming it would be the last.
    expect(began.indexOf('sweep 0+1')).toBeLessThan(30);
    await scheduled.result();
    expect(began).toHaveLength(63);
  });
}, 60_000);
