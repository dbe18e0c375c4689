/**
 * A reading of a directory: the attempts of one run, each in an epoch of its own, whose pages either change the archive
 * (directory-sync) or are only compared with it (directory-plan). The run's totals and the page are one transaction, so
 * the totals count each object once however often it was sent.
 *
 * Locks are taken in one order: cursor of the reading, run, then (on the last page) the organisation's address claims and the
 * cursor of changes. A page of changes takes both cursors too, in this order, so that only one page of an integration is applied at
 * a time.
 */
import { sql } from 'kysely';
import type { DirectoryPage } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import type { IntegrationId, RunId } from '../shared/ids.ts';
import { type DirectoryRunTotals, isOpen, type RunKind } from '../shared/runs.ts';
import type { PageAnswer } from '../shared/site-contract.ts';
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryAttempt, DirectoryTotalsDelta } from './directory-attempt.ts';
import { applyDirectoryPage, completeDirectoryReading } from './directory-ingest.ts';
import { restartChanges, trackChanges } from './directory-tracking.ts';
import { completeDirectoryPlan, forgetEarlierPlans, forgetPlan, planDirectoryPage } from './directory-plan.ts';
import { directoryScope } from './directory-scope.ts';
import { commitPage, type CursorPosition, openEpoch } from './page-cursor.ts';
import { attributeTo } from './past.ts';
import { NotFoundError } from './record-errors.ts';
import { runClosed } from './site-runs.ts';

export type ReadingRunKind = Extract<RunKind, 'directory-sync' | 'directory-plan'>;
export interface ReadingRun {
  readonly id: RunId;
  readonly integration: IntegrationId;
  readonly kind: ReadingRunKind;
}

/**
 * Begins an attempt of an open run: pages of earlier attempts are superseded from now on, and the totals start again.
 * @throws NotFoundError, ConflictError `run.closed`
 */
export async function openDirectoryReading(tx: OrganisationTransaction, run: ReadingRun): Promise<CursorPosition> {
  const position = await openEpoch(tx, cursorOf(run));
  const row = await lockOpenRun(tx, run);
  if (run.kind === 'directory-plan') {
    await forgetPlan(tx, run.id);
    await forgetEarlierPlans(tx, run.integration);
  } else {
    await restartChanges(tx, run.integration);
  }
  await tx
    .updateTable('run')
    .set({
      epoch: position.epoch,
      first_epoch: row.first_epoch ?? position.epoch,
      totals: JSON.stringify(noTotals),
      progress_at: sql<Date>`now()`,
      error: null,
    })
    .where('id', '=', run.id)
    .execute();
  return position;
}

/**
 * Commits one page of an attempt. Repeating it is harmless; see page-cursor.ts for the answers.
 * @throws NotFoundError, ConflictError `run.closed`
 * @throws LockstepError CursorInvalid when the position is of no attempt of this run, ConfigInvalid
 * `directory.empty-reading`
 */
export function commitDirectoryPage(
  tx: OrganisationTransaction,
  run: ReadingRun,
  position: CursorPosition,
  page: DirectoryPage,
  hash: Buffer,
): Promise<PageAnswer> {
  return commitPage(tx, { ...cursorOf(run), ...position, hash, last: page.last }, async () => {
    const row = await lockOpenRun(tx, run);
    await attributeTo(tx, run.id);
    if (row.epoch === null || row.first_epoch === null || Number(row.epoch) !== position.epoch) {
      throw new LockstepError({
        class: 'CursorInvalid',
        code: 'cursor.unknown-epoch',
        message: `Epoch ${position.epoch} was not opened for this run.`,
        next: 'Start the reading again; nothing was changed.',
      });
    }
    const { settings } = await tx
      .selectFrom('directory_integration')
      .select('settings')
      .where('id', '=', run.integration)
      .executeTakeFirstOrThrow();
    const attempt: DirectoryAttempt = {
      run: run.id,
      integration: run.integration,
      epoch: position.epoch,
      firstEpoch: Number(row.first_epoch),
      settings,
      scope: directoryScope(settings),
    };
    const [applyPage, complete] =
      run.kind === 'directory-plan'
        ? [planDirectoryPage, completeDirectoryPlan]
        : [applyDirectoryPage, completeDirectoryReading];
    let totals = plus({ ...noTotals, ...row.totals }, { pages: 1, ...(await applyPage(tx, attempt, page)) });
    if (page.last) {
      if (totals.seen === 0) await refuseEmptyReading(tx, run.integration);
      totals = { ...totals, ...(await complete(tx, attempt, page)) };
      if (run.kind === 'directory-sync') await trackChanges(tx, run.integration, page);
    }
    await tx
      .updateTable('run')
      .set({ totals: JSON.stringify(totals), progress_at: sql<Date>`now()`, error: null })
      .where('id', '=', run.id)
      .execute();
  });
}

/** Whether the run's last attempt committed its last page: only then is a reading done. */
export async function isReadingComplete(tx: OrganisationTransaction, run: ReadingRun): Promise<boolean> {
  const { owner, scope } = cursorOf(run);
  const row = await tx
    .selectFrom('page_cursor')
    .innerJoin('run', 'run.epoch', 'page_cursor.completed_epoch')
    .select('run.id')
    .where('page_cursor.owner', '=', owner)
    .where('page_cursor.scope', '=', scope)
    .where('run.id', '=', run.id)
    .executeTakeFirst();
  return row !== undefined;
}

export const noTotals: DirectoryRunTotals = {
  pages: 0,
  seen: 0,
  added: 0,
  changed: 0,
  unchanged: 0,
  missing: 0,
  returned: 0,
  members: 0,
  problems: 0,
};
const plus = (totals: DirectoryRunTotals, delta: DirectoryTotalsDelta): DirectoryRunTotals => ({
  pages: totals.pages + (delta.pages ?? 0),
  seen: totals.seen + (delta.seen ?? 0),
  added: totals.added + (delta.added ?? 0),
  changed: totals.changed + (delta.changed ?? 0),
  unchanged: totals.unchanged + (delta.unchanged ?? 0),
  missing: totals.missing + (delta.missing ?? 0),
  returned: totals.returned + (delta.returned ?? 0),
  members: totals.members + (delta.members ?? 0),
  problems: totals.problems + (delta.problems ?? 0),
});

/** A plan must not end the epoch of a sync that runs beside it. */
const cursorOf = (run: ReadingRun) => ({ owner: run.integration, scope: run.kind });

/** @throws NotFoundError, ConflictError `run.closed` */
export async function lockOpenRun(tx: OrganisationTransaction, run: { readonly id: RunId }) {
  const row = await tx
    .selectFrom('run')
    .select(['state', 'epoch', 'first_epoch', 'totals'])
    .where('id', '=', run.id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row === undefined) throw new NotFoundError('such run');
  if (!isOpen(row.state)) throw runClosed(row.state);
  return row;
}

/**
 * A directory in which nothing is left is far less likely than a reading that went wrong, so nothing is concluded from
 * it.
 */
async function refuseEmptyReading(tx: OrganisationTransaction, integration: IntegrationId): Promise<void> {
  const present = await tx
    .selectFrom('directory_object')
    .select('id')
    .where('integration_id', '=', integration)
    .where('listed', '=', true)
    .where('missing_since', 'is', null)
    .limit(1)
    .executeTakeFirst();
  if (present === undefined) return;
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.empty-reading',
    message: 'The directory gave no object at all, though it did before. Nothing was changed.',
    next: 'See whether the account may still read, and whether base DN, search bases and filter still fit: lockstep directory test.',
  });
}
