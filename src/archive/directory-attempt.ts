import type { DirectorySettings } from '../shared/directory.ts';
import type { IntegrationId, RunId } from '../shared/ids.ts';
import type { DirectoryRunTotals } from '../shared/runs.ts';
import type { DirectoryScope } from './directory-scope.ts';

/** What a page of a reading and a page of changes have in common. */
export interface DirectoryContext {
  readonly integration: IntegrationId;
  /** Null for what a watcher tells, which belongs to no run. */
  readonly run: RunId | null;
  /** Of the reading; for changes that of the last reading that began, under which they were told. */
  readonly epoch: number;
  readonly settings: Pick<DirectorySettings, 'removal' | 'acknowledgeDisabled'>;
  readonly scope: DirectoryScope;
}

/** One attempt of a run to read a directory: what its pages have in common. */
export interface DirectoryAttempt extends DirectoryContext {
  readonly run: RunId;
  /** Of the run's first attempt. */
  readonly firstEpoch: number;
}

/** What a page adds to the totals of the run. */
export type DirectoryTotalsDelta = Partial<DirectoryRunTotals>;
