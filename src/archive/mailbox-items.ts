/** What a page of a folder does to the archive: items that are new, changed, read, moved and gone. */
import { sql } from 'kysely';
import { LockstepError } from '../shared/errors.ts';
import type { FolderId, ItemId, MailboxId } from '../shared/ids.ts';
import type { FolderPage, SourceItemId } from '../shared/mailbox.ts';
import type { MailboxPageAnswer } from '../shared/mailbox-contract.ts';
import type { OrganisationTransaction } from './database.ts';
import { itemRow, sourceHash } from './item-mapping.ts';
import { recordItemProblems } from './item-problems.ts';
import { commitStatePage, folderCursor, type Reading } from './mailbox-cursor.ts';
import { folderPlace } from './mailbox-folders.ts';
import { noteRules, outdatedRules, wantedItems } from './mailbox-judging.ts';
import { currentOrganisation, type LeasedMailbox, openPass } from './mailbox-lease.ts';
import { type FolderPlace, folderRules } from './mailbox-rules.ts';
import type { CursorPosition } from './page-cursor.ts';
import { sqlFile } from './sql-file.ts';

interface Placed {
  readonly added: number;
  readonly changed: number;
  readonly left_out: number;
  readonly written: number;
  /** That were left out before. */
  readonly admitted: readonly ItemId[];
}
const placeItemsSql = sqlFile<Placed, [rows: string, mailbox: MailboxId, folder: FolderId, pass: number]>('place-items');
const setReadSql = sqlFile<never, [rows: string, mailbox: MailboxId, folder: FolderId, pass: number]>('set-read');
const removeItemsSql = sqlFile<never, [hashes: readonly Buffer[], mailbox: MailboxId, folder: FolderId, pass: number, reason: 'deleted']>('remove-items');
const endUnseenSql = sqlFile<never, [mailbox: MailboxId, folder: FolderId, pass: number, epoch: number]>('end-unseen-items');

/**
 * Commits one page of a folder.
 * @throws LockstepError CursorInvalid, also `mailbox.folder-gone` when the hierarchy says that the folder is gone
 */
export async function commitFolderPage(
  tx: OrganisationTransaction,
  mailbox: LeasedMailbox,
  folder: FolderId,
  position: CursorPosition,
  page: FolderPage,
  hash: Buffer,
): Promise<MailboxPageAnswer> {
  await requireFolder(tx, mailbox, folder);
  const place = await folderPlace(tx, mailbox.id, folder);
  const answer = await commitStatePage(tx, folderCursor(mailbox, folder), { ...position, hash, state: page.state, last: page.last }, (reading) =>
    applyPage(tx, mailbox, folder, place, reading, page),
  );
  if (!page.last || !('next' in answer)) return answer;
  const retry = await wantedOf(tx, mailbox, folder, place);
  return retry.length === 0 ? answer : { ...answer, retry };
}

/** What is wanted since the rules are wider and was not read yet. */
async function wantedOf(tx: OrganisationTransaction, mailbox: LeasedMailbox, folder: FolderId, place: FolderPlace): Promise<readonly SourceItemId[]> {
  const { rows: [row] } = await sql<{ rules_hash: Buffer | null }>`select rules_hash from folder where id = ${folder}`.execute(tx);
  const [outdated] = outdatedRules(mailbox, [{ id: folder, rules_hash: row?.rules_hash ?? null, place }]);
  return outdated === undefined ? [] : ((await wantedItems(tx, mailbox.id, outdated)).get(folder) ?? []);
}

/** @throws LockstepError CursorInvalid `mailbox.folder-gone` */
export async function requireFolder(tx: OrganisationTransaction, mailbox: LeasedMailbox, folder: FolderId): Promise<void> {
  const { rows } = await sql`select from folder where id = ${folder} and mailbox_id = ${mailbox.id} and closed_pass is null`.execute(tx);
  if (rows.length > 0) return;
  throw new LockstepError({
    class: 'CursorInvalid',
    code: 'mailbox.folder-gone',
    message: 'The mailbox has no such folder any more.',
    next: 'Nothing: the next pass reads the folders that there are.',
  });
}

async function applyPage(
  tx: OrganisationTransaction,
  mailbox: LeasedMailbox,
  folder: FolderId,
  place: FolderPlace,
  reading: Reading,
  page: FolderPage,
): Promise<void> {
  const { items, removed, read, problems } = withoutContradictions(page);
  // The first reading has nothing to compare with.
  const compared = reading.phase === 'full' && reading.epoch > 1;
  if (items.length + removed.length + read.length > 0 || compared) {
    const pass = await openPass(tx, mailbox);
    if (items.length > 0) {
      const rules = folderRules(mailbox.rules, place, mailbox.now);
      await noteRules(tx, folder, rules);
      const rows = items.map((item) => itemRow(item, rules));
      // Each once: the last that is said of it counts.
      const [placed] = await placeItemsSql(tx, JSON.stringify([...new Map(rows.map((row) => [row.hash, row])).values()]), mailbox.id, folder, pass);
      await setTimes(tx, mailbox.id, placed?.admitted ?? []);
    }
    if (read.length > 0) {
      const flags = new Map(read.map(({ id, isRead }) => [sourceHash(id).toString('hex'), isRead]));
      await setReadSql(tx, JSON.stringify([...flags].map(([of, isRead]) => ({ hash: of, isRead }))), mailbox.id, folder, pass);
    }
    if (removed.length > 0) await removeItemsSql(tx, [...new Set(removed)].map(sourceHash), mailbox.id, folder, pass, 'deleted');
    if (compared) {
      await see(tx, folder, reading.epoch, [...items, ...problems].map(({ id }) => sourceHash(id)));
      if (page.last) await endUnseenSql(tx, mailbox.id, folder, pass, reading.epoch);
    }
  }
  await recordItemProblems(tx, mailbox, 'metadata', problems.map((problem) => ({ ...problem, folder })));
}

/** Of a private item not even the time is known; when it is, its former places are listed by it too. */
export async function setTimes(tx: OrganisationTransaction, mailbox: MailboxId, items: readonly ItemId[]): Promise<void> {
  if (items.length === 0) return;
  await sql`
    update former_placement p set sort_at = i.sort_at
    from unnest(${items}::bigint[]) as x (id)
    join item i on i.mailbox_id = ${mailbox} and i.id = x.id
    where p.mailbox_id = ${mailbox} and p.item_id = x.id and p.sort_at <> i.sort_at`.execute(tx);
}

/**
 * An id is in one of the lists, says the contract. Where it is not: what was read of an item, or failed to be, is later than what was said of
 * changes.
 */
function withoutContradictions({ items, removed, read, problems }: FolderPage): Pick<FolderPage, 'items' | 'removed' | 'read' | 'problems'> {
  const known = new Set<SourceItemId>(items.map(({ id }) => id));
  const failed = problems.filter(({ id }) => !known.has(id));
  for (const { id } of failed) known.add(id);
  const gone = removed.filter((id) => !known.has(id));
  for (const id of gone) known.add(id);
  return { items, removed: gone, read: read.filter(({ id }) => !known.has(id)), problems: failed };
}

/** What cannot be read is there all the same. */
async function see(tx: OrganisationTransaction, folder: FolderId, epoch: number, hashes: readonly Buffer[]): Promise<void> {
  if (hashes.length === 0) return;
  await sql`
    insert into seen_item (folder_id, epoch, source_hash, org_id)
    select ${folder}, ${epoch}, hash, ${currentOrganisation} from unnest(${hashes}::bytea[]) as x (hash)
    on conflict do nothing`.execute(tx);
}
