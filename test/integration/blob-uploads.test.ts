/** Blobs over real sockets: from the site's client through the ingest API into the store, and what becomes of them there. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { collectBlobs } from '../../src/archive/blobs/blob-collection.ts';
import { referToBlobs } from '../../src/archive/blobs/blob-rows.ts';
import { BlobUploads, UPLOAD_PART_BYTES } from '../../src/archive/blobs/blob-uploads.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { type BlobSource, createBlobClient } from '../../src/client/blob-client.ts';
import { LockstepError } from '../../src/shared/errors.ts';
import { type BlobHash, blobHash } from '../../src/shared/ids.ts';
import { labApi, type LabApi, type LabOrganisation, type LabSite } from '../lab/api.ts';
import { until } from '../lab/component.ts';

let api: LabApi;
let url: string;
let acme: LabOrganisation;
let berlin: LabSite;
const { signal } = new AbortController();

beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  berlin = await acme.site('berlin');
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => api.close());

/** Of this process, in the store. */
async function openFiles(): Promise<string[]> {
  const open = await readdir('/proc/self/fd').catch(() => []);
  const paths = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(api.blobs.folder));
}
afterEach(() => until('every file of the store is closed', async () => (await openFiles()).length === 0));

const hashOf = (bytes: Buffer): BlobHash => blobHash(createHash('sha256').update(bytes).digest('hex'));
const client = (send?: typeof fetch) =>
  createBlobClient({ baseUrl: url, token: async () => berlin.token, patience: { firstPauseMs: 1, outageMs: 20_000 }, ...(send === undefined ? {} : { fetch: send }) });
const inMemory = (bytes: Buffer, onOpen?: (offset: number) => void): BlobSource => ({
  hash: hashOf(bytes),
  bytes: bytes.length,
  async *open(offset) {
    onOpen?.(offset);
    for (let at = offset; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
  },
});
async function stored(hash: BlobHash): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of (await api.blobs.storage.get(acme.row.id, hash)) as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}
const row = async (hash: BlobHash) =>
  (
    await sql<{ bytes: string; condemned: boolean; unreferenced: boolean }>`
      select bytes, condemned, unreferenced_since is not null as unreferenced from blob where org_id = ${acme.row.id} and sha256 = decode(${hash}, 'hex')`.execute(api.lab.owner)
  ).rows[0];
const partsOf = (hash: BlobHash) => readdir(join(api.blobs.folder, acme.row.id, 'uploads', hash)).catch(() => []);
const codeOf = (error: unknown): string => (error instanceof LockstepError ? `${error.class} ${error.code}` : String(error));
const put = (hash: string, body: Buffer, headers: Record<string, string> = {}, token = berlin.token) =>
  fetch(`${url}/site/v1/blobs/${hash}`, { method: 'PUT', body: new Uint8Array(body), headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream', ...headers } });

/** Sends the beginning of a blob and is no more. */
async function cutAfter(bytes: Buffer, sent: number, arrived: () => Promise<boolean>): Promise<void> {
  const request = httpRequest(`${url}/site/v1/blobs/${hashOf(bytes)}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${berlin.token}`, 'content-type': 'application/octet-stream', 'content-length': bytes.length },
  });
  request.on('error', () => undefined);
  request.write(bytes.subarray(0, sent));
  await until('the beginning has arrived', arrived);
  const closed = new Promise((resolve) => request.once('close', resolve));
  request.destroy();
  await closed;
  await until('the server has let go of it', async () => (await readdir(join(api.blobs.folder, 'incoming'))).length === 0);
}

test.each([0, 1, 300_000, UPLOAD_PART_BYTES, UPLOAD_PART_BYTES + 1, 2 * UPLOAD_PART_BYTES, 2 * UPLOAD_PART_BYTES + 5])('a blob of %i bytes is stored as it was sent', async (length) => {
  const bytes = randomBytes(length);
  await client().putBlob(inMemory(bytes), signal);
  expect((await stored(hashOf(bytes))).equals(bytes)).toBe(true);
  expect(await row(hashOf(bytes))).toEqual({ bytes: String(length), condemned: false, unreferenced: true });
  expect(await partsOf(hashOf(bytes))).toEqual([]);
});

