import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PartLog } from './part-log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-log-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a log that grows is rotated and only some files are kept', async () => {
  const log = new PartLog(join(folder, 'part.log'), 100);
  for (let line = 0; line < 40; line++) log.write(Buffer.from(`line number ${line} with text\n`));
  log.close();
  expect((await readdir(folder)).sort()).toEqual(['part.log', 'part.log.1', 'part.log.2', 'part.log.3']);
  expect(await readFile(join(folder, 'part.log'), 'utf8')).toContain('line number 39');
  expect((await readFile(join(folder, 'part.log.1'), 'utf8')).length).toBeLessThanOrEqual(100);
});

test('a log is continued by the next start', async () => {
  for (const word of ['first', 'second']) {
    const log = new PartLog(join(folder, 'part.log'));
    log.write(Buffer.from(`${word}\n`));
    log.close();
  }
  expect(await readFile(join(folder, 'part.log'), 'utf8')).toBe('first\nsecond\n');
});

test('the tail has the last lines of what runs now, the unfinished one too', () => {
  const log = new PartLog(join(folder, 'part.log'));
  log.write(Buffer.from('before\n'));
  log.begin();
  log.write(Buffer.from('one\ntwo\nthr'));
  log.write(Buffer.from('ee'));
  expect(log.tail()).toEqual(['one', 'two', 'three']);
  log.close();
});
