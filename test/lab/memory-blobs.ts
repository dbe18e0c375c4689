/** A blob store that ends with the test, and a client that sends to it without HTTP. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { holdBlob, recordBlob } from '../../src/archive/blobs/blob-rows.ts';
import type { BlobStore, ListedBlob } from '../../src/archive/blobs/blob-store.ts';
import { type Database, withOrganisation } from '../../src/archive/database.ts';
import type { BlobClient } from '../../src/client/blob-client.ts';
import { LockstepError } from '../../src/shared/errors.ts';
import { type BlobHash, blobHash, type OrganisationId } from '../../src/shared/ids.ts';

/** As it arrives from a disk. */
const PIECE = 64 * 1024;

export class MemoryBlobs implements BlobStore {
  readonly bytes = new Map<string, Buffer>();

  async put(organisation: OrganisationId, hash: BlobHash, bytes: AsyncIterable<Buffer>): Promise<{ bytes: number; storedBytes: number }> {
    const all = await buffer(Readable.from(bytes));
    if (createHash('sha256').update(all).digest('hex') !== hash) {
      throw new LockstepError({ class: 'Unavailable', code: 'blob.hash-mismatch', message: 'The bytes are others.', next: '-' });
    }
    this.bytes.set(`${organisation}/${hash}`, all);
    return { bytes: all.length, storedBytes: all.length };
  }

  get(organisation: OrganisationId, hash: BlobHash): Promise<Readable> {
    const all = this.bytes.get(`${organisation}/${hash}`);
    if (all === undefined) return Promise.reject(new LockstepError({ class: 'ItemUnreadable', code: 'blob.missing', message: 'There is no such blob.', next: '-' }));
    return Promise.resolve(Readable.from(Array.from({ length: Math.ceil(all.length / PIECE) }, (_, index) => all.subarray(index * PIECE, (index + 1) * PIECE))));
  }

  has(organisation: OrganisationId, hash: BlobHash): Promise<boolean> {
    return Promise.resolve(this.bytes.has(`${organisation}/${hash}`));
  }

  remove(organisation: OrganisationId, hash: BlobHash): Promise<void> {
    this.bytes.delete(`${organisation}/${hash}`);
    return Promise.resolve();
  }

  async *list(organisation: OrganisationId): AsyncGenerator<ListedBlob> {
    for (const key of this.bytes.keys()) {
      const [of, hash] = key.split('/');
      if (of === organisation && hash !== undefined) yield { hash: blobHash(hash), storedAt: new Date(0) };
    }
  }

  /** Sends files to it, as `PUT` of a blob does. */
  uploads(app: Database, organisation: OrganisationId): BlobClient {
    return {
      putBlob: async (source) => {
        const { hash } = source;
        const stored = await this.put(organisation, hash, source.open(0));
        await withOrganisation(app, organisation, async (tx) => {
          await holdBlob(tx, hash);
          await recordBlob(tx, hash, stored);
        });
      },
    };
  }
}
