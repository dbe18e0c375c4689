import { type Database, withOrganisation } from '../../archive/database.ts';
import { findWatch } from '../../archive/engine-rows.ts';
import type { DirectoryChangesInput, WatchPlace } from '../../shared/directory-run.ts';
import { siteQueue } from '../../shared/names.ts';

export interface WatchActivities {
  /** Where the directory is watched, as its row says now. */
  locateWatch(input: DirectoryChangesInput): Promise<WatchPlace>;
}

export function createWatchActivities({ database }: { readonly database: Database }): WatchActivities {
  return {
    async locateWatch({ organisationId, integrationId }) {
      const row = await withOrganisation(database, organisationId, (tx) => findWatch(tx, integrationId));
      if (row === undefined || !row.watched) return { outcome: 'idle' };
      return { outcome: 'watch', siteQueue: siteQueue(row.siteId), integration: row.integration, site: row.site };
    },
  };
}
