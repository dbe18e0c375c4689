import type { IntegrationId, OrganisationId, RunId, TaskId } from '../shared/ids.ts';
import type { Schedule } from '../shared/schedule-types.ts';

/** What the API asks of Temporal. Rows come first: each call brings Temporal in line with what the database says. */
export interface Engine {
  /** Starts the workflow of a queued run; harmless when it was started already. */
  startRun(organisation: OrganisationId, run: RunId): Promise<void>;
  /** Asks a run's workflow to cancel. */
  cancelRun(organisation: OrganisationId, run: RunId): Promise<void>;
  /** Creates, changes, pauses or removes the Temporal Schedule of an integration, as its row says; its watcher begins anew, or ends. */
  reconcileSchedule(organisation: OrganisationId, integration: IntegrationId): Promise<void>;
  /** Removes the Temporal Schedule of an integration whose row is about to go, and ends its watcher, whatever the row says. */
  removeSchedule(organisation: OrganisationId, integration: IntegrationId): Promise<void>;
  /** Ticks that Temporal skipped because the scheduled run before was still open. */
  skippedTicks(organisation: OrganisationId, integration: IntegrationId): Promise<number>;
  /** Creates, changes, pauses or removes the Temporal Schedule of a task, as its row says. */
  reconcileTask(organisation: OrganisationId, task: TaskId): Promise<void>;
  /** Removes the Temporal Schedule of a task whose row is about to go, whatever the row says. */
  removeTask(organisation: OrganisationId, task: TaskId): Promise<void>;
  /** As skippedTicks, of a task. */
  skippedTaskTicks(organisation: OrganisationId, task: TaskId): Promise<number>;
  /** The next instants of a schedule, soonest first. */
  nextRuns(schedule: Schedule, after: Date, count: number): Date[];
  /** Fails when Temporal cannot be reached. */
  check(): Promise<void>;
}
