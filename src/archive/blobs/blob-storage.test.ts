import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LockstepError } from '../../shared/errors.ts';
import { type BlobHash, blobHash, organisationId } from '../../shared/ids.ts';
import { PIECE_BYTES } from './blob-encryption.ts';
import { type BlobKeys, BlobStorage } from './blob-storage.ts';
import { DiskFiles } from './disk-files.ts';
import type { ObjectFiles } from './object-files.ts';

const acme = organisationId('00000000-0000-4000-8000-000000000001');
const other = organisationId('00000000-0000-4000-8000-000000000002');
const keyOf = (organisation: string, id: string) => createHash('sha256').update(organisation + id).digest();
const keyId = '11111111-1111-4111-8111-111111111111';
const keys: BlobKeys = {
  activeKey: async (organisation) => ({ id: keyId, key: keyOf(organisation, keyId) }),
  keyNamed: async (organisation, _purpose, id) => (id === keyId ? keyOf(organisation, id) : undefined),
};
const hashOf = (bytes: Buffer): BlobHash => blobHash(createHash('sha256').update(bytes).digest('hex'));
async function* inPieces(bytes: Buffer, length = 10_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
async function read(storage: BlobStorage, hash: BlobHash, organisation = acme): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of (await storage.get(organisation, hash)) as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}
const codeOf = (error: unknown): string => (error instanceof LockstepError ? `${error.class} ${error.code}` : String(error));

let folder: string;
let storage: BlobStorage;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-blobs-'));
  storage = new BlobStorage(new DiskFiles(folder), keys);
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const fileOf = (hash: BlobHash) => join(folder, acme, 'blobs', hash.slice(0, 2), hash);

test('what was put is what is got, at every length around a piece, packed or not', async () => {
  for (const length of [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 3 * PIECE_BYTES + 17]) {
    for (const bytes of [randomBytes(length), Buffer.alloc(length, 'text ')]) {
      const hash = hashOf(bytes);
      expect(await storage.put(acme, hash, inPieces(bytes))).toMatchObject({ bytes: length });
      expect((await read(storage, hash)).equals(bytes)).toBe(true);
    }
  }
});

