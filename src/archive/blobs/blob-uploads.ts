/**
 * Uploads from sites: streamed, and gone on with after they broke. What has arrived is kept in parts of one length, each of which is
 * there whole or not at all; at the end they are read again, hashed and stored as the blob. Parts of honest senders are the same
 * bytes, so two uploads of one blob at once do each other no harm. A blob that fits into one part has none.
 */
import type { Database } from '../database.ts';
import { withOrganisation } from '../database.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { BlobHash, OrganisationId } from '../../shared/ids.ts';
import { holdBlob, recordBlob, reviveBlob } from './blob-rows.ts';
import type { BlobStorage } from './blob-storage.ts';

/** What is sent again after a connection broke, at most. */
export const UPLOAD_PART_BYTES = 8 * 1024 * 1024;

export type UploadState =
  | { readonly state: 'complete'; readonly bytes: number }
  /** `offset`: from where to go on. */
  | { readonly state: 'incomplete'; readonly offset: number };

export interface Upload {
  readonly organisation: OrganisationId;
  readonly hash: BlobHash;
  /** Where `body` begins: 0, or an offset up to that of the upload's state. */
  readonly offset: number;
  /** Of the whole blob. */
  readonly totalBytes: number;
  /** From `offset` to the end. */
  readonly body: AsyncIterable<Buffer>;
}

export class BlobUploads {
  readonly #database: Database;
  readonly #storage: BlobStorage;
  constructor(database: Database, storage: BlobStorage) {
    this.#database = database;
    this.#storage = storage;
  }

  /** A blob that is complete lives another week without a reference. */
  async state(organisation: OrganisationId, hash: BlobHash): Promise<UploadState> {
    const bytes = await withOrganisation(this.#database, organisation, (tx) => reviveBlob(tx, hash));
    if (bytes !== undefined) return { state: 'complete', bytes };
    return { state: 'incomplete', offset: (await this.#storage.countParts(organisation, hash)) * UPLOAD_PART_BYTES };
  }

  /**
   * Takes the body; false: the blob is there, and nothing of the body was read.
   * @throws LockstepError Unavailable `blob.offset-wrong`, `blob.hash-mismatch`, `blob.collected`, `blob.store-unavailable`,
   * ConfigInvalid `blob.store-refused`; what `body` throws
   */
  async receive({ organisation, hash, offset, totalBytes, body }: Upload, signal: AbortSignal): Promise<boolean> {
    const present = await withOrganisation(this.#database, organisation, (tx) => reviveBlob(tx, hash));
    if (present !== undefined) return false;
    const storage = this.#storage;
    const first = offset / UPLOAD_PART_BYTES;
    if (!Number.isInteger(first) || (first > 0 && first > (await storage.countParts(organisation, hash)))) throw offsetWrong();

    const rest = new Rest(body);
    // The end is never a part: it goes straight into the blob.
    const parts = Math.max(first, Math.ceil(totalBytes / UPLOAD_PART_BYTES) - 1);
    try {
      for (let part = first; part < parts; part += 1) await storage.putPart(organisation, hash, part, rest.next(UPLOAD_PART_BYTES), signal);
      const whole = async function* () {
        for (let part = 0; part < parts; part += 1) yield* await storage.getPart(organisation, hash, part);
        yield* rest.next(Infinity);
      };
      const stored = await storage.put(organisation, hash, whole(), signal);
      await withOrganisation(this.#database, organisation, async (tx) => {
        await holdBlob(tx, hash);
        if (!(await storage.has(organisation, hash))) throw collected();
        await recordBlob(tx, hash, stored);
      });
    } catch (error) {
      // Whichever part it was: with any of them it would never become whole.
      if (error instanceof LockstepError && unusableParts.has(error.code)) await storage.removeParts(organisation, hash);
      throw partsUnusable(error);
    } finally {
      await rest.close();
    }
    if (parts > 0) await storage.removeParts(organisation, hash);
    return true;
  }
}

const unusableParts: ReadonlySet<string> = new Set(['blob.hash-mismatch', 'blob.missing', 'blob.damaged']);

/** A body that is taken in pieces of a given number of bytes, as it comes. */
class Rest {
  readonly #source: AsyncIterator<Buffer>;
  #left: Buffer = Buffer.alloc(0);
  constructor(body: AsyncIterable<Buffer>) {
    this.#source = body[Symbol.asyncIterator]();
  }
  /** @throws LockstepError Unavailable `blob.cut-short` when the body ends before that, unless it is Infinity */
  async *next(bytes: number): AsyncGenerator<Buffer> {
    let wanted = bytes;
    while (wanted > 0) {
      if (this.#left.length === 0) {
        const next: IteratorResult<Buffer> = await this.#source.next();
        if (next.done === true) {
          if (bytes === Infinity) return;
          throw cutShort();
        }
        this.#left = next.value;
      }
      const taken = this.#left.subarray(0, wanted);
      this.#left = this.#left.subarray(taken.length);
      wanted -= taken.length;
      if (taken.length > 0) yield taken;
    }
  }
  async close(): Promise<void> {
    await this.#source.return?.();
  }
}

/** Nothing has to be waited for. */
const AGAIN_MS = 1000;

const offsetWrong = (): LockstepError =>
  new LockstepError({
    class: 'Unavailable',
    code: 'blob.offset-wrong',
    waitMs: AGAIN_MS,
    message: 'So much of the content has not arrived before.',
    next: 'The site asks where to go on, and sends the rest by itself.',
  });

const cutShort = (): LockstepError =>
  new LockstepError({
    class: 'Unavailable',
    code: 'blob.cut-short',
    message: 'The content ended before it was all there.',
    next: 'The site goes on by itself.',
  });

const collected = (): LockstepError =>
  new LockstepError({
    class: 'Unavailable',
    code: 'blob.collected',
    waitMs: AGAIN_MS,
    message: 'Content of the same hash was just deleted because nothing referred to it.',
    next: 'The site sends it again by itself.',
  });

/** A part that is gone or unreadable is no damage of the archive: it is sent again. */
const partsUnusable = (error: unknown): unknown =>
  error instanceof LockstepError && error.class === 'ItemUnreadable'
    ? new LockstepError({ class: 'Unavailable', code: 'blob.parts-lost', waitMs: AGAIN_MS, message: 'What had arrived of the content is gone.', next: 'The site sends it again by itself.', cause: error })
    : error;
