import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createHome, type Home, homeAt } from './home.ts';
import type { Part, PartEvent } from './part.ts';
import { isAlive, processIdentity } from './process-identity.ts';
import { StartedProcesses } from './started-processes.ts';
import { Supervisor } from './supervisor.ts';

let home: Home;
let events: PartEvent[];
let supervisor: Supervisor;
const policy = { firstDelayMs: 5, maxDelayMs: 20, quickMs: 60_000, maxQuickDeaths: 3 };

beforeEach(async () => {
  home = homeAt(await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lockstep-supervisor-')));
  await createHome(home);
  events = [];
  supervisor = new Supervisor({ home, policy, onEvent: (event) => events.push(event) });
});
afterEach(async () => {
  await supervisor.stop();
  await rm(home.folder, { recursive: true, force: true });
});

/** A part that writes a file when it is up. */
const part = (name: string, script: string, overrides: Partial<Part> = {}): Part => ({
  name,
  title: name.toUpperCase(),
  ports: [],
  readyWithinMs: 20_000,
  command: () => ({ program: process.execPath, args: ['-e', script, join(home.folder, `${name}.up`)], env: process.env }),
  check: async () => {
    await readFile(join(home.folder, `${name}.up`));
  },
  stop: { signal: 'SIGTERM', withinMs: 10_000 },
  ...overrides,
});
const up = `require('fs').writeFileSync(process.argv[1], 'up'); setInterval(() => {}, 1000);`;

const named = (name: string) => events.filter((event) => event.event === name).map((event) => event.part);
const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await pause(10);
};
const pidOf = (name: string): number => supervisor.pidOf(name) ?? Number.NaN;

test('a part is started only when the one before it is ready', async () => {
  await supervisor.start(part('first', up));
  await supervisor.start(part('second', up));
  expect(events.map((event) => `${event.event} ${event.part}`)).toEqual([
    'starting first',
    'ready first',
    'starting second',
    'ready second',
  ]);
});

test('stop ends all parts in reverse order and leaves no process', async () => {
  await supervisor.start(part('first', up));
  await supervisor.start(part('second', up));
  const pids = [pidOf('first'), pidOf('second')];
  await supervisor.stop();
  expect(named('stopped')).toEqual(['second', 'first']);
  for (const pid of pids) expect(await processIdentity(pid)).toBeUndefined();
});

test('a part that ends by itself is started again, and it is said', async () => {
  await supervisor.start(part('one', up));
  const before = pidOf('one');
  process.kill(before, 'SIGKILL');
  await until(() => named('ready').length === 2);
  expect(pidOf('one')).not.toBe(before);
  expect(events.find((event) => event.event === 'died')).toMatchObject({ part: 'one', exit: 'signal SIGKILL' });
});

test('a part that dies again and again is given up with the end of its log', async () => {
  const script = `require('fs').writeFileSync(process.argv[1], 'up'); setTimeout(() => { console.error('no disk left'); process.exit(7); }, 100);`;
  await supervisor.start(part('weak', script));
  await expect(supervisor.failure).rejects.toMatchObject({
    code: 'part.not-started',
    message: expect.stringContaining('no disk left') as string,
  });
  expect(named('died').length).toBe(policy.maxQuickDeaths);
});

test('a part that cannot start says so with the end of its log', async () => {
  await expect(supervisor.start(part('broken', `console.error('bad flag'); process.exit(3);`))).rejects.toMatchObject({
    code: 'part.not-started',
    message: expect.stringMatching(/code 3[^]*bad flag/) as string,
  });
});

test('a program that does not exist is a clear failure', async () => {
  const missing = part('missing', '', { command: () => ({ program: join(home.folder, 'nothing'), args: [], env: {} }) });
  await expect(supervisor.start(missing)).rejects.toMatchObject({ code: 'part.not-started' });
});

test('a part that never becomes ready is ended, even when its check hangs', async () => {
  let pid: number | undefined;
  const silent = part('silent', 'setInterval(() => {}, 1000)', {
    readyWithinMs: 200,
    check: () => {
      pid = supervisor.pidOf('silent');
      return new Promise<void>(() => undefined);
    },
  });
  await expect(supervisor.start(silent)).rejects.toMatchObject({ message: expect.stringContaining('not ready within') as string });
  expect(await processIdentity(pid ?? Number.NaN)).toBeUndefined();
});

test('a part that ignores the request to end is ended by force', async () => {
  const deaf = `process.on('SIGTERM', () => {}); ${up}`;
  await supervisor.start(part('deaf', deaf, { stop: { signal: 'SIGTERM', withinMs: 200 } }));
  await supervisor.stop();
  expect(events.at(-1)).toMatchObject({ event: 'stopped', forced: true });
});

