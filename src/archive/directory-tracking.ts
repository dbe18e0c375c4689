/**
 * Changes of a directory between full readings: where they go on from, and the pages that tell them.
 *
 *   last page of a reading            page of changes              needs-full, or a last page
 *   with a watermark ──► epoch e, value ──► (e, seq + 1), value ──► epoch e + 1
 *
 * A reading that begins opens another epoch too, with the value as it is: see restartChanges.
 *
 * The watermark was taken before the reading began, and the epoch is opened in the transaction of its last page: what was told
 * meanwhile is told again, which changes nothing, and what the reading brought in an older state is mended by it.
 */
import { sql } from 'kysely';
import type { DirectoryChangesPage, DirectoryPage, DirectoryWatermark, RemovalKind } from '../shared/directory.ts';
import type { IntegrationId } from '../shared/ids.ts';
import type { PageAnswer } from '../shared/site-contract.ts';
import type { OrganisationTransaction } from './database.ts';
import { applyDirectoryChanges } from './directory-changes.ts';
import { forgetMemberParts } from './directory-member-lists.ts';
import { directoryScope } from './directory-scope.ts';
import { commitPage, type CursorPosition, openDeltaEpoch } from './page-cursor.ts';
import { requestRun, type RunRow } from './runs.ts';
import type { RunReason } from '../shared/runs.ts';

const changesOf = (integration: IntegrationId) => ({ owner: integration, scope: 'directory-changes' });
/**
 * Keeps pages of readings and of watchers of this integration away until the end of the transaction, in the order in which they
 * take their cursors. Gives the epoch of the last reading that began (0: none) and where changes go on from.
 */
export async function holdPages(
  tx: OrganisationTransaction,
  integration: IntegrationId,
): Promise<{ readonly epoch: number; readonly watermark: DirectoryWatermark | undefined }> {
  const hold = (scope: string) =>
    tx.selectFrom('page_cursor').select(['epoch', 'value']).where('owner', '=', integration).where('scope', '=', scope).forUpdate().executeTakeFirst();
  const reading = await hold('directory-sync');
  const value = (await hold('directory-changes'))?.value ?? null;
  return { epoch: Number(reading?.epoch ?? 0), watermark: value === null ? undefined : decode(value) };
}

const encode = (watermark: DirectoryWatermark): Buffer => Buffer.from(JSON.stringify(watermark));
const decode = (value: Buffer): DirectoryWatermark => JSON.parse(value.toString('utf8')) as DirectoryWatermark;

/** Where changes go on after a complete reading. In the transaction of its last page. */
export async function trackChanges(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  { watermark, tracking }: Pick<DirectoryPage, 'watermark' | 'tracking'>,
): Promise<void> {
  await openDeltaEpoch(tx, changesOf(integration), watermark === undefined ? null : encode(watermark));
  await tx
    .updateTable('directory_integration')
    .set({
      reconcile_reason: null,
      reconcile_at: null,
      ...(tracking === undefined ? {} : { change_tracking: JSON.stringify(tracking) }),
    })
    .where('id', '=', integration)
    .execute();
}

/**
 * When a reading begins: what a watcher has read before is not taken any more, since the reading's watermark is later and nobody
 * would tell again what became of it. The watcher asks again from where it was.
 */
export async function restartChanges(tx: OrganisationTransaction, integration: IntegrationId): Promise<void> {
  const row = await tx
    .selectFrom('page_cursor')
    .select('value')
    .where('owner', '=', integration)
    .where('scope', '=', 'directory-changes')
    .forUpdate()
    .executeTakeFirst();
  if (row !== undefined) await openDeltaEpoch(tx, changesOf(integration), row.value);
}

export type ChangesPosition = CursorPosition & { readonly watermark: DirectoryWatermark };

/**
 * Where a watcher begins; undefined when there is nothing to go on from. What another watcher left half-told is forgotten, for
 * it is told again.
 */
export async function openChanges(tx: OrganisationTransaction, integration: IntegrationId): Promise<ChangesPosition | undefined> {
  const row = await tx
    .selectFrom('page_cursor')
    .select(['epoch', 'seq', 'value'])
    .where('owner', '=', integration)
    .where('scope', '=', 'directory-changes')
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined || row.value === null) return undefined;
  await forgetMemberParts(tx, integration);
  return { epoch: Number(row.epoch), seq: Number(row.seq), watermark: decode(row.value) };
}

/**
 * Commits one page of changes; see page-cursor.ts for the answers.
 * @throws LockstepError CursorInvalid `cursor.unknown-epoch`, ConfigInvalid `directory.filter-invalid`
 */
