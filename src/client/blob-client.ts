import { LockstepError } from '../shared/errors.ts';
import type { BlobHash } from '../shared/ids.ts';
import { createPlatformAttempts, type PlatformRequestOptions } from './platform-requests.ts';

/** Bytes that can be read again from any place: a file, or memory. */
export interface BlobSource {
  readonly hash: BlobHash;
  readonly bytes: number;
  open(offset: number): AsyncIterable<Buffer>;
}

export interface BlobClient {
  /**
   * Has the platform store a blob; harmless when it has it. A broken upload goes on where it broke, for as long as patience lasts
   * without progress.
   * @throws LockstepError ConfigInvalid `blob.too-large`; Unavailable, Throttled when patience is over
   */
  putBlob(source: BlobSource, signal: AbortSignal): Promise<void>;
}

/** Asking first costs a round trip, which a body of this size costs anyway. */
const ASK_FIRST_BYTES = 256 * 1024;
/** The slowest line that is worth waiting for: the server cuts what is slower by its own limit of a request. */
const SLOWEST_BYTES_PER_SECOND = 50_000;
/** For the server to read, hash and store what has arrived, after the last byte: 500 MB to S3. */
const STORING_MS = 120_000;

export function createBlobClient(options: PlatformRequestOptions): BlobClient {
  const { attempt, patiently } = createPlatformAttempts(options);
  const putFrom = async (source: BlobSource, offset: number, signal: AbortSignal): Promise<void> => {
    const { hash, bytes } = source;
    const length = bytes - offset;
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(length),
      ...(offset === 0 ? {} : { 'content-range': `bytes ${offset}-${bytes - 1}/${bytes}` }),
    };
    await attempt({ method: 'PUT', path: `/blobs/${hash}`, body: source.open(offset), headers }, signal, STORING_MS + Math.ceil(length / SLOWEST_BYTES_PER_SECOND) * 1000);
  };
  /** From where to go on; undefined: it is there. */
  const missingFrom = async ({ hash, bytes }: BlobSource, signal: AbortSignal): Promise<number | undefined> => {
    const { headers } = await attempt({ method: 'HEAD', path: `/blobs/${hash}` }, signal);
    if (headers.get('upload-complete') === '?1') return undefined;
    const offset = Number(headers.get('upload-offset') ?? 0);
    return Number.isSafeInteger(offset) && offset > 0 && offset < bytes ? offset : 0;
  };
  return {
    async putBlob(source, signal) {
      let offset = source.bytes > ASK_FIRST_BYTES ? await patiently(() => missingFrom(source, signal), signal) : 0;
      let failed = false;
      while (offset !== undefined) {
        const begun: number = offset;
        try {
          await patiently(async () => {
            if (failed) offset = await missingFrom(source, signal);
            failed = true;
            if (offset !== undefined) await putFrom(source, offset, signal);
          }, signal);
          return;
        } catch (error) {
          // Patience is for an outage; a line that breaks again and again, and brings something each time, is none.
          if (!(error instanceof LockstepError && error.class === 'Unavailable')) throw error;
          offset = await patiently(() => missingFrom(source, signal), signal);
          if (offset !== undefined && offset <= begun) throw error;
        }
      }
    },
  };
}
