/** A run: one execution of an integration or a task. Its history is in Temporal, its results in the database. */

import type { ReconcileReason } from './directory.ts';

export const directoryRunKinds = ['directory-sync', 'directory-plan', 'directory-test', 'directory-object'] as const;
export type DirectoryRunKind = (typeof directoryRunKinds)[number];
export const runKinds = [...directoryRunKinds, 'exchange-task', 'connection-test'] as const;
export type RunKind = (typeof runKinds)[number];

/**
 * queued → running → succeeded | partial | held | failed | cancelled | interrupted; queued → skipped.
 * `partial`: everything else was done, some objects have recorded problems.
 * `held`: everything else was done, but what would have gone passes a limit and waits for an administrator.
 * `interrupted`: Temporal no longer knows the run (its store was deleted).
 */
export const runStates = [
  'queued',
  'running',
  'succeeded',
  'partial',
  'held',
  'failed',
  'cancelled',
  'interrupted',
  'skipped',
] as const;
export type RunState = (typeof runStates)[number];

export const openRunStates = ['queued', 'running'] as const satisfies readonly RunState[];
export const isOpen = (state: RunState): boolean => (openRunStates as readonly RunState[]).includes(state);

/** `reconcile`: a watcher cannot go on by changes alone, or the platform needs a full reading; the run says why. */
export const runTriggers = ['schedule', 'manual', 'reconcile'] as const;
export type RunTrigger = (typeof runTriggers)[number];

/**
 * Of a reconcile that the platform asks for by itself: settings that decide who is taken were saved, or changes would remove more
 * than the settings let go.
 */
export const platformReasons = ['settings-changed', 'removals-held'] as const;
/** Of a reconcile; `detail` is a sentence for the administrator. */
export interface RunReason {
  readonly code: ReconcileReason | (typeof platformReasons)[number];
  readonly detail: string;
}

export type RunTotals = DirectoryRunTotals & TaskRunTotals;

/** Numbers of a directory run; the workflow's result too. */
export interface DirectoryRunTotals {
  readonly pages: number;
  /** Objects seen. */
  readonly seen: number;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  /** No longer there: marked, never deleted. */
  readonly missing: number;
  /** Came back after having been missing. */
  readonly returned: number;
  readonly members: number;
  readonly problems: number;
  /** Those below are absent when there were none. Accounts disabled because the directory says so. */
  readonly disabled?: number;
  /** Missing for so long that they are listed no longer. */
  readonly deleted?: number;
  /** Would have gone, and wait for an administrator. */
  readonly held?: number;
}

/** Numbers of a run of a task; the workflow's result too. */
export interface TaskRunTotals {
  /** In its list. */
  readonly mailboxes: number;
  /** Read to the end, `quiet` of them without anything new. */
  readonly done: number;
  readonly quiet: number;
  /** Ended with a reason: Attention, or Skipped because the mailbox is gone. */
  readonly failed: number;
  /** An attempt failed, another follows. */
  readonly waiting: number;
  /** Of the group, and not in the list: another task's, or without a mailbox to work on. */
  readonly duplicate: number;
  readonly skipped: number;
  readonly pages: number;
  /** Created, changed and removed ones. */
  readonly items: number;
}