test('what is there is not taken again, and a large one is not sent again', async () => {
  const bytes = randomBytes(400_000);
  expect((await put(hashOf(bytes), bytes)).status).toBe(201);
  expect((await put(hashOf(bytes), bytes)).status).toBe(200);
  const opened: number[] = [];
  await client().putBlob(inMemory(bytes, (offset) => opened.push(offset)), signal);
  expect(opened).toEqual([]);
});

test('bytes that are not what the hash says are refused, and nothing of them stays', async () => {
  const bytes = randomBytes(2 * UPLOAD_PART_BYTES + 10);
  const hash = hashOf(Buffer.from('other bytes'));
  const answer = await put(hash, bytes);
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, 'blob.hash-mismatch']);
  expect(await row(hash)).toBeUndefined();
  expect(await api.blobs.storage.has(acme.row.id, hash)).toBe(false);
  expect(await partsOf(hash)).toEqual([]);
});

test('a site that is killed in the middle leaves nothing visible, and goes on where it was', async () => {
  const bytes = randomBytes(3 * UPLOAD_PART_BYTES + 100);
  const hash = hashOf(bytes);
  await cutAfter(bytes, 2 * UPLOAD_PART_BYTES + 1000, async () => (await partsOf(hash)).length === 2);
  expect(await row(hash)).toBeUndefined();
  expect(await api.blobs.storage.has(acme.row.id, hash)).toBe(false);
  const opened: number[] = [];
  await client().putBlob(inMemory(bytes, (offset) => opened.push(offset)), signal);
  expect(opened).toEqual([2 * UPLOAD_PART_BYTES]);
  expect((await stored(hash)).equals(bytes)).toBe(true);
  expect(await partsOf(hash)).toEqual([]);
});

test('a part that was damaged meanwhile costs only that the blob is sent again', async () => {
  const bytes = randomBytes(2 * UPLOAD_PART_BYTES);
  const hash = hashOf(bytes);
  await cutAfter(bytes, UPLOAD_PART_BYTES + 1000, async () => (await partsOf(hash)).length === 1);
  await writeFile(join(api.blobs.folder, acme.row.id, 'uploads', hash, '000000'), 'damaged');
  const opened: number[] = [];
  await client().putBlob(inMemory(bytes, (offset) => opened.push(offset)), signal);
  expect(opened).toEqual([UPLOAD_PART_BYTES, 0]);
  expect((await stored(hash)).equals(bytes)).toBe(true);
});

test('two uploads of one blob at once both succeed', async () => {
  const bytes = randomBytes(2 * UPLOAD_PART_BYTES + 7);
  await Promise.all([client().putBlob(inMemory(bytes), signal), client().putBlob(inMemory(bytes), signal), client().putBlob(inMemory(bytes), signal)]);
  expect((await stored(hashOf(bytes))).equals(bytes)).toBe(true);
});

test('an upload goes on through a server that breaks off again and again, as long as it brings something', async () => {
  const bytes = randomBytes(4 * UPLOAD_PART_BYTES);
  let puts = 0;
  const breaking: typeof fetch = async (input, init) => {
    if (init?.method !== 'PUT' || ++puts > 3) return fetch(input, init);
    await cutAfter(bytes.subarray(0), puts * UPLOAD_PART_BYTES + 10, async () => (await partsOf(hashOf(bytes))).length >= puts);
    throw new TypeError('fetch failed');
  };
  await createBlobClient({ baseUrl: url, token: async () => berlin.token, patience: { outageMs: 0 }, fetch: breaking }).putBlob(inMemory(bytes), signal);
  expect((await stored(hashOf(bytes))).equals(bytes)).toBe(true);
});

test('only the own organisation and only a site reaches it', async () => {
  const bytes = randomBytes(100);
  await client().putBlob(inMemory(bytes), signal);
  const other = await api.organisation('umbrella');
  const paris = await other.site('paris');
  const head = await fetch(`${url}/site/v1/blobs/${hashOf(bytes)}`, { method: 'HEAD', headers: { authorization: `Bearer ${paris.token}` } });
  expect([head.status, head.headers.get('upload-complete'), head.headers.get('upload-offset')]).toEqual([204, '?0', '0']);
  expect((await put(hashOf(bytes), bytes, {}, paris.token)).status).toBe(201);
  expect((await put(hashOf(bytes), bytes, {}, acme.tokens.admin)).status).toBe(401);
});

