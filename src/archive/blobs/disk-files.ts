/** Files in a folder. A file is written under another name, flushed, and renamed, so a crash leaves all of it or nothing. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ObjectFile, ObjectFiles } from './object-files.ts';
import { storeRefused, storeUnavailable } from './store-failure.ts';

const BROKEN_FOLDER = 'incoming';
const READ_BYTES = 256 * 1024;

export class DiskFiles implements ObjectFiles {
  readonly #root: string;
  constructor(root: string) {
    this.#root = root;
  }

  async write(name: string, bytes: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<number> {
    const incoming = join(this.#root, BROKEN_FOLDER, randomUUID());
    const target = join(this.#root, name);
    let written = 0;
    try {
      await onDisk(() => mkdir(dirname(incoming), { recursive: true, mode: 0o700 }));
      const file = await onDisk(() => open(incoming, 'wx', 0o600));
      try {
        for await (const piece of bytes) {
          signal?.throwIfAborted();
          await onDisk(() => writeAll(file, piece));
          written += piece.length;
        }
        await onDisk(() => file.sync());
      } finally {
        await file.close();
      }
      signal?.throwIfAborted();
      await onDisk(async () => {
        await makeFolders(dirname(target));
        await rename(incoming, target);
        await syncFolder(dirname(target));
      });
      return written;
    } catch (error) {
      await rm(incoming, { force: true });
      throw error;
    }
  }

  async read(name: string): Promise<Readable | undefined> {
    try {
      const file = await open(join(this.#root, name));
      return createReadStream('', { fd: file, highWaterMark: READ_BYTES });
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw failure(error);
    }
  }

  async has(name: string): Promise<boolean> {
    return (await onDisk(() => statOf(join(this.#root, name)))) !== undefined;
  }

  async remove(name: string): Promise<void> {
    await onDisk(() => rm(join(this.#root, name), { force: true }));
  }

  async *list(folder: string): AsyncGenerator<ObjectFile> {
    const entries = await opendir(join(this.#root, folder)).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw failure(error);
    });
    for await (const entry of entries) {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) yield* this.list(name);
      else {
        const found = await onDisk(() => statOf(join(this.#root, name)));
        if (found !== undefined) yield { name, writtenAt: found.mtime };
      }
    }
  }

  async removeBroken(before: Date): Promise<void> {
    for await (const { name, writtenAt } of this.list(BROKEN_FOLDER)) if (writtenAt < before) await this.remove(name);
  }
}

/** A write may take less than it was given (write(2)). */
async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

/** Made and flushed from the top down, so that the way to a file survives a crash as the file does. */
async function makeFolders(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Windows has no such call: NTFS logs renames by itself. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const statOf = (path: string) =>
  stat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });

const codeOf = (error: unknown): unknown => (typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined);
const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';
const refusals: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'ENOTDIR', 'EROFS']);
const failure = (error: unknown): Error => (refusals.has(codeOf(error)) ? storeRefused(error) : storeUnavailable(error));

async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failure(error);
  }
}
