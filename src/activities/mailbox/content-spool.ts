/**
 * Where content waits on its way from Exchange to the platform: on disk, so that a large item costs no more memory than a small one. One
 * folder a process, which ends with it; what a killed process left is removed when the next one starts.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { LockstepError } from '../../shared/errors.ts';
import { blobHash, type BlobHash } from '../../shared/ids.ts';

export interface SpooledContent {
  readonly path: string;
  readonly hash: BlobHash;
  readonly bytes: number;
  open(offset: number): AsyncIterable<Buffer>;
}

export class ContentSpool {
  readonly #folder: string;
  #taken = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws LockstepError Unavailable `site.spool-failed` */
  static async open(root: string): Promise<ContentSpool> {
    const folder = join(root, String(process.pid));
    try {
      await mkdir(root, { recursive: true, mode: 0o700 });
      for (const name of await readdir(root)) {
        // An earlier process may have had our number.
        if (name === String(process.pid) || !isRunning(Number(name))) await rm(join(root, name), { recursive: true, force: true });
      }
      await mkdir(folder, { mode: 0o700 });
    } catch (error) {
      throw spoolFailed(error);
    }
    return new ContentSpool(folder);
  }

  /**
   * Writes the bytes of one item to a file and hashes them. `onBytes` hears of each piece.
   * @throws LockstepError Unavailable `site.spool-failed`; what `bytes` fails with. Then there is no file.
   */
  async take(bytes: Readable, onBytes: (count: number) => void): Promise<SpooledContent> {
    this.#taken += 1;
    const path = join(this.#folder, String(this.#taken));
    const hash = createHash('sha256');
    let count = 0;
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    let failure: { readonly ofSource: unknown } | undefined;
    try {
      await pipeline(
        bytes,
        async function* (pieces: AsyncIterable<Buffer>) {
          try {
            for await (const piece of pieces) {
              hash.update(piece);
              count += piece.length;
              onBytes(piece.length);
              yield piece;
            }
          } catch (error) {
            failure = { ofSource: error };
            throw error;
          }
        },
        file,
      );
    } catch (error) {
      await rm(path, { force: true });
      throw failure === undefined ? spoolFailed(error) : failure.ofSource;
    }
    return { path, hash: blobHash(hash.digest('hex')), bytes: count, open: (start) => createReadStream(path, { start }) };
  }

  async remove({ path }: Pick<SpooledContent, 'path'>): Promise<void> {
    await rm(path, { force: true });
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

const spoolFailed = (cause: unknown): LockstepError =>
  new LockstepError({
    class: 'Unavailable',
    code: 'site.spool-failed',
    message: 'The site cannot write content to its disk.',
    next: 'See whether the disk of the site’s state folder is full, and whether the site may write there.',
    cause,
  });
