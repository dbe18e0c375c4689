import type { DirectorySettings } from '../shared/directory.ts';
import type { IntegrationId, RunId } from '../shared/ids.ts';
import type { DirectoryRunTotals } from '../shared/runs.ts';

/** One attempt of a run to read a directory: what its pages have in common. */
export interface DirectoryAttempt {
  readonly run: RunId;
  readonly integration: IntegrationId;
  readonly epoch: number;
  /** Of the run's first attempt. */
  readonly firstEpoch: number;
  readonly settings: Pick<DirectorySettings, 'mailDomains'>;
}

/** What a page adds to the totals of the run. */
export type DirectoryTotalsDelta = Partial<DirectoryRunTotals>;
