/** Input and result of the workflows of tasks and of connection tests: ids, counts and slugs only. */
import type { OrganisationId, RunId, TaskId } from './ids.ts';
import type { TaskRunTotals } from './runs.ts';

export type TaskRunInput =
  /** A run that somebody asked for: its row exists. */
  | { readonly trigger: 'manual'; readonly runId: RunId }
  /** A tick of the task's schedule: the run's row is made when it begins. */
  | { readonly trigger: 'schedule'; readonly organisationId: OrganisationId; readonly taskId: TaskId };

/** Why a tick did nothing. */
export type TaskSkipReason =
  | 'already-running'
  /** The task was paused or removed meanwhile. */
  | 'paused'
  /** Exchange refused the sign-in of every connection that it needs, and nobody has acted since. */
  | 'credential-refused';

export interface PlannedTaskRun {
  readonly outcome: 'planned';
  readonly runId: RunId;
  readonly siteQueue: string;
  readonly organisation: string;
  readonly task: string;
  readonly site: string;
  /** Length of its list (rows run_mailbox). */
  readonly mailboxes: number;
  /** Somebody waits for it. */
  readonly urgent: boolean;
}
export type TaskRunPlan = PlannedTaskRun | { readonly outcome: 'skipped'; readonly reason: TaskSkipReason };

/** A slice of a run's list, for a workflow of its own. */
export interface PartitionInput extends Pick<PlannedTaskRun, 'runId' | 'siteQueue' | 'task' | 'site' | 'urgent'> {
  readonly offset: number;
  readonly length: number;
}

export type TaskRunResult =
  | { readonly outcome: 'succeeded' | 'partial'; readonly totals: Partial<TaskRunTotals> }
  | { readonly outcome: 'skipped'; readonly reason: TaskSkipReason };

export interface ConnectionTestInput {
  readonly trigger: 'manual';
  readonly runId: RunId;
}
/** Where a connection is tested from. */
export interface ConnectionTestPlace {
  readonly siteQueue: string;
  readonly organisation: string;
  readonly connection: string;
  readonly site: string;
}
