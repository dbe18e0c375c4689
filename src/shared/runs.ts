/** A run: one execution of an integration or a task. Its history is in Temporal, its results in the database. */

import type { ReconcileReason } from './directory.ts';

export const runKinds = ['directory-sync', 'directory-plan', 'directory-test', 'directory-object'] as const;
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

/** `reconcile`: a watcher cannot go on by changes alone; the run says why. */
export const runTriggers = ['schedule', 'manual', 'reconcile'] as const;
export type RunTrigger = (typeof runTriggers)[number];

/** Of a reconcile; `detail` is a sentence for the administrator. */
export interface RunReason {
  readonly code: ReconcileReason;
  readonly detail: string;
}

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
}
