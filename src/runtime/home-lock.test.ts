import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCliConfig, updateCliConfig } from './cli-config.ts';
import { createHome, type Home, homeAt } from './home.ts';
import { lockHome } from './home-lock.ts';
import { processIdentity } from './process-identity.ts';

let home: Home;
const now = new Date('2026-11-24T08:00:00Z');
beforeEach(async () => {
  home = homeAt(join(await mkdtemp(join(tmpdir(), 'lockstep-home-')), 'deep', 'home'));
});
afterEach(() => rm(home.folder, { recursive: true, force: true }));
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
const holder = async (pid: number, identity: string) => {
  await createHome(home);
  await writeFile(home.lockFile, JSON.stringify({ pid, identity, command: 'init', since: now.toISOString() }));
};

test('a second start in the same home is refused and told which process holds it', async () => {
  await lockHome(home, 'up', now);
  await expect(lockHome(home, 'up', now)).rejects.toMatchObject({
    code: 'home.in-use',
    message: expect.stringContaining(String(process.pid)) as string,
  });
});

test('a released home can be taken again', async () => {
  const lock = await lockHome(home, 'up', now);
  await lock.release();
  await lockHome(home, 'up', now);
});

test('of many starts at once exactly one gets the home', async () => {
  await holder(process.pid, 'an earlier process with this pid');
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockHome(home, 'up', now)));
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
});

test('the lock of a killed process is taken over', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  await holder(pid, (await processIdentity(pid)) ?? '');
  await expect(lockHome(home, 'up', now)).rejects.toMatchObject({ code: 'home.in-use' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await lockHome(home, 'up', now);
});

test('the lock of an earlier process whose pid is in use again is taken over', async () => {
  await holder(process.pid, 'an earlier process with this pid');
  await lockHome(home, 'up', now);
});

test('a lock file cut short is taken over', async () => {
  await createHome(home);
  await writeFile(home.lockFile, '{"pid": 1');
  await lockHome(home, 'up', now);
});

test('an old lock holder does not release the lock of its successor', async () => {
  const lock = await lockHome(home, 'up', now);
  await holder(process.pid, (await processIdentity(process.pid)) ?? '');
  const successor = await readFile(home.lockFile, 'utf8');
  await lock.release();
  expect(await readFile(home.lockFile, 'utf8')).toBe(successor);
});

test('only this user can look into the home and its files', async () => {
  await updateCliConfig(home, { url: 'http://127.0.0.1:8480', tokens: { acme: 'lso_x' } });
  expect(await modeOf(home.folder)).toBe(0o700);
  expect(await modeOf(home.logsFolder)).toBe(0o700);
  expect(await modeOf(home.configFile)).toBe(0o600);
});

test('the CLI configuration keeps what a change does not name', async () => {
  await updateCliConfig(home, { url: 'http://127.0.0.1:8480', tokens: { acme: 'one' } });
  await updateCliConfig(home, { organisation: 'acme', tokens: { other: 'two' } });
  expect(await readCliConfig(home)).toEqual({
    url: 'http://127.0.0.1:8480',
    organisation: 'acme',
    tokens: { acme: 'one', other: 'two' },
  });
});

test.each(['{', '[]', '{"tokens":{"acme":1}}'])('a configuration that is %s is a clear error', async (content) => {
  await createHome(home);
  await writeFile(home.configFile, content);
  await expect(readCliConfig(home)).rejects.toMatchObject({ code: 'config.unreadable' });
});
