import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ContentSpool } from './content-spool.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lockstep-spool-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));
const own = () => join(root, String(process.pid));

test('bytes are in a file that nobody else may read, with their hash; they can be read from anywhere, and are gone when removed', async () => {
  const spool = await ContentSpool.open(root);
  const bytes = randomBytes(300_000);
  const heard: number[] = [];
  const file = await spool.take(Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]), (count) => heard.push(count));
  expect(file).toMatchObject({ bytes: bytes.length, hash: createHash('sha256').update(bytes).digest('hex') });
  expect(heard.reduce((sum, count) => sum + count, 0)).toBe(bytes.length);
  expect(await readFile(file.path)).toEqual(bytes);
  expect(await buffer(Readable.from(file.open(123_456)))).toEqual(bytes.subarray(123_456));
  if (process.platform !== 'win32') expect((await stat(file.path)).mode & 0o777).toBe(0o600);
  await spool.remove(file);
  expect(await readdir(own())).toEqual([]);
  await spool.close();
  expect(await readdir(root)).toEqual([]);
});

test('what a killed process left is removed, also one that had our number; what a running one has stays', async () => {
  for (const pid of ['999999999', String(process.pid), String(process.ppid), 'something']) {
    await mkdir(join(root, pid));
    await writeFile(join(root, pid, '1'), 'left');
  }
  await ContentSpool.open(root);
  expect((await readdir(root)).toSorted()).toEqual([String(process.pid), String(process.ppid)].toSorted());
  expect(await readdir(own())).toEqual([]);
});

test('bytes that break off leave no file', async () => {
  const spool = await ContentSpool.open(root);
  const source = new PassThrough();
  source.write('some');
  const taking = spool.take(source, () => source.destroy(new Error('cut off')));
  await expect(taking).rejects.toThrow('cut off');
  expect(await readdir(own())).toEqual([]);
});

test('a disk that cannot be written is the site’s failure, not the item’s', async () => {
  const spool = await ContentSpool.open(root);
  await rm(own(), { recursive: true });
  await expect(spool.take(Readable.from([Buffer.from('x')]), () => undefined)).rejects.toMatchObject({ class: 'Unavailable', code: 'site.spool-failed' });
  await writeFile(join(root, 'file'), '');
  await expect(ContentSpool.open(join(root, 'file'))).rejects.toMatchObject({ code: 'site.spool-failed' });
});
