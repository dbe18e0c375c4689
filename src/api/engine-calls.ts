/**
 * Calls to Temporal. Most may fail without the request failing: what they bring about is in the database already, and the
 * server's sweeper (each minute) and reconciler (hourly) do it later.
 */
import type { FastifyBaseLogger } from 'fastify';
import type { RunRow } from '../archive/runs.ts';
import type { Engine } from '../client/engine.ts';
import type { IntegrationId, OrganisationId, RunId, TaskId } from '../shared/ids.ts';
import { ApiError } from './problems.ts';

/** Somebody waits for the answer; a Temporal server that is well answers in milliseconds. */
const PATIENCE_MS = 3_000;

export interface EngineCalls {
  /** False when Temporal could not be reached: the sweeper starts the run. */
  startRun(organisation: OrganisationId, run: RunId): Promise<boolean>;
  /** False when Temporal could not be reached: the reconciler brings the schedule in line. */
  reconcileSchedule(organisation: OrganisationId, integration: IntegrationId): Promise<boolean>;
  /** 0 when Temporal could not be reached. */
  skippedTicks(organisation: OrganisationId, integration: IntegrationId): Promise<number>;
  /** @throws ApiError 503 `temporal.unavailable`: nothing else would cancel it */
  cancelRun(organisation: OrganisationId, run: Pick<RunRow, 'id' | 'state'>): Promise<void>;
  /** Before the row goes. @throws ApiError 503 `temporal.unavailable` */
  removeSchedule(organisation: OrganisationId, integration: IntegrationId): Promise<void>;
  /** As reconcileSchedule, of tasks: one that changed, or all that use a schedule. */
  reconcileTasks(organisation: OrganisationId, tasks: readonly TaskId[]): Promise<void>;
  /** Before the row goes. @throws ApiError 503 `temporal.unavailable` */
  removeTask(organisation: OrganisationId, task: TaskId): Promise<void>;
  /** 0 when Temporal could not be reached. */
  skippedTaskTicks(organisation: OrganisationId, task: TaskId): Promise<number>;
}

export function createEngineCalls(engine: Engine, logger: FastifyBaseLogger): EngineCalls {
  const attempt = async <T>(what: string, about: object, call: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await withinPatience(call());
    } catch (error) {
      logger.warn({ ...about, err: error }, what);
      return undefined;
    }
  };
  const insist = async (about: object, call: () => Promise<void>): Promise<void> => {
    const done = await attempt('Temporal does not answer', about, async () => {
      await call();
      return true;
    });
    if (done === true) return;
    throw new ApiError({
      status: 503,
      code: 'temporal.unavailable',
      message: 'The Temporal server does not answer at the moment; nothing was changed there.',
      next: 'Try again; see /readyz.',
      retryAfterSeconds: 5,
    });
  };
  return {
    async startRun(organisation, run) {
      const done = await attempt('run not started yet; the sweeper starts it', { organisation, run }, async () => {
        await engine.startRun(organisation, run);
        return true;
      });
      return done === true;
    },
    async reconcileSchedule(organisation, integration) {
      const done = await attempt('schedule not written yet; the reconciler writes it', { organisation, integration }, async () => {
        await engine.reconcileSchedule(organisation, integration);
        return true;
      });
      return done === true;
    },
    async skippedTicks(organisation, integration) {
      const about = { organisation, integration };
      return (await attempt('skipped ticks unknown', about, () => engine.skippedTicks(organisation, integration))) ?? 0;
    },
    cancelRun: (organisation, run) =>
      insist({ organisation, run: run.id }, async () => {
        // A queued run may have no workflow yet, and the sweeper would start it later: so start it, then cancel it.
        if (run.state === 'queued') await engine.startRun(organisation, run.id);
        await engine.cancelRun(organisation, run.id);
      }),
    removeSchedule: (organisation, integration) =>
      insist({ organisation, integration }, () => engine.removeSchedule(organisation, integration)),
    async reconcileTasks(organisation, tasks) {
      for (const task of tasks) {
        const about = { organisation, task };
        await attempt('schedule not written yet; the reconciler writes it', about, () => engine.reconcileTask(organisation, task));
      }
    },
    removeTask: (organisation, task) => insist({ organisation, task }, () => engine.removeTask(organisation, task)),
    async skippedTaskTicks(organisation, task) {
      const about = { organisation, task };
      return (await attempt('skipped ticks unknown', about, () => engine.skippedTaskTicks(organisation, task))) ?? 0;
    },
  };
}

/** Rejects when `work` takes longer than somebody waits; the work itself goes on. */
export async function withinPatience<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, patience]);
  } finally {
    clearTimeout(timer);
  }
}
