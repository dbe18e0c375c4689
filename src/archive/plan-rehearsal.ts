/**
 * A plan is a rehearsal: the pages of its reading are committed by the very functions that commit those of a synchronisation, to
 * copies of the organisation's tables (shadow-tables.ts), and what differs then is what a synchronisation would do: names that
 * follow from a container's, who is one person with whom, who holds an address, what passes a limit. A second implementation
 * that only predicts all this would have to be kept equal for ever.
 *
 * It costs a copy of the organisation's directories, which is gone at the end of the transaction, and holds nobody up.
 */
import { sql } from 'kysely';
import type { DirectoryPage } from '../shared/directory.ts';
import type { IntegrationId, OrganisationId, RunId } from '../shared/ids.ts';
import { isOpen } from '../shared/runs.ts';
import { type Database, type OrganisationTransaction, withOrganisationSnapshot } from './database.ts';
import { forgetEarlierPlans, forgetPages, keptPages } from './directory-plan.ts';
import { commitDirectoryPage, isReadingComplete, openDirectoryReading } from './directory-reading.ts';
import { pageHash } from './page-cursor.ts';
import { writePlanEntries } from './plan-entries.ts';
import { type DirectoryRunRow, findDirectoryRun } from './runs.ts';
import { runClosed } from './site-runs.ts';
import { refreshShadowStatistics, shadowTables } from './shadow-tables.ts';
import { storedPages } from './stored-pages.ts';

/** Large, and nothing that a reading does depends on them. */
const notRead = ['directory_plan_page', 'directory_plan_entry', 'mailbox', 'seen_item'];

/**
 * Computes the plan of an open run from the pages that were kept, or from what is stored. Repeating it is harmless. Nothing
 * happens while the reading is not complete. `onProgress` is called for every page.
 * @throws NotFoundError, ConflictError `run.closed`; as commitDirectoryPage, of which nothing is kept
 */
export async function computePlan(database: Database, organisation: OrganisationId, id: RunId, onProgress: () => void): Promise<void> {
  await withOrganisationSnapshot(database, organisation, async (tx) => {
    const run = await findDirectoryRun(tx, id);
    if (!isOpen(run.state)) throw runClosed(run.state);
    if (run.plan_counts !== null) return;
    const integration = run.integration_id;
    if (!run.from_stored && !(await isReadingComplete(tx, { id, integration, kind: 'directory-plan' }))) return;
    await forgetEarlierPlans(tx, integration);
    await shadowTables(tx, notRead);
    const totals = await rehearse(tx, run, run.from_stored ? storedPages(tx, integration) : keptPages(tx, id), onProgress);
    const counts = await writePlanEntries(tx, id, integration);
    await forgetPages(tx, id);
    await tx
      .withSchema('public')
      .updateTable('run')
      .set({ plan_counts: JSON.stringify(counts), totals: JSON.stringify(totals), progress_at: sql<Date>`now()`, error: null })
      .where('id', '=', id)
      .execute();
  });
}

/** Synchronises the copies. Gives the totals that the synchronisation would have. */
async function rehearse(tx: OrganisationTransaction, run: DirectoryRunRow, pages: AsyncIterable<DirectoryPage>, onProgress: () => void): Promise<DirectoryRunRow['totals']> {
  const reading = { id: run.id, integration: run.integration_id, kind: 'directory-sync' } as const;
  await tx.deleteFrom('run').where('integration_id', '=', run.integration_id).where('state', 'in', ['queued', 'running']).where('id', '<>', run.id).execute();
  await tx.updateTable('run').set({ kind: 'directory-sync', epoch: null, first_epoch: null, totals: '{}' }).where('id', '=', run.id).execute();
  // Those with which the pages were read, whatever is saved by now.
  const settings = run.settings ?? run.read_settings;
  if (settings !== null) {
    await tx.updateTable('directory_integration').set({ settings: JSON.stringify(settings) }).where('id', '=', run.integration_id).execute();
  }
  const { epoch } = await openDirectoryReading(tx, reading);
  if (!run.from_stored) await tellChangesSince(tx, run.integration_id, epoch);
  let seq = 0;
  for await (const page of pages) {
    await commitDirectoryPage(tx, reading, { epoch, seq }, page, pageHash(Buffer.from(String(seq))));
    await refreshShadowStatistics(tx);
    onProgress();
    seq++;
  }
  return (await findDirectoryRun(tx, run.id)).totals;
}

/** What a watcher told while the plan was read is newer than its pages, as it would be while a synchronisation reads. */
async function tellChangesSince(tx: OrganisationTransaction, integration: IntegrationId, epoch: number): Promise<void> {
  await sql`
    update directory_sighting s set
      told_epoch = case when s.told_epoch > 0 then ${epoch} else 0 end,
      members_told_epoch = case when s.members_told_epoch > 0 then ${epoch} else 0 end
    from directory_object o
    where o.integration_id = ${integration} and o.id = s.object_id and (s.told_epoch > 0 or s.members_told_epoch > 0)
      and o.changed_at >= (select opened_at from page_cursor where owner = ${integration} and scope = 'directory-plan')`.execute(tx);
  await sql`update directory_tombstone set told_epoch = ${epoch} where integration_id = ${integration}`.execute(tx);
}
