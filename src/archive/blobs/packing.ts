/** Packing by zstd where it is worth it: text and office files shrink to a third, pictures and archives not at all. */
import { pipeline, Readable } from 'node:stream';
import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync } from 'node:zlib';
import { blobDamaged } from './store-failure.ts';

/** What the beginning tells of the rest. Most blobs are shorter, and are packed in one call. */
const SAMPLE_BYTES = 64 * 1024;
/** Less is not worth the time of unpacking at each read. */
const WORTH_RATIO = 0.9;
/** zstd's own default level: beyond it the gain is a few percent for several times the time. */
const params = { [constants.ZSTD_c_compressionLevel]: 3 };

export async function pack(bytes: AsyncIterable<Buffer>): Promise<{ readonly packed: boolean; readonly bytes: AsyncIterable<Buffer> }> {
  const source = bytes[Symbol.asyncIterator]();
  const held: Buffer[] = [];
  let heldBytes = 0;
  let ended = false;
  while (!ended && heldBytes < SAMPLE_BYTES) {
    const next: IteratorResult<Buffer> = await source.next();
    if (next.done === true) ended = true;
    else {
      held.push(next.value);
      heldBytes += next.value.length;
    }
  }
  const beginning = Buffer.concat(held);
  const sample = zstdCompressSync(ended ? beginning : beginning.subarray(0, SAMPLE_BYTES), { params });
  const packed = sample.length <= WORTH_RATIO * Math.min(beginning.length, ended ? Infinity : SAMPLE_BYTES);
  if (ended) return { packed, bytes: one(packed ? sample : beginning) };
  const whole = andThen(beginning, source);
  return { packed, bytes: packed ? through(whole, createZstdCompress({ params })) : whole };
}

/** @throws LockstepError ItemUnreadable `blob.damaged`; what `bytes` throws */
export async function* unpack(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* through(bytes, createZstdDecompress());
  } catch (error) {
    throw typeof error === 'object' && error !== null && 'code' in error && String(error.code).startsWith('ZSTD_') ? blobDamaged(error) : error;
  }
}

async function* through(bytes: AsyncIterable<Buffer>, transform: ReturnType<typeof createZstdCompress | typeof createZstdDecompress>): AsyncGenerator<Buffer> {
  // Failures of the source come out of the transform, whose destruction ends the source.
  pipeline(Readable.from(bytes), transform, () => undefined);
  yield* transform as AsyncIterable<Buffer>;
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

async function* andThen(beginning: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield beginning;
    for (;;) {
      const next: IteratorResult<Buffer> = await rest.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await rest.return?.();
  }
}
