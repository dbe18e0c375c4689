/** What the archive holds of a message beside its metadata: which bytes, and which parts they have. */
import { sql } from 'kysely';
import { blobHash, type BlobHash, type ItemId, type MailboxId } from '../../shared/ids.ts';
import type { OrganisationTransaction } from '../database.ts';
import { findItemHistory } from '../item-history.ts';
import type { MailboxView } from '../mailbox-view.ts';
import { ConflictError } from '../record-errors.ts';

export interface StoredPart {
  /** From 1, in the order of the message. */
  readonly number: number;
  readonly contentType: string;
  readonly charset: string | null;
  readonly name: string | null;
  readonly disposition: string | null;
  /** What HTML refers to: Content-ID without brackets. */
  readonly contentId: string | null;
  /** Decoded. */
  readonly bytes: number;
  readonly sha256: BlobHash;
  /** Where its base64 is in the message, of a part that is a blob by itself. */
  readonly cut: { readonly at: number; readonly length: number } | null;
}

export interface StoredContent {
  readonly id: string;
  /** Of the `.eml`. */
  readonly sha256: BlobHash;
  readonly bytes: number;
  /** Over the decoded parts; null: it could not be taken apart. */
  readonly digest: { readonly version: number; readonly sha256: string } | null;
  /** The message, or what is left of it without the parts that are cut. */
  readonly blob: BlobHash;
  readonly parts: readonly StoredPart[];
}

/**
 * Content of an item as the view shows it.
 * @throws NotFoundError when the view shows it nowhere, ConflictError `content.not-stored`
 */
export async function findContent(tx: OrganisationTransaction, mailbox: MailboxId, item: ItemId, view: MailboxView): Promise<StoredContent> {
  const { shown, contentState } = await findItemHistory(tx, mailbox, item, view);
  if (shown.contentId !== null) return requireContent(tx, shown.contentId);
  throw new ConflictError({
    code: 'content.not-stored',
    message: `The archive holds no content of this ${shown.until === null ? 'item' : 'version of the item'}.`,
    next: shown.until === null ? reasons[contentState] : 'Only its metadata is kept: it changed before its content was read, or a later draft of the same day is kept in its place.',
  });
}

const reasons = {
  wanted: 'It comes with one of the next runs of the task, unless the task’s definition asks for metadata only.',
  unreadable: 'Exchange could not give it. It is tried again; see: lockstep mailbox unreadable.',
  stored: 'Ask again: it is just being stored.',
  'not-wanted': 'The task’s definition leaves the item out.',
} as const;

/** Parts of an item's content, as it is now or as it was in the version that began with pass `since`; null: the archive holds none. */
export async function messageParts(tx: OrganisationTransaction, mailbox: MailboxId, item: ItemId, since?: number): Promise<readonly StoredPart[] | null> {
  const { rows: [found] } = await sql<{ content_id: string | null }>`
    select content_id from (
      select version_pass as since, content_id, 1 as rank from item where mailbox_id = ${mailbox} and id = ${item}
      union all
      select since_pass, content_id, 2 from former_version where mailbox_id = ${mailbox} and item_id = ${item}) v
    where ${since ?? null}::bigint is null and rank = 1 or since = ${since ?? null}::bigint
    order by rank, content_id desc nulls last limit 1`.execute(tx);
  return found === undefined || found.content_id === null ? null : (await requireContent(tx, found.content_id)).parts;
}

async function requireContent(tx: OrganisationTransaction, id: string): Promise<StoredContent> {
  const { rows: [content] } = await sql<{ sha256: string; bytes: string; digest: string | null; digest_version: number; blob: string }>`
    select encode(sha256, 'hex') as sha256, bytes, encode(digest, 'hex') as digest, digest_version, encode(blob, 'hex') as blob from content where id = ${id}`.execute(tx);
  if (content === undefined) throw new Error('a content without its row');
  const { rows } = await sql<PartRow>`
    select number, content_type, charset, name, disposition, cid, bytes, encode(sha256, 'hex') as sha256, shared, base64_at, base64_length
    from content_part where content_id = ${id} order by number`.execute(tx);
  const { digest } = content;
  return {
    id,
    sha256: blobHash(content.sha256),
    bytes: Number(content.bytes),
    digest: digest === null ? null : { version: content.digest_version, sha256: digest },
    blob: blobHash(content.blob),
    parts: rows.map(part),
  };
}

interface PartRow {
  readonly number: number;
  readonly content_type: string;
  readonly charset: string | null;
  readonly name: string | null;
  readonly disposition: string | null;
  readonly cid: string | null;
  readonly bytes: string;
  readonly sha256: string;
  readonly shared: boolean;
  readonly base64_at: string | null;
  readonly base64_length: string | null;
}
const part = ({ content_type, cid, bytes, sha256, shared, base64_at, base64_length, ...row }: PartRow): StoredPart => ({
  ...row,
  contentType: content_type,
  contentId: cid,
  bytes: Number(bytes),
  sha256: blobHash(sha256),
  cut: shared && base64_at !== null && base64_length !== null ? { at: Number(base64_at), length: Number(base64_length) } : null,
});
