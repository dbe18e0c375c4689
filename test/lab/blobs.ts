/** A blob store in a folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBlobStorage } from '../../src/archive/blobs/blob-place.ts';
import type { BlobStorage } from '../../src/archive/blobs/blob-storage.ts';
import { type BlobKeys } from '../../src/archive/blobs/blob-storage.ts';

export async function labBlobs(keys: BlobKeys): Promise<{ readonly storage: BlobStorage; readonly folder: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-blobs-'));
  return { storage: openBlobStorage(folder, keys), folder, close: () => rm(folder, { recursive: true, force: true }) };
}