test('what is no upload is refused with the reason', async () => {
  const bytes = randomBytes(20);
  const hash = hashOf(bytes);
  expect((await put('x'.repeat(64), bytes)).status).toBe(400);
  expect((await put(hash, bytes, { 'content-type': 'application/json' })).status).toBe(400);
  expect((await put(hash, bytes, { 'content-range': 'bytes 5-24/30' })).status).toBe(400);
  expect((await put(hash, bytes, { 'content-range': `bytes ${UPLOAD_PART_BYTES}-${UPLOAD_PART_BYTES + 19}/${UPLOAD_PART_BYTES + 20}` })).status).toBe(503);
  const tooLarge = await put(hash, bytes, { 'content-range': 'bytes 600000000-600000019/600000020' });
  expect([tooLarge.status, ((await tooLarge.json()) as { code: string }).code]).toEqual([413, 'blob.too-large']);
  
});

test('more uploads at once than there are places are told to wait, and each gets its turn', async () => {
  const statuses: number[] = [];
  const noting: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    statuses.push(answer.status);
    return answer;
  };
  const held = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const bytes = randomBytes(1000);
      const request = httpRequest(`${url}/site/v1/blobs/${hashOf(bytes)}`, { method: 'PUT', headers: { authorization: `Bearer ${berlin.token}`, 'content-type': 'application/octet-stream', 'content-length': 1000, expect: '100-continue' } });
      request.flushHeaders();
      await once(request, 'continue');
      return { request, bytes };
    }),
  );
  const bytes = randomBytes(1000);
  await until('the places are taken', async () => (await put(hashOf(bytes), bytes)).status === 429);
  const waiting = client(noting).putBlob(inMemory(bytes), signal);
  await until('it was told to wait', async () => statuses.includes(429));
  for (const { request, bytes: own } of held) {
    request.end(own);
    await once(request, 'response');
  }
  await waiting;
  expect(statuses.at(-1)).toBe(201);
});

test('a blob is collected a week after nothing refers to it, and not before; an upload brings it back', async () => {
  const [old, young, revived, referred] = [randomBytes(50), randomBytes(51), randomBytes(52), randomBytes(53)];
  for (const bytes of [old, young, revived, referred]) await client().putBlob(inMemory(bytes), signal);
  const age = (hash: BlobHash, days: number) =>
    sql`update blob set unreferenced_since = now() - make_interval(days => ${days}) where org_id = ${acme.row.id} and sha256 = decode(${hash}, 'hex')`.execute(api.lab.owner);
  for (const bytes of [old, revived, referred]) await age(hashOf(bytes), 8);
  await age(hashOf(young), 6);
  await client().putBlob(inMemory(revived), signal);
  expect(await withOrganisation(api.lab.app, acme.row.id, (tx) => referToBlobs(tx, [hashOf(referred), hashOf(randomBytes(5))]))).toHaveLength(1);
  await collectBlobs({ database: api.lab.app, storage: api.blobs.storage, now: () => new Date() });
  expect(await row(hashOf(old))).toBeUndefined();
  expect(await api.blobs.storage.has(acme.row.id, hashOf(old))).toBe(false);
  for (const bytes of [young, revived, referred]) expect((await stored(hashOf(bytes))).equals(bytes)).toBe(true);
  expect(await row(hashOf(referred))).toMatchObject({ unreferenced: true });
});

test('what is condemned takes no reference; an upload of it stays, whichever comes first', async () => {
  const bytes = randomBytes(60);
  const hash = hashOf(bytes);
  await client().putBlob(inMemory(bytes), signal);
  await sql`update blob set condemned = true where sha256 = decode(${hash}, 'hex')`.execute(api.lab.owner);
  expect(await withOrganisation(api.lab.app, acme.row.id, (tx) => referToBlobs(tx, [hash]))).toEqual([hash]);
  const collection = () => collectBlobs({ database: api.lab.app, storage: api.blobs.storage, now: () => new Date() });
  for (let turn = 0; turn < 10; turn += 1) {
    await sql`update blob set condemned = true where sha256 = decode(${hash}, 'hex')`.execute(api.lab.owner);
    await Promise.all([collection(), client().putBlob(inMemory(bytes), signal), collection()]);
    // The upload may have found the row before it was condemned: then the collection came after it.
    if ((await row(hash)) === undefined) await client().putBlob(inMemory(bytes), signal);
    expect(await row(hash)).toMatchObject({ condemned: false });
    expect((await stored(hash)).equals(bytes)).toBe(true);
  }
});

