/** Input and result of the directory workflows: ids, counts and slugs only. */
import type { IntegrationId, OrganisationId, RunId } from './ids.ts';
import type { DirectoryRunKind, DirectoryRunTotals } from './runs.ts';

export type DirectoryRunInput =
  /** A run that somebody asked for: its row exists. */
  | { readonly trigger: 'manual'; readonly runId: RunId }
  /** A tick of the integration's schedule: the run's row is made when it begins. */
  | { readonly trigger: 'schedule'; readonly organisationId: OrganisationId; readonly integrationId: IntegrationId };

/** Why a tick did nothing. */
export type SkipReason =
  /** Another run of the integration is still open. */
  | 'already-running'
  /** The integration was paused or removed meanwhile. */
  | 'paused'
  /** The domain refused the sign-in and nobody has acted since (archive/run-tick.ts): trying again could lock the account. */
  | 'credential-refused';

export type BegunRun =
  | {
      readonly outcome: 'begun';
      readonly runId: RunId;
      readonly kind: DirectoryRunKind;
      readonly siteQueue: string;
      readonly organisation: string;
      readonly integration: string;
      readonly site: string;
      /** A plan that asks no site. */
      readonly fromStored?: true;
    }
  | { readonly outcome: 'skipped'; readonly reason: SkipReason };

export type DirectoryRunResult =
  | { readonly outcome: 'succeeded' | 'partial' | 'held'; readonly totals: Partial<DirectoryRunTotals> }
  | { readonly outcome: 'skipped'; readonly reason: SkipReason };

export interface DirectoryChangesInput {
  readonly organisationId: OrganisationId;
  readonly integrationId: IntegrationId;
  /** Since when it waits for a person, ISO 8601; see the workflow. */
  readonly parkedSince?: string;
}

/**
 * Where a directory is watched; or nothing is to be watched (paused, removed, without a credential); or nothing has happened since
 * `parkedSince` that could have cured what it waits for.
 */
export type WatchPlace =
  | { readonly outcome: 'watch'; readonly siteQueue: string; readonly integration: string; readonly site: string }
  | { readonly outcome: 'parked' }
  | { readonly outcome: 'idle' };
