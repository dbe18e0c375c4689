/** What is in the blob store and whether anything refers to it: table blob. Its times are the database's. */
import { sql } from 'kysely';
import { type BlobHash, blobHash } from '../../shared/ids.ts';
import type { OrganisationTransaction } from '../database.ts';
import type { StoredBlob } from './blob-store.ts';

const binary = (hash: BlobHash): Buffer => Buffer.from(hash, 'hex');
const binaries = (hashes: readonly BlobHash[]) => sql`(select decode(h, 'hex') from jsonb_array_elements_text(${JSON.stringify(hashes)}::jsonb) h)`;

/**
 * Keeps this blob's bytes and row as they are until the transaction ends: an upload does not come between the collection's
 * look at the row and its deletion of the bytes.
 */
export const holdBlob = (tx: OrganisationTransaction, hash: BlobHash) =>
  sql`select pg_advisory_xact_lock(hashtextextended(${`blob ${hash} `} || current_setting('lockstep.org'), 0))`.execute(tx);

/** Bytes of a blob that is there to be referred to, which lives another week without a reference; undefined: upload it. */
export async function reviveBlob(tx: OrganisationTransaction, hash: BlobHash): Promise<number | undefined> {
  const { rows } = await sql<{ bytes: string }>`
    update blob set unreferenced_since = case when unreferenced_since is not null then now() end
    where sha256 = ${binary(hash)} and not condemned
    returning bytes`.execute(tx);
  const bytes = rows[0]?.bytes;
  return bytes === undefined ? undefined : Number(bytes);
}

/** Records bytes that are in the store; the caller holds the blob. */
export async function recordBlob(tx: OrganisationTransaction, hash: BlobHash, { bytes, storedBytes }: StoredBlob): Promise<void> {
  await sql`
    insert into blob (org_id, sha256, bytes, stored_bytes)
    values (current_setting('lockstep.org')::uuid, ${binary(hash)}, ${bytes}, ${storedBytes})
    on conflict (org_id, sha256) do update set
      bytes = excluded.bytes, stored_bytes = excluded.stored_bytes, condemned = false,
      unreferenced_since = case when blob.unreferenced_since is not null then now() end`.execute(tx);
}

/**
 * To be called in the transaction that commits references, before them: what it finds is not collected. Gives the blobs that are
 * not there: with any of them nothing may refer to it, and the site has to upload it (again).
 */
export async function referToBlobs(tx: OrganisationTransaction, hashes: readonly BlobHash[]): Promise<BlobHash[]> {
  if (hashes.length === 0) return [];
  const { rows } = await sql<{ hash: string }>`
    with locked as (
      -- In one order, so that two such transactions do not wait for each other.
      select org_id, sha256 from blob where sha256 in ${binaries(hashes)} and not condemned order by sha256 for update),
    referred as (
      update blob set unreferenced_since = null from locked
      where blob.org_id = locked.org_id and blob.sha256 = locked.sha256 and blob.unreferenced_since is not null)
    select encode(sha256, 'hex') as hash from locked`.execute(tx);
  const found = new Set(rows.map(({ hash }) => blobHash(hash)));
  return [...new Set(hashes)].filter((hash) => !found.has(hash));
}
