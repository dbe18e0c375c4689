/** What a page of a folder does to the archive: items that are new, changed, read, moved and gone. */
import { sql } from 'kysely';
import { LockstepError } from '../shared/errors.ts';
import type { FolderId, MailboxId } from '../shared/ids.ts';
import type { FolderPage } from '../shared/mailbox.ts';
import type { MailboxPageAnswer } from '../shared/mailbox-contract.ts';
import type { OrganisationTransaction } from './database.ts';
import { itemRow, sourceHash } from './item-mapping.ts';
import { recordItemProblems } from './item-problems.ts';
import { commitStatePage, folderCursor, type Reading } from './mailbox-cursor.ts';
import { folderPlaces } from './mailbox-folders.ts';
import { currentOrganisation, type LeasedMailbox, openPass } from './mailbox-lease.ts';
import type { CursorPosition } from './page-cursor.ts';
import { sqlFile } from './sql-file.ts';

interface Placed {
  readonly added: number;
  readonly changed: number;
  readonly left_out: number;
  readonly written: number;
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
  return commitStatePage(tx, folderCursor(mailbox, folder), { ...position, hash, state: page.state, last: page.last }, (reading) =>
    applyPage(tx, mailbox, folder, reading, page),
  );
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

async function applyPage(tx: OrganisationTransaction, mailbox: LeasedMailbox, folder: FolderId, reading: Reading, page: FolderPage): Promise<void> {
  const { items, removed, read, problems } = page;
  // The first reading has nothing to compare with.
  const compared = reading.phase === 'full' && reading.epoch > 1;
  if (items.length + removed.length + read.length > 0 || compared) {
    const pass = await openPass(tx, mailbox);
    if (items.length > 0) {
      const place = (await folderPlaces(tx, mailbox.id)).get(folder) ?? { path: [], wellKnown: [] };
      const rows = items.map((item) => itemRow(item, mailbox.rules, place, mailbox.now));
      // Each once: the last that is said of it counts.
      await placeItemsSql(tx, JSON.stringify([...new Map(rows.map((row) => [row.hash, row])).values()]), mailbox.id, folder, pass);
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

/** What cannot be read is there all the same. */
async function see(tx: OrganisationTransaction, folder: FolderId, epoch: number, hashes: readonly Buffer[]): Promise<void> {
  if (hashes.length === 0) return;
  await sql`
    insert into seen_item (folder_id, epoch, source_hash, org_id)
    select ${folder}, ${epoch}, hash, ${currentOrganisation} from unnest(${hashes}::bytea[]) as x (hash)
    on conflict do nothing`.execute(tx);
}
