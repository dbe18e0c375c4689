import type { Readable } from 'node:stream';
import type { BlobHash, OrganisationId } from '../../shared/ids.ts';

/**
 * Bytes by the SHA-256 of what they decode to, each organisation's apart. It knows nothing of the database: what is stored and who
 * refers to it is in blob-rows.ts. Every call may be repeated without harm.
 */
export interface BlobStore {
  /**
   * Streams bytes in and hashes them; they are there whole or not at all. Harmless when they are there already.
   * @throws LockstepError Unavailable `blob.hash-mismatch`: they are not what the hash says, and nothing is stored
   */
  put(organisation: OrganisationId, hash: BlobHash, bytes: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<StoredBlob>;
  /**
   * The bytes, decrypted and unpacked; each piece is authentic, and the stream fails where it was changed or cut.
   * @throws LockstepError ItemUnreadable `blob.missing`, `blob.damaged` (also as an error of the stream)
   */
  get(organisation: OrganisationId, hash: BlobHash): Promise<Readable>;
  has(organisation: OrganisationId, hash: BlobHash): Promise<boolean>;
  remove(organisation: OrganisationId, hash: BlobHash): Promise<void>;
  /** Everything there, in no order: also what no row knows of. */
  list(organisation: OrganisationId): AsyncIterable<ListedBlob>;
}

export interface StoredBlob {
  /** Of the bytes that were given. */
  readonly bytes: number;
  /** What they take in the store, packed and encrypted. */
  readonly storedBytes: number;
}

export interface ListedBlob {
  readonly hash: BlobHash;
  readonly storedAt: Date;
}