test('hurry makes a stop that waits use force at once', async () => {
  const deaf = `process.on('SIGTERM', () => {}); ${up}`;
  await supervisor.start(part('deaf', deaf, { stop: { signal: 'SIGTERM', withinMs: 3_600_000 } }));
  const stopping = supervisor.stop();
  supervisor.hurry();
  await stopping;
  expect(events.at(-1)).toMatchObject({ event: 'stopped', forced: true });
});

test('stop during a start leaves no process', async () => {
  let pid: number | undefined;
  const slow = part('slow', 'setInterval(() => {}, 1000)', {
    check: async () => {
      pid = supervisor.pidOf('slow');
      throw new Error('not yet');
    },
  });
  const starting = supervisor.start(slow);
  const refused = expect(starting).rejects.toMatchObject({ code: 'part.stopped' });
  await until(() => pid !== undefined);
  await supervisor.stop();
  await refused;
  expect(await processIdentity(pid ?? Number.NaN)).toBeUndefined();
});

test('stop while a dead part waits for its next start leaves no process', async () => {
  const patient = new Supervisor({ home, policy: { ...policy, firstDelayMs: 3_600_000, maxDelayMs: 3_600_000 }, onEvent: (event) => events.push(event) });
  await patient.start(part('one', up));
  process.kill(patient.pidOf('one') ?? Number.NaN, 'SIGKILL');
  await until(() => named('died').length === 1);
  await patient.stop();
  expect(named('ready')).toEqual(['one']);
});

test('a taken port is refused with its setting and its owner, before anything is started', async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const wanting = part('api', up, { ports: [{ host: '127.0.0.1', port, purpose: 'the API', setting: 'LOCKSTEP_API_PORT' }] });
  await expect(supervisor.start(wanting)).rejects.toMatchObject({
    code: 'port.taken',
    message: expect.stringMatching(process.platform === 'linux' ? `${port}.*process ${process.pid}` : `${port}`) as string,
    next: expect.stringContaining('LOCKSTEP_API_PORT') as string,
  });
  expect(events).toEqual([]);
  server.close();
});

test('a supervisor that is killed leaves a record by which the next start ends the orphan, and only that', async () => {
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const orphan = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true });
  await Promise.all([once(bystander, 'spawn'), once(orphan, 'spawn')]);
  const record = async (pid: number | undefined) => ({ pid: pid ?? 0, identity: (await processIdentity(pid ?? 0)) ?? '' });
  const killed = new StartedProcesses(home);
  await killed.add('orphan', await record(orphan.pid), 'SIGTERM');
  // A later process got the pid of one that was started here: it is not ours.
  await killed.add('reused', { ...(await record(bystander.pid)), identity: 'another' }, 'SIGTERM');
  expect(await supervisor.endOrphans()).toEqual(['orphan']);
  expect(await isAlive(await record(bystander.pid))).toBe(true);
  expect(await processIdentity(orphan.pid ?? 0)).toBeUndefined();
  bystander.kill();
});

test('running processes are recorded and stopped ones are not', async () => {
  await supervisor.start(part('one', up));
  const stored = async () => Object.keys(JSON.parse(await readFile(home.processesFile, 'utf8')) as object);
  expect(await stored()).toEqual(['one']);
  await supervisor.stop();
  expect(await stored()).toEqual([]);
});

test('a program of ours ends by itself when the supervisor is killed', async () => {
  const pidFile = join(home.folder, 'child.pid');
  const script = `process.once('disconnect', () => process.exit()); require('fs').writeFileSync('${pidFile}', String(process.pid)); setInterval(() => {}, 1000)`;
  const program = join(home.folder, 'supervise.mjs');
  const source = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  await writeFile(
    program,
    `import { readFileSync } from 'node:fs';
     import { Supervisor } from ${source('./supervisor.ts')};
     import { homeAt } from ${source('./home.ts')};
     const supervisor = new Supervisor({ home: homeAt(${JSON.stringify(home.folder)}), onEvent: () => {} });
     await supervisor.start({ name: 'ours', title: 'ours', ports: [], readyWithinMs: 20000,
       command: () => ({ program: process.execPath, args: ['-e', ${JSON.stringify(script)}], env: process.env, channel: true }),
       check: async () => { readFileSync(${JSON.stringify(pidFile)}) }, stop: { signal: 'SIGTERM', withinMs: 1000 } });
     console.log('ready');`,
  );
  const killed = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(killed.stdout, 'data');
  const childPid = Number(await readFile(pidFile, 'utf8'));
  expect(await processIdentity(childPid)).toBeDefined();
  killed.kill('SIGKILL');
  await until(async () => (await processIdentity(childPid)) === undefined);
});
