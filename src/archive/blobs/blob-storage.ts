/** Blobs and the parts of uploads in files: hashed, packed, encrypted on the way in, and back on the way out. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Keyring } from '../../security/keyring.ts';
import { LockstepError } from '../../shared/errors.ts';
import { type BlobHash, blobHash, type OrganisationId } from '../../shared/ids.ts';
import { decryptPieces, encryptPieces } from './blob-encryption.ts';
import type { BlobStore, ListedBlob, StoredBlob } from './blob-store.ts';
import type { ObjectFiles } from './object-files.ts';
import { pack, unpack } from './packing.ts';
import { blobMissing, storeUnavailable } from './store-failure.ts';

export type BlobKeys = Pick<Keyring, 'activeKey' | 'keyNamed'>;

const blobName = (organisation: OrganisationId, hash: BlobHash): string => `${organisation}/blobs/${hash.slice(0, 2)}/${hash}`;
const uploadFolder = (organisation: OrganisationId, hash: BlobHash): string => `${organisation}/uploads/${hash}`;
const partName = (organisation: OrganisationId, hash: BlobHash, part: number): string => `${uploadFolder(organisation, hash)}/${String(part).padStart(6, '0')}`;

export class BlobStorage implements BlobStore {
  readonly #files: ObjectFiles;
  readonly #keys: BlobKeys;
  constructor(files: ObjectFiles, keys: BlobKeys) {
    this.#files = files;
    this.#keys = keys;
  }

  async put(organisation: OrganisationId, hash: BlobHash, bytes: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<StoredBlob> {
    let length = 0;
    const hashed = async function* () {
      const sha256 = createHash('sha256');
      for await (const piece of bytes) {
        sha256.update(piece);
        length += piece.length;
        yield piece;
      }
      // Before the last piece is encrypted: what is not what it should be never becomes whole.
      if (sha256.digest('hex') !== hash) throw hashMismatch();
    };
    const storedBytes = await this.#write(organisation, blobName(organisation, hash), hashed(), signal);
    return { bytes: length, storedBytes };
  }

  async get(organisation: OrganisationId, hash: BlobHash): Promise<Readable> {
    const { stored, bytes } = await this.#read(organisation, blobName(organisation, hash));
    // It may be destroyed before anybody reads of it.
    return Readable.from(bytes, { objectMode: false }).once('close', () => stored.destroy());
  }

  has(organisation: OrganisationId, hash: BlobHash): Promise<boolean> {
    return this.#files.has(blobName(organisation, hash));
  }

  remove(organisation: OrganisationId, hash: BlobHash): Promise<void> {
    return this.#files.remove(blobName(organisation, hash));
  }

  async *list(organisation: OrganisationId): AsyncGenerator<ListedBlob> {
    for await (const { name, writtenAt } of this.#files.list(`${organisation}/blobs`)) {
      const hash = name.slice(name.lastIndexOf('/') + 1);
      // What somebody else put there is none of ours.
      if (/^[0-9a-f]{64}$/.test(hash)) yield { hash: blobHash(hash), storedAt: writtenAt };
    }
  }

  async putPart(organisation: OrganisationId, hash: BlobHash, part: number, bytes: AsyncGenerator<Buffer>, signal?: AbortSignal): Promise<void> {
    await this.#write(organisation, partName(organisation, hash, part), bytes, signal);
  }

  /** @throws LockstepError ItemUnreadable `blob.missing`, `blob.damaged` */
  async getPart(organisation: OrganisationId, hash: BlobHash, part: number): Promise<AsyncIterable<Buffer>> {
    return (await this.#read(organisation, partName(organisation, hash, part))).bytes;
  }

  /** How many are there without a gap. */
  async countParts(organisation: OrganisationId, hash: BlobHash): Promise<number> {
    const names = new Set<string>();
    for await (const { name } of this.#files.list(uploadFolder(organisation, hash))) names.add(name);
    let count = 0;
    while (names.has(partName(organisation, hash, count))) count += 1;
    return count;
  }

  async removeParts(organisation: OrganisationId, hash: BlobHash): Promise<void> {
    for await (const { name } of this.#files.list(uploadFolder(organisation, hash))) await this.#files.remove(name);
  }

  /** Uploads that nobody went on with. */
  async removePartsBefore(organisation: OrganisationId, before: Date): Promise<void> {
    for await (const { name, writtenAt } of this.#files.list(`${organisation}/uploads`)) if (writtenAt < before) await this.#files.remove(name);
  }

  /** What writes left that broke off, of all organisations. */
  removeBroken(before: Date): Promise<void> {
    return this.#files.removeBroken(before);
  }

  async #write(organisation: OrganisationId, name: string, bytes: AsyncGenerator<Buffer>, signal: AbortSignal | undefined): Promise<number> {
    const key = await this.#keys.activeKey(organisation, 'blobs');
    try {
      return await this.#files.write(name, encryptPieces(await pack(bytes), key, name), signal);
    } finally {
      // A write that ends before it took anything does not end what it would have taken.
      await bytes.return(undefined);
    }
  }

  async #read(organisation: OrganisationId, name: string): Promise<{ readonly stored: Readable; readonly bytes: AsyncIterable<Buffer> }> {
    const stored = await this.#files.read(name);
    if (stored === undefined) throw blobMissing();
    const { packed, bytes } = await decryptPieces(fromStore(stored), (id) => this.#keys.keyNamed(organisation, 'blobs', id), name);
    return { stored, bytes: packed ? unpack(bytes) : bytes };
  }
}

/** A disk or a connection that fails in the middle. */
async function* fromStore(stored: Readable): AsyncGenerator<Buffer> {
  try {
    yield* stored as AsyncIterable<Buffer>;
  } catch (error) {
    throw storeUnavailable(error);
  }
}

const hashMismatch = (): LockstepError =>
  new LockstepError({
    class: 'Unavailable',
    code: 'blob.hash-mismatch',
    message: 'The content that arrived is not the content that was sent.',
    next: 'It is sent again. If it happens often, look at the proxies between site and server.',
  });
