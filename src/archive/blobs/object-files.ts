import type { Readable } from 'node:stream';

/** Where bytes lie, on disk or in S3: named files, written once. Names are ours: letters, digits, `-` and `/`. */
export interface ObjectFiles {
  /**
   * Whole and durable when it returns, or not there at all; replaces what was there. Gives the bytes written.
   * @throws LockstepError Unavailable `blob.store-unavailable`, ConfigInvalid `blob.store-refused`; what `bytes` throws
   */
  write(name: string, bytes: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<number>;
  /** Undefined: there is none. Whoever does not read to the end destroys it. */
  read(name: string): Promise<Readable | undefined>;
  has(name: string): Promise<boolean>;
  remove(name: string): Promise<void>;
  /** Below `folder`, in no order. */
  list(folder: string): AsyncIterable<ObjectFile>;
  /** Removes what writes left that broke off before that time. */
  removeBroken(before: Date): Promise<void>;
}

export interface ObjectFile {
  readonly name: string;
  readonly writtenAt: Date;
}
