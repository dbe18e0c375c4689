/** Puts directory pages into the archive as the ingest API does, for tests that need what a reading leaves. */
import { type Database, withOrganisation } from '../../src/archive/database.ts';
import { commitDirectoryPage, openDirectoryReading, type ReadingRunKind } from '../../src/archive/directory-reading.ts';
import { commitChangesPage, openChanges } from '../../src/archive/directory-tracking.ts';
import { type CursorPosition, pageHash } from '../../src/archive/page-cursor.ts';
import { computePlan } from '../../src/archive/plan-rehearsal.ts';
import { refreshStatistics } from '../../src/archive/statistics.ts';
import type { DirectoryChangesPage, DirectoryPage } from '../../src/shared/directory.ts';
import type { IntegrationId, OrganisationId, RunId } from '../../src/shared/ids.ts';
import type { DirectoryRunTotals, RunKind } from '../../src/shared/runs.ts';
import type { PageAnswer } from '../../src/shared/site-contract.ts';

interface RunOfReading {
  readonly id: RunId;
  readonly org_id: OrganisationId;
  /** Null: of no directory, which fails here. */
  readonly integration_id: IntegrationId | null;
  readonly kind: RunKind;
}
function directoryOf({ integration_id: integration }: Pick<RunOfReading, 'integration_id'>): IntegrationId {
  if (integration === null) throw new Error('no run of a directory');
  return integration;
}

const readingOf = (run: RunOfReading) => ({
  id: run.id,
  integration: directoryOf(run),
  kind: run.kind as ReadingRunKind,
});

/** Opens an attempt of the run. */
export async function openReading(app: Database, run: RunOfReading) {
  const { epoch } = await withOrganisation(app, run.org_id, (tx) => openDirectoryReading(tx, readingOf(run)));
  return {
    epoch,
    /** Posts one page. */
    async post(seq: number, page: DirectoryPage): Promise<PageAnswer> {
      const hash = pageHash(Buffer.from(JSON.stringify(page)));
      const answer = await withOrganisation(app, run.org_id, (tx) =>
        commitDirectoryPage(tx, readingOf(run), { epoch, seq }, page, hash),
      );
      await refreshStatistics(app);
      return answer;
    },
  };
}

/** Where changes of the run's directory go on, as a watcher is told it; undefined when there is nowhere to go on from. */
export const openWatch = (app: Database, run: Pick<RunOfReading, 'org_id' | 'integration_id'>) =>
  withOrganisation(app, run.org_id, (tx) => openChanges(tx, directoryOf(run)));

/** Posts one page of changes. */
export async function postChanges(
  app: Database,
  run: Pick<RunOfReading, 'org_id' | 'integration_id'>,
  position: CursorPosition,
  page: DirectoryChangesPage,
): Promise<PageAnswer> {
  const hash = pageHash(Buffer.from(JSON.stringify(page)));
  return withOrganisation(app, run.org_id, (tx) => commitChangesPage(tx, directoryOf(run), position, page, hash));
}

/** One attempt from its first page to its last, and of a plan its end; gives the totals of the run. `last` is set on the last page. */
export async function readAll(
  app: Database,
  run: RunOfReading,
  pages: readonly DirectoryPage[],
): Promise<DirectoryRunTotals> {
  const reading = await openReading(app, run);
  for (const [seq, page] of pages.entries()) await reading.post(seq, { ...page, last: seq === pages.length - 1 });
  if (run.kind === 'directory-plan') await computePlan(app, run.org_id, run.id, () => undefined);
  return totalsOf(app, run);
}

export const totalsOf = (app: Database, run: RunOfReading): Promise<DirectoryRunTotals> =>
  withOrganisation(app, run.org_id, async (tx) => {
    const row = await tx.selectFrom('run').select('totals').where('id', '=', run.id).executeTakeFirstOrThrow();
    return row.totals as DirectoryRunTotals;
  });
