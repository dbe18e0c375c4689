import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { processIdentity } from '../../src/runtime/process-identity.ts';
import { until } from '../lab/component.ts';
import { filesIn, type Installation, lockstep, newInstallation, Up } from '../lab/up-process.ts';

/** Each test starts up to five programs, perhaps twice, on a machine that runs other tests too. */
const BUDGET_MS = 300_000;

/** The real programs under plain Node; one installation that the tests use one after the other, as its user would. */
let installation: Installation;
let up: Up;
/** What the first summary says is there. */
let found: object;

beforeAll(async () => {
  installation = await newInstallation();
});
afterEach(async () => {
  up.child.kill('SIGTERM');
  await up.exit;
});
afterAll(() => rm(installation.folder, { recursive: true, force: true }));

const parts = ['postgresql', 'temporal', 'server', 'sample', 'site'];
const gone = async (pids: readonly number[]) => (await Promise.all(pids.map(processIdentity))).every((identity) => identity === undefined);

test('one command starts everything in order, synchronises the sample and says what is there', async () => {
  up = new Up(installation, '--sample');
  const summary = await up.event('up');
  expect(up.events.filter(({ event }) => event === 'ready').map(({ part }) => part)).toEqual(parts);
  expect(summary).toMatchObject({
    directories: [{ name: 'sample', lastRun: 'succeeded' }],
    reference: `${installation.apiUrl}/docs`,
  });
  const kinds = summary['kinds'] as Record<string, number>;
  for (const kind of ['people', 'contacts', 'rooms', 'equipment', 'sharedMailboxes', 'publicFolders']) expect(kinds[kind]).toBeGreaterThan(0);
  // Both count the same objects.
  expect(summary).toMatchObject({ directories: [{ people: Object.values(kinds).reduce((sum, count) => sum + count, 0) }] });
  found = { directories: summary['directories'], kinds };
  expect(up.events.filter(({ event }) => event === 'run').map(({ run }) => run)).toMatchObject([
    { kind: 'directory-sync', state: 'succeeded' },
    { kind: 'exchange-task', state: 'succeeded', totals: { failed: 0 } },
  ]);
  const verified = await lockstep(installation, 'archive', 'verify', '--json');
  const stored = JSON.parse(verified.output) as { blobs: number; problems: unknown[] };
  expect([verified.code, stored.problems]).toEqual([0, []]);
  expect(stored.blobs).toBeGreaterThan(100);
  expect((await fetch(`${installation.apiUrl}/readyz`)).status).toBe(200);
  expect((await fetch(`${installation.apiUrl}/docs/json`)).status).toBe(200);

  const second = await lockstep(installation, 'up');
  expect(second).toMatchObject({ code: 5, output: expect.stringContaining('home.in-use') as string });

  const pids = parts.map((part) => up.pidOf(part));
  up.child.kill('SIGINT');
  expect(await up.exit).toBe(0);
  expect(up.events.filter(({ event }) => event === 'stopped').map(({ part, forced }) => [part, forced])).toEqual(
    [...parts].reverse().map((part) => [part, false]),
  );
  expect(await gone(pids)).toBe(true);
}, BUDGET_MS);

test('started again it goes on with what was there, and synchronises nothing anew', async () => {
  up = new Up(installation, '--sample');
  const summary = await up.event('up');
  expect(up.events.some(({ event }) => event === 'run')).toBe(false);
  expect(summary).toMatchObject(found);
  const runs = async (kind: string) => {
    const { output } = await lockstep(installation, 'runs', '--kind', kind, '--json');
    return (JSON.parse(output) as { items: { trigger: string }[] }).items;
  };
  expect(await runs('directory-sync')).toHaveLength(1);
  // Its schedule may have had a tick.
  expect((await runs('exchange-task')).filter(({ trigger }) => trigger === 'manual')).toHaveLength(1);
}, BUDGET_MS);

test('a part that is killed is started again', async () => {
  up = new Up(installation);
  // The sample directory does not run now; what the archive holds of it is summed up the same.
  expect(await up.event('up')).toMatchObject(found);
  for (const part of ['postgresql', 'temporal', 'server', 'site']) {
    const from = up.events.length;
    process.kill(up.pidOf(part), 'SIGKILL');
    expect(await up.event('died', from)).toMatchObject({ part, exit: 'signal SIGKILL' });
    await up.event('ready', from, (event) => event['part'] === part);
  }
  await until('the server is ready', async () => (await fetch(`${installation.apiUrl}/readyz`)).ok);
}, BUDGET_MS);

test('killed itself, it leaves nothing of ours running, and the next start ends the rest', async () => {
  up = new Up(installation);
  await up.event('up');
  const ours = [up.pidOf('server'), up.pidOf('site')];
  const others = [up.pidOf('postgresql'), up.pidOf('temporal')];
  up.child.kill('SIGKILL');
  await up.exit;
  await until('server and site have ended', () => gone(ours));

  up = new Up(installation);
  await up.event('up');
  expect(await gone(others)).toBe(true);
}, BUDGET_MS);

test('a second Ctrl-C ends everything at once', async () => {
  up = new Up(installation);
  await up.event('up');
  const pids = ['postgresql', 'temporal', 'server', 'site'].map((part) => up.pidOf(part));
  // The server cannot end in order, so that the first Ctrl-C is still being answered when the second comes.
  process.kill(up.pidOf('site'), 'SIGSTOP');
  up.child.kill('SIGINT');
  await up.event('stopping');
  await until('the second Ctrl-C is told from an echo of the first', async () => {
    if (up.child.exitCode === null) up.child.kill('SIGINT');
    return up.child.exitCode !== null;
  });
  expect(await up.exit).toBe(130);
  await until('no process is left', () => gone(pids));
}, BUDGET_MS);

test('no secret is in a log', async () => {
  const home = installation.env['LOCKSTEP_HOME'] ?? '';
  const config = JSON.parse(await readFile(join(home, 'config.json'), 'utf8')) as { installationToken: string; tokens: Record<string, string> };
  const database = JSON.parse(await readFile(join(home, 'database.json'), 'utf8')) as { passwords: Record<string, string> };
  const masterKey = (await readFile(join(home, 'master.key'), 'utf8')).trim();
  const secrets = [config.installationToken, ...Object.values(config.tokens), ...Object.values(database.passwords), masterKey, 'Sample-Passw0rd!'];
  for (const file of await filesIn(join(home, 'logs'))) {
    const log = await readFile(file, 'utf8');
    for (const secret of secrets) expect(log.includes(secret)).toBe(false);
  }
}, BUDGET_MS);