export async function commitChangesPage(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  position: CursorPosition,
  page: DirectoryChangesPage,
  hash: Buffer,
): Promise<PageAnswer> {
  const reading = await tx
    .selectFrom('page_cursor')
    .select('epoch')
    .where('owner', '=', integration)
    .where('scope', '=', 'directory-sync')
    .forUpdate()
    .executeTakeFirst();
  return commitPage(tx, { ...changesOf(integration), ...position, hash, last: false, value: encode(page.watermark) }, async () => {
    const { settings } = await tx.selectFrom('directory_integration').select('settings').where('id', '=', integration).executeTakeFirstOrThrow();
    const context = { integration, run: null, epoch: Number(reading?.epoch ?? 0), settings, scope: directoryScope(settings) };
    const undecided = await applyDirectoryChanges(tx, context, page);
    if (undecided.length > 0) await requestDecision(tx, integration, undecided);
  });
}

/** Until the next full reading changes are not told: they could not be applied to what is stored. */
export const forgetWatermark = (tx: OrganisationTransaction, integration: IntegrationId) => openDeltaEpoch(tx, changesOf(integration), null);

/**
 * A full reading, which holds what is too much for changes. It begins as queued runs do that nobody starts. One that ended and held
 * nothing (it failed) is not asked for again at once.
 */
async function requestDecision(tx: OrganisationTransaction, integration: IntegrationId, kinds: readonly RemovalKind[]): Promise<void> {
  if ((await pauseBetween(tx, integration, 'removals-held')) !== undefined) return;
  const reason = { code: 'removals-held', detail: `Changes would remove more than the settings let go (${kinds.join(', ')}).` } as const;
  await requestRun(tx, { integration, kind: 'directory-sync', trigger: 'reconcile', reason });
}

/**
 * The watermark of this epoch leads nowhere: forgets it and asks for a full reading. Undefined when the epoch is over, since
 * another reading has been there then, and when the reading has to wait: where each reading is followed by the next request, the
 * domain controller is read from end to end without a pause, and nothing is gained.
 */
export async function requestReconcile(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  epoch: number,
  reason: RunReason,
): Promise<RunRow | undefined> {
  const cursor = await tx
    .selectFrom('page_cursor')
    .select('epoch')
    .where('owner', '=', integration)
    .where('scope', '=', 'directory-changes')
    .forUpdate()
    .executeTakeFirst();
  if (cursor === undefined || Number(cursor.epoch) !== epoch) return undefined;
  await forgetWatermark(tx, integration);
  const notBefore = await pauseBetween(tx, integration, reason.code);
  if (notBefore !== undefined) {
    await tx
      .updateTable('directory_integration')
      .set({ reconcile_reason: JSON.stringify(reason), reconcile_at: notBefore })
      .where('id', '=', integration)
      .execute();
    return undefined;
  }
  const { run } = await requestRun(tx, { integration, kind: 'directory-sync', trigger: 'reconcile', reason });
  return run;
}

/** The full reading that had to wait, once its time has come. Asked for when the watcher asks, which waits for it. */
export async function requestDueReconcile(tx: OrganisationTransaction, integration: IntegrationId): Promise<RunRow | undefined> {
  const due = await tx
    .selectFrom('directory_integration')
    .select('reconcile_reason')
    .where('id', '=', integration)
    .where('reconcile_at', '<=', sql<Date>`now()`)
    .forUpdate()
    .executeTakeFirst();
  const reason = due?.reconcile_reason ?? undefined;
  if (reason === undefined) return undefined;
  await tx.updateTable('directory_integration').set({ reconcile_reason: null, reconcile_at: null }).where('id', '=', integration).execute();
  const { run } = await requestRun(tx, { integration, kind: 'directory-sync', trigger: 'reconcile', reason });
  return run;
}

/** After two full readings for the same reason within a day, the next is an hour after the last; undefined: at once. */
async function pauseBetween(tx: OrganisationTransaction, integration: IntegrationId, code: string): Promise<Date | undefined> {
  const runs = await tx
    .selectFrom('run')
    .select(['reason', sql<Date>`requested_at + interval '1 hour'`.as('next'), sql<boolean>`requested_at + interval '1 hour' > now()`.as('ahead')])
    .where('integration_id', '=', integration)
    .where('trigger', '=', 'reconcile')
    .where('requested_at', '>', sql<Date>`now() - interval '1 day'`)
    .orderBy('number', 'desc')
    .limit(2)
    .execute();
  const [last] = runs;
  if (last === undefined || runs.length < 2 || !runs.every(({ reason }) => reason?.code === code)) return undefined;
  return last.ahead ? last.next : undefined;
}