test('any bytes in any pieces come back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50_000, size: 'max' }), { maxLength: 12, size: 'max' }), async (pieces) => {
      const buffers = pieces.map((piece) => Buffer.from(piece));
      const bytes = Buffer.concat(buffers);
      const hash = hashOf(bytes);
      await storage.put(acme, hash, (async function* () { yield* buffers; })());
      expect((await read(storage, hash)).equals(bytes)).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('text is packed and what does not shrink is not', async () => {
  const text = Buffer.from('Quarterly figures, see the table below. '.repeat(20_000));
  const noise = randomBytes(400_000);
  expect((await storage.put(acme, hashOf(text), inPieces(text))).storedBytes).toBeLessThan(text.length / 20);
  const { storedBytes } = await storage.put(acme, hashOf(noise), inPieces(noise));
  expect(storedBytes).toBeGreaterThan(noise.length);
  expect(storedBytes).toBeLessThan(noise.length * 1.002);
});

test('nothing of the content is readable in the file', async () => {
  const bytes = randomBytes(100_000);
  await storage.put(acme, hashOf(bytes), inPieces(bytes));
  const stored = await readFile(fileOf(hashOf(bytes)));
  for (let at = 0; at + 16 <= bytes.length; at += 1000) expect(stored.includes(bytes.subarray(at, at + 16))).toBe(false);
});

test('a file that was changed, cut, lengthened or exchanged anywhere is damaged, and nothing false is ever given', async () => {
  const bytes = randomBytes(3 * PIECE_BYTES + 100);
  const hash = hashOf(bytes);
  await storage.put(acme, hash, inPieces(bytes));
  const good = await readFile(fileOf(hash));
  const sealed = PIECE_BYTES + 16;
  const header = good.length - 3 * sealed - 116;
  const piece = (at: number) => good.subarray(header + at * sealed, header + (at + 1) * sealed);
  const bad = [
    ...[0, 1, 5, 40, header, header + 100, good.length - 1].map((at) => Buffer.concat([good.subarray(0, at), Buffer.of((good[at] ?? 0) ^ 1), good.subarray(at + 1)])),
    ...[0, 10, header, header + 10, header + sealed, header + 3 * sealed, good.length - 1].map((length) => good.subarray(0, length)),
    Buffer.concat([good, Buffer.alloc(50)]),
    Buffer.concat([good.subarray(0, header), piece(1), piece(0), good.subarray(header + 2 * sealed)]),
    Buffer.concat([good.subarray(0, header), good.subarray(header + sealed)]),
  ];
  for (const changed of bad) {
    await writeFile(fileOf(hash), changed);
    expect(await read(storage, hash).catch(codeOf)).toBe('ItemUnreadable blob.damaged');
  }
});

test("a file put in another blob's or another organisation's place does not open", async () => {
  const [one, two] = [randomBytes(100), randomBytes(100)];
  for (const bytes of [one, two]) for (const organisation of [acme, other]) await storage.put(organisation, hashOf(bytes), inPieces(bytes));
  await writeFile(fileOf(hashOf(one)), await readFile(fileOf(hashOf(two))));
  expect(await read(storage, hashOf(one)).catch(codeOf)).toBe('ItemUnreadable blob.damaged');
  await writeFile(fileOf(hashOf(one)), await readFile(fileOf(hashOf(one)).replace(acme, other)));
  expect(await read(storage, hashOf(one)).catch(codeOf)).toBe('ItemUnreadable blob.damaged');
});

test('bytes that are not what their hash says leave nothing', async () => {
  const hash = hashOf(Buffer.from('something else'));
  for (const bytes of [randomBytes(10), randomBytes(300_000), Buffer.alloc(300_000, 'a')]) {
    expect(await storage.put(acme, hash, inPieces(bytes)).catch(codeOf)).toBe('Unavailable blob.hash-mismatch');
  }
  expect(await storage.has(acme, hash)).toBe(false);
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
});

test('a source that breaks leaves nothing, packed or not, and what was there before stays', async () => {
  for (const bytes of [randomBytes(300_000), Buffer.alloc(300_000, 'a')]) {
    const hash = hashOf(bytes);
    const breaking = async function* () {
      yield* inPieces(bytes.subarray(0, 200_000));
      throw new Error('cut');
    };
    expect(await storage.put(acme, hash, breaking()).catch(codeOf)).toBe('Error: cut');
    expect(await storage.has(acme, hash)).toBe(false);
    await storage.put(acme, hash, inPieces(bytes));
    expect(await storage.put(acme, hash, breaking()).catch(codeOf)).toBe('Error: cut');
    expect((await read(storage, hash)).equals(bytes)).toBe(true);
  }
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
});

test('each organisation has its own, and a missing blob is said to be missing', async () => {
  const bytes = randomBytes(10);
  const hash = hashOf(bytes);
  await storage.put(acme, hash, inPieces(bytes));
  expect(await storage.has(other, hash)).toBe(false);
  expect(await read(storage, hash, other).catch(codeOf)).toBe('ItemUnreadable blob.missing');
  const listed = [];
  for await (const one of storage.list(acme)) listed.push(one.hash);
  expect(listed).toEqual([hash]);
  for await (const one of storage.list(other)) throw new Error(one.hash);
  await storage.remove(acme, hash);
  await storage.remove(acme, hash);
  expect(await storage.has(acme, hash)).toBe(false);
});

/** Counts what is between the source and the file. */
test('never more than a few pieces of a large blob are under way', async () => {
  const total = 150 * 1024 * 1024;
  const piece = randomBytes(PIECE_BYTES);
  const sha256 = createHash('sha256');
  for (let at = 0; at < total; at += piece.length) sha256.update(piece);
  let given = 0;
  let most = 0;
  const source = async function* () {
    for (; given < total; given += piece.length) yield piece;
  };
  const files: Pick<ObjectFiles, 'write'> = {
    async write(_name, bytes) {
      let written = 0;
      for await (const each of bytes) {
        written += each.length;
        most = Math.max(most, given - written);
      }
      return written;
    },
  };
  const stored = await new BlobStorage(files as ObjectFiles, keys).put(acme, blobHash(sha256.digest('hex')), source());
  expect(stored.bytes).toBe(total);
  expect(most).toBeLessThan(4 * PIECE_BYTES);
});
