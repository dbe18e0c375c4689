/** Messages and their parts as rows. */
import { sql } from 'kysely';
import type { BlobHash } from '../../shared/ids.ts';
import type { OrganisationTransaction } from '../database.ts';
import { currentOrganisation } from '../mailbox-lease.ts';
import { DIGEST_VERSION } from './content-digest.ts';
import type { MimeContent, MimePart } from './mime-content.ts';

/** Smaller parts stay in their messages: a blob of their own costs as much as it saves. */
export const SHARED_PART_MIN_BYTES = 16 * 1024;

export const isWorthSharing = ({ base64, bytes }: Pick<MimePart, 'base64' | 'bytes'>): boolean => base64 !== null && bytes >= SHARED_PART_MIN_BYTES;

/** Which of these messages the archive does not know yet. */
export async function unknownContents(tx: OrganisationTransaction, hashes: readonly BlobHash[]): Promise<BlobHash[]> {
  const { rows } = await sql<{ hash: BlobHash }>`
    select hash from unnest(${hashes}::text[]) as x (hash)
    where not exists (select from content c where c.org_id = ${currentOrganisation} and c.sha256 = decode(hash, 'hex'))`.execute(tx);
  return rows.map(({ hash }) => hash);
}

/** Keeps a message whose bytes are a blob of this hash. Whoever kept the same one meanwhile did what this would. */
export async function saveContent(tx: OrganisationTransaction, hash: BlobHash, { bytes, parts, digest }: MimeContent): Promise<void> {
  const sha256 = Buffer.from(hash, 'hex');
  const { rows: [saved] } = await sql<{ id: string }>`
    insert into content (org_id, sha256, bytes, digest, digest_version, blob, to_share)
    values (${currentOrganisation}, ${sha256}, ${bytes}, ${digest}, ${DIGEST_VERSION}, ${sha256}, ${parts.some(isWorthSharing)})
    on conflict (org_id, sha256) do nothing
    returning id`.execute(tx);
  if (saved === undefined) return;
  const rows = parts.map(({ contentType, base64, sha256: of, ...part }) => ({
    ...part, content_type: contentType, cid: part.contentId, sha256: of.toString('hex'), at: base64?.at ?? null, length: base64?.length ?? null,
  }));
  await sql`
    insert into content_part (content_id, number, org_id, sha256, bytes, content_type, charset, name, disposition, cid, base64_at, base64_length)
    select ${saved.id}, number, ${currentOrganisation}, decode(sha256, 'hex'), bytes, content_type, charset, name, disposition, cid, at, length
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x (number integer, sha256 text, bytes bigint, content_type text, charset text, name text,
      disposition text, cid text, at bigint, length bigint)`.execute(tx);
}
