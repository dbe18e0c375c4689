import { type Database, withOrganisation } from '../../archive/database.ts';
import { findWatch } from '../../archive/engine-rows.ts';
import { isCuredSince } from '../../archive/run-tick.ts';
import type { DirectoryChangesInput, WatchPlace } from '../../shared/directory-run.ts';
import { siteQueue } from '../../shared/names.ts';

export interface WatchActivities {
  /** Where the directory is watched, as its row says now. */
  locateWatch(input: DirectoryChangesInput): Promise<WatchPlace>;
}

export function createWatchActivities({ database }: { readonly database: Database }): WatchActivities {
  return {
    async locateWatch({ organisationId, integrationId, parkedSince }) {
      const { row, parked } = await withOrganisation(database, organisationId, async (tx) => ({
        row: await findWatch(tx, integrationId),
        parked: parkedSince !== undefined && !(await isCuredSince(tx, integrationId, new Date(parkedSince))),
      }));
      if (row === undefined || !row.watched) return { outcome: 'idle' };
      if (parked) return { outcome: 'parked' };
      return { outcome: 'watch', siteQueue: siteQueue(row.siteId), integration: row.subject, site: row.site };
    },
  };
}
