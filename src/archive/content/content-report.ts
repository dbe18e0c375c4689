/** What a site read of items' content: its bytes are in the blob store, and now become theirs. */
import { sql } from 'kysely';
import { LockstepError } from '../../shared/errors.ts';
import type { BlobHash, FolderId, ItemId, MailboxId, OrganisationId } from '../../shared/ids.ts';
import type { SourceItemId } from '../../shared/mailbox.ts';
import type { ContentReport } from '../../shared/mailbox-contract.ts';
import { referToBlobs } from '../blobs/blob-rows.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { OrganisationTransaction } from '../database.ts';
import { recordItemProblems } from '../item-problems.ts';
import type { LeasedMailbox } from '../mailbox-lease.ts';
import { sqlFile } from '../sql-file.ts';
import { saveContent, unknownContents } from './content-rows.ts';
import { type MimeContent, readMimeContent } from './mime-content.ts';

const recordContentSql = sqlFile<{ readonly id: ItemId; readonly is_draft: boolean }, [rows: string, mailbox: MailboxId]>('record-content');
const thinDraftsSql = sqlFile<never, [mailbox: MailboxId, items: readonly ItemId[]]>('thin-drafts');

/** Does work on the mailbox in a transaction, if the lease still holds. */
export type OnMailbox = <T>(work: (tx: OrganisationTransaction, mailbox: LeasedMailbox) => Promise<T>) => Promise<T>;

type ReadItem = Extract<ContentReport['items'][number], { readonly outcome: 'read' }>;
type UnreadableItem = Extract<ContentReport['items'][number], { readonly outcome: 'unreadable' }>;

/**
 * Messages are taken apart before anything is committed, and outside of a transaction: an item's content is `stored` when its bytes and all
 * rows are there, and what is killed in between is reported again. Of an item that is gone the next pass says where it is.
 * @throws LockstepError Unavailable `content.blob-missing`; what `onMailbox` refuses
 */
export async function recordContent(
  blobs: Pick<BlobStore, 'get'>, organisation: OrganisationId, onMailbox: OnMailbox, { items }: ContentReport,
): Promise<void> {
  const read = items.filter((item) => item.outcome === 'read');
  const unreadable = items.filter((item) => item.outcome === 'unreadable');
  const hashes = [...new Set(read.map(({ blob }) => blob))].toSorted();
  const unknown = hashes.length === 0 ? [] : await onMailbox((tx) => unknownContents(tx, hashes));
  const contents: (readonly [BlobHash, MimeContent])[] = [];
  for (const hash of unknown) contents.push([hash, await takenApart(blobs, organisation, hash)]);
  await onMailbox(async (tx, mailbox) => {
    // In the order of their hashes: of two that keep the same ones, one waits for the other.
    if ((await referToBlobs(tx, contents.map(([hash]) => hash))).length > 0) throw blobMissing();
    for (const [hash, content] of contents) await saveContent(tx, hash, content);
    if (read.length > 0) await recordRead(tx, mailbox.id, read);
    if (unreadable.length > 0) await recordUnreadable(tx, mailbox, unreadable);
  });
}

async function takenApart(blobs: Pick<BlobStore, 'get'>, organisation: OrganisationId, hash: BlobHash): Promise<MimeContent> {
  try {
    return await readMimeContent(await blobs.get(organisation, hash));
  } catch (error) {
    if (!(error instanceof LockstepError) || error.class !== 'ItemUnreadable') throw error;
    throw blobMissing(error);
  }
}

const blobMissing = (cause?: unknown): LockstepError =>
  new LockstepError({
    class: 'Unavailable',
    code: 'content.blob-missing',
    message: 'The bytes that the site reports are not in the archive, or are damaged.',
    next: 'Nothing: the site reads and sends them again. If it stays so, look into the log of the server and at the store of blobs.',
    cause,
  });

async function recordRead(tx: OrganisationTransaction, mailbox: MailboxId, items: readonly ReadItem[]): Promise<void> {
  const rows = items.map(({ item, blob, changeKey }) => ({ item, sha256: blob, change_key: changeKey }));
  const stored = await recordContentSql(tx, JSON.stringify([...new Map(rows.map((row) => [row.item, row])).values()]), mailbox);
  const drafts = stored.filter(({ is_draft }) => is_draft).map(({ id }) => id);
  if (drafts.length > 0) await thinDraftsSql(tx, mailbox, drafts);
}

async function recordUnreadable(tx: OrganisationTransaction, mailbox: LeasedMailbox, items: readonly UnreadableItem[]): Promise<void> {
  const { rows } = await sql<{ id: ItemId; source_id: SourceItemId; folder_id: FolderId }>`
    update item set content_state = 'unreadable'
    where mailbox_id = ${mailbox.id} and id = any (${items.map(({ item }) => item)}::bigint[])
      and content_state in ('wanted', 'unreadable') and folder_id is not null and left_out is null
    returning id, source_id, folder_id`.execute(tx);
  const known = new Map(rows.map((row) => [row.id, row]));
  const problems = items.flatMap(({ item, code, detail }) => {
    const row = known.get(item);
    return row === undefined ? [] : [{ id: row.source_id, folder: row.folder_id, code, detail }];
  });
  await recordItemProblems(tx, mailbox, 'content', problems);
}