test('files without a row and parts that nobody went on with are removed after a week', async () => {
  const [orphan, fresh] = [randomBytes(70), randomBytes(71)];
  const pieces = (bytes: Buffer) => inMemory(bytes).open(0);
  for (const bytes of [orphan, fresh]) await api.blobs.storage.put(acme.row.id, hashOf(bytes), pieces(bytes));
  const fileOf = (hash: BlobHash) => join(api.blobs.folder, acme.row.id, 'blobs', hash.slice(0, 2), hash);
  const weekAgo = new Date(Date.now() - 8 * 86_400_000);
  await utimes(fileOf(hashOf(orphan)), weekAgo, weekAgo);
  const large = randomBytes(UPLOAD_PART_BYTES + 10);
  await cutAfter(large, UPLOAD_PART_BYTES + 1, async () => (await partsOf(hashOf(large))).length === 1);
  await utimes(join(api.blobs.folder, acme.row.id, 'uploads', hashOf(large), '000000'), weekAgo, weekAgo);
  const broken = join(api.blobs.folder, 'incoming', 'broken');
  await writeFile(broken, 'half a blob');
  await utimes(broken, weekAgo, weekAgo);
  expect(await collectBlobs({ database: api.lab.app, storage: api.blobs.storage, now: () => new Date() })).toMatchObject({ orphans: 1 });
  expect(await api.blobs.storage.has(acme.row.id, hashOf(orphan))).toBe(false);
  expect(await api.blobs.storage.has(acme.row.id, hashOf(fresh))).toBe(true);
  expect(await partsOf(hashOf(large))).toEqual([]);
  expect(await readdir(join(api.blobs.folder, 'incoming'))).not.toContain('broken');
});

test('bytes that a collection deleted under an upload are not recorded', async () => {
  const bytes = randomBytes(80);
  const hash = hashOf(bytes);
  const storage = Object.create(api.blobs.storage, {
    put: {
      value: async (...given: Parameters<typeof api.blobs.storage.put>) => {
        const result = await api.blobs.storage.put(...given);
        await api.blobs.storage.remove(acme.row.id, hash);
        return result;
      },
    },
    has: { value: () => api.blobs.storage.has(acme.row.id, hash) },
    removeParts: { value: () => undefined },
  }) as typeof api.blobs.storage;
  const upload = new BlobUploads(api.lab.app, storage).receive(
    { organisation: acme.row.id, hash, offset: 0, totalBytes: bytes.length, body: inMemory(bytes).open(0) },
    signal,
  );
  expect(await upload.catch(codeOf)).toBe('Unavailable blob.collected');
  expect(await row(hash)).toBeUndefined();
});

test('verification finds what is missing and what was damaged, page by page, and changes nothing', async () => {
  const before = await sql<{ n: string }>`select count(*) as n from blob where org_id = ${acme.row.id}`.execute(api.lab.owner);
  const [missing, damaged] = [randomBytes(90), randomBytes(91)];
  for (const bytes of [missing, damaged]) await client().putBlob(inMemory(bytes), signal);
  const fileOf = (hash: BlobHash) => join(api.blobs.folder, acme.row.id, 'blobs', hash.slice(0, 2), hash);
  await rm(fileOf(hashOf(missing)));
  await writeFile(fileOf(hashOf(damaged)), randomBytes(200));
  const found: { blob: string; problem: string }[] = [];
  let blobs = 0;
  let after: string | null = '';
  while (after !== null) {
    const { body, status } = await api.call(acme.tokens.admin, 'GET', `/api/v1/archive/verification${after === '' ? '' : `?after=${after}`}`);
    expect(status).toBe(200);
    const page = body as { blobs: number; problems: { blob: string; problem: string }[]; next: string | null };
    blobs += page.blobs;
    found.push(...page.problems.map(({ blob, problem }) => ({ blob, problem })));
    after = page.next;
  }
  expect(blobs).toBe(Number(before.rows[0]?.n) + 2);
  expect(found.toSorted((a, b) => (a.problem < b.problem ? 1 : -1))).toEqual([
    { blob: hashOf(missing), problem: 'missing' },
    { blob: hashOf(damaged), problem: 'damaged' },
  ]);
  expect(await row(hashOf(missing))).toMatchObject({ condemned: false });
});
