/** What a page of a mailbox's hierarchy does to the archive: folders that are new, renamed, moved and gone. */
import { sql } from 'kysely';
import { LockstepError } from '../shared/errors.ts';
import type { FolderId, MailboxId, MailboxKey } from '../shared/ids.ts';
import type { FolderEntry, HierarchyPage } from '../shared/mailbox.ts';
import type { MailboxPageAnswer } from '../shared/mailbox-contract.ts';
import type { OrganisationTransaction } from './database.ts';
import { folderRow, sourceHash } from './item-mapping.ts';
import { commitStatePage, hierarchyCursor, type Reading } from './mailbox-cursor.ts';
import { foldersToRead } from './mailbox-folders.ts';
import { type LeasedMailbox, openPass } from './mailbox-lease.ts';
import type { CursorPosition } from './page-cursor.ts';
import { sqlFile } from './sql-file.ts';

type FolderIds = { readonly id: FolderId };
const applyFoldersSql = sqlFile<FolderIds, [rows: string, mailbox: MailboxId, pass: number, epoch: number]>('apply-folders');
const openFolderCursorsSql = sqlFile<never, [folders: readonly FolderId[], owner: MailboxKey]>('open-folder-cursors');
const removedFoldersSql = sqlFile<FolderIds, [hashes: readonly Buffer[], mailbox: MailboxId]>('removed-folders');
const closeFoldersSql = sqlFile<never, [folders: readonly FolderId[], mailbox: MailboxId, pass: number, reason: EndOfFolder]>('close-folders');

type EndOfFolder = 'folder-deleted' | 'left-scope' | 'resync-missing';

/**
 * Commits one page of the hierarchy. The answer to the last one names the folders to read.
 * @throws LockstepError CursorInvalid, ConfigInvalid `mailbox.empty-hierarchy`
 */
export async function commitHierarchyPage(
  tx: OrganisationTransaction,
  mailbox: LeasedMailbox,
  position: CursorPosition,
  page: HierarchyPage,
  hash: Buffer,
): Promise<MailboxPageAnswer> {
  const answer = await commitStatePage(tx, hierarchyCursor(mailbox), { ...position, hash, state: page.state, last: page.last }, async (reading) => {
    if (page.folders.length + page.removed.length > 0) await applyPage(tx, mailbox, reading, page);
    if (page.last && reading.phase === 'full') await endReading(tx, mailbox, reading);
  });
  if (!page.last || !('next' in answer)) return answer;
  return { ...answer, folders: (await foldersToRead(tx, mailbox)).cursors };
}

async function applyPage(tx: OrganisationTransaction, mailbox: LeasedMailbox, { epoch }: Reading, { folders, removed }: HierarchyPage): Promise<void> {
  const pass = await openPass(tx, mailbox);
  // Each once: the last that is said of it counts, and one that is there is not removed.
  const once = new Map(folders.map((folder) => [folder.id, folder]));
  const rows = [...once.values()].filter(isReplicated).map(folderRow);
  const gone = removed.filter((id) => !once.has(id));
  const opened = await applyFoldersSql(tx, JSON.stringify(rows), mailbox.id, pass, epoch);
  if (opened.length > 0) await openFolderCursorsSql(tx, opened.map(({ id }) => id), mailbox.key);
  const hidden = [...once.values()].filter((folder) => !isReplicated(folder)).map(({ id }) => sourceHash(id));
  if (hidden.length > 0) {
    const { rows: left } = await sql<FolderIds>`
      select id from folder where mailbox_id = ${mailbox.id} and source_hash = any (${hidden}::bytea[]) and closed_pass is null`.execute(tx);
    await close(tx, mailbox, pass, left, 'left-scope');
  }
  if (gone.length > 0) await close(tx, mailbox, pass, await removedFoldersSql(tx, gone.map(sourceHash), mailbox.id), 'folder-deleted');
}

const isReplicated = ({ hidden, search }: FolderEntry): boolean => !hidden && !search;

/** What a full reading did not see is gone. */
async function endReading(tx: OrganisationTransaction, mailbox: LeasedMailbox, { epoch }: Reading): Promise<void> {
  const { rows } = await sql<FolderIds & { seen: boolean }>`
    select id, epoch >= ${epoch} as seen from folder where mailbox_id = ${mailbox.id} and closed_pass is null`.execute(tx);
  const unseen = rows.filter(({ seen }) => !seen);
  if (unseen.length === 0) return;
  // Far less likely than a reading that went wrong: Inbox cannot be deleted.
  if (unseen.length === rows.length) throw emptyHierarchy();
  await close(tx, mailbox, await openPass(tx, mailbox), unseen, 'resync-missing');
}

async function close(tx: OrganisationTransaction, mailbox: LeasedMailbox, pass: number, folders: readonly FolderIds[], reason: EndOfFolder): Promise<void> {
  if (folders.length > 0) await closeFoldersSql(tx, folders.map(({ id }) => id), mailbox.id, pass, reason);
}

const emptyHierarchy = (): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'mailbox.empty-hierarchy',
    message: 'Exchange named none of the mailbox’s folders, though it did before. Nothing was changed.',
    next: 'See whether the account may still read the mailbox, and whether the mailbox is whole (New-MailboxRepairRequest).',
  });
