import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { processIdentity } from '../../src/runtime/process-identity.ts';
import { until } from '../lab/component.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

/** A Node older than ours, as a user's machine has one; the tests of the hand-over need it. */
const olderNode = async (): Promise<string | undefined> => {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(folder, 'node');
    if (!existsSync(candidate)) continue;
    const { stdout } = await run(candidate, ['--version']);
    const [major = 0, minor = 0] = stdout.slice(1).split('.').map(Number);
    if (major < 24 && (major > 20 || (major === 20 && minor >= 3))) return candidate;
  }
  return undefined;
};
const older = await olderNode();
const withOlder = older === undefined ? test.skip : test;

/** A checkout whose program is the given one, with the real bin/lockstep.js and the real packages. */
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-bin-'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'src', 'cli'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await copyFile(join(root, 'bin', 'lockstep.js'), join(folder, 'bin', 'lockstep.js'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const program = (source: string) => writeFile(join(folder, 'src', 'cli', 'main.ts'), source);
const start = (node: string, ...args: string[]) =>
  spawn(node, [join(folder, 'bin', 'lockstep.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
const finished = async (child: ReturnType<typeof start>) => {
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, output };
};

test('under our Node the program runs in the same process, with its arguments and exit code', async () => {
  await program(`const words: string[] = process.argv.slice(2); console.log(process.pid, ...words); process.exitCode = 7;`);
  const child = start(process.execPath, 'directory', 'a name with spaces', '"quoted"');
  expect(await finished(child)).toMatchObject({ code: 7, output: `${child.pid ?? 0} directory a name with spaces "quoted"\n` });
});

withOlder('under an older Node it runs under the packaged one, with its arguments and exit code', async () => {
  await program(`const words: string[] = process.argv.slice(2); console.log(process.version.split('.')[0], ...words); process.exitCode = 7;`);
  const child = start(older ?? '', 'directory', 'a name with spaces', '"quoted"');
  expect(await finished(child)).toMatchObject({ code: 7, output: 'v24 directory a name with spaces "quoted"\n' });
});

withOlder('signals are passed on, and how the program ended is passed back', async () => {
  await program(`process.on('SIGTERM', () => process.exit(9)); console.log('up'); setInterval(() => {}, 1000);`);
  const orderly = start(older ?? '');
  await once(orderly.stdout, 'data');
  orderly.kill('SIGTERM');
  expect(await finished(orderly)).toMatchObject({ code: 9 });

  await program(`process.kill(process.pid, 'SIGKILL');`);
  expect(await finished(start(older ?? ''))).toMatchObject({ code: 128 + 9 });
});

withOlder('when it is killed the program gets to know', async () => {
  await program(`process.once('disconnect', () => process.exit()); console.log(process.pid); setInterval(() => {}, 1000);`);
  const child = start(older ?? '');
  const [output] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = Number(output.toString());
  expect(await processIdentity(pid)).toBeDefined();
  child.kill('SIGKILL');
  await until('the program has ended', async () => (await processIdentity(pid)) === undefined);
});

withOlder('without the packaged Node it says what to do', async () => {
  await program('');
  await rm(join(folder, 'node_modules'));
  const { code, output } = await finished(start(older ?? ''));
  expect(code).toBe(1);
  expect(output).toContain('npm ci');
});

test('in a checkout the sources run, also where somebody has built them; in the package what was built', async () => {
  await program(`console.log('sources');`);
  await mkdir(join(folder, 'dist', 'cli'), { recursive: true });
  await writeFile(join(folder, 'dist', 'cli', 'main.js'), `console.log('built');`);
  expect((await finished(start(process.execPath))).output).toBe('sources\n');
  await rm(join(folder, 'src'), { recursive: true });
  expect((await finished(start(process.execPath))).output).toBe('built\n');
});
