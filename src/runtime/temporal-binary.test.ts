import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './programs.ts';
import { findTemporalCli, type World } from './temporal-binary.ts';
import { TEMPORAL_CLI_VERSION as VERSION, whatIsWrongWith } from './temporal-version.ts';

const good = 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)';
const archive = `temporal_cli_${VERSION}_linux_amd64.tar.gz`;
const checksumsUrl = `https://github.com/temporalio/cli/releases/download/v${VERSION}/checksums.txt`;
const releaseUrl = `https://github.com/temporalio/cli/releases/download/v${VERSION}/${archive}`;
const officialUrl = `https://temporal.download/cli/archive/v${VERSION}?platform=linux&arch=amd64`;

let folder: string;
let reports: string[];
let archiveBytes: Buffer<ArrayBuffer>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-temporal-'));
  reports = [];
  await writeFile(join(folder, 'temporal'), 'the official program');
  await runProgram('tar', ['-czf', join(folder, archive), '-C', folder, 'temporal'], { signal: new AbortController().signal });
  archiveBytes = Buffer.from(await readFile(join(folder, archive)));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const noNetwork = () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } }));

/** A machine with these programs on PATH, what `--version` of each file says, and these pages in the network. */
const machine = (has: {
  onPath?: Readonly<Record<string, string>>;
  versions?: Readonly<Record<string, string>>;
  pages?: Readonly<Record<string, Buffer<ArrayBuffer> | string>>;
  go?: (args: readonly string[], env: Readonly<Record<string, string | undefined>>) => Promise<number>;
}): World => ({
  platform: 'linux',
  arch: 'x64',
  now: () => 0,
  find: async (name) => has.onPath?.[name],
  fetch: async (url) => {
    const page = has.pages?.[url instanceof Request ? url.url : url.toString()];
    return page === undefined ? noNetwork() : new Response(page);
  },
  run: async (program, args, options) => {
    if (program === 'tar') return runProgram(program, args, options);
    if (program === has.onPath?.['go']) {
      options.onLine?.('go: downloading go.temporal.io/server v1.29.1');
      const code = (await has.go?.(args, options.env ?? {})) ?? 1;
      return { code, output: code === 0 ? '' : 'go: cannot find module' };
    }
    const version = has.versions?.[program] ?? (await readFile(program, 'utf8').catch(() => undefined));
    if (version === undefined) throw Object.assign(new Error(`spawn ${program} ENOENT`), { code: 'ENOENT' });
    return { code: 0, output: version.includes('official program') ? good : version };
  },
});
const find = (world: World, setting?: string) =>
  findTemporalCli({
    cacheFolder: join(folder, 'cache'),
    setting,
    env: { PATH: '/usr/bin' },
    signal: new AbortController().signal,
    report: (text) => reports.push(text),
    world,
  });
const published = () => ({
  [checksumsUrl]: `${createHash('sha256').update(archiveBytes).digest('hex')}  ${archive}\n`,
  [releaseUrl]: archiveBytes,
});

test('the CLI that the setting names is used', async () => {
  const world = machine({ onPath: { temporal: '/usr/bin/temporal' }, versions: { '/opt/temporal': good, '/usr/bin/temporal': good } });
  expect(await find(world, '/opt/temporal')).toMatchObject({ program: '/opt/temporal', origin: 'setting' });
});

test('a setting that names nothing usable is an error and nothing else is tried', async () => {
  const world = machine({ onPath: { temporal: '/usr/bin/temporal' }, versions: { '/usr/bin/temporal': good } });
  await expect(find(world, '/opt/temporal')).rejects.toMatchObject({
    code: 'temporal.no-cli',
    message: expect.stringContaining('/opt/temporal (LOCKSTEP_TEMPORAL_CLI) does not exist') as string,
  });
});

test('a CLI on PATH is used', async () => {
  const world = machine({ onPath: { temporal: '/usr/bin/temporal' }, versions: { '/usr/bin/temporal': good } });
  expect(await find(world)).toMatchObject({ program: '/usr/bin/temporal', origin: 'path', version: good });
});

test('one that is too old is passed over, and the official release is downloaded, checked and kept', async () => {
  const old = 'temporal version 1.1.0 (Server 1.24.2, UI 2.30.3)';
  const world = machine({ onPath: { temporal: '/usr/bin/temporal' }, versions: { '/usr/bin/temporal': old }, pages: published() });
  const first = await find(world);
  expect(first.origin).toBe('download');
  expect(reports.some((line) => /MB/.test(line))).toBe(true);
  expect(await readdir(join(folder, 'cache'))).toEqual([`temporal-cli-${VERSION}`]);
  expect(await find(machine({}))).toMatchObject({ origin: 'cache', program: first.program });
});

test("Temporal's own address serves when the release cannot be fetched", async () => {
  const { [checksumsUrl]: checksums = '' } = published();
  const world = machine({ pages: { [checksumsUrl]: checksums, [officialUrl]: archiveBytes } });
  expect((await find(world)).origin).toBe('download');
});

test('a download without the published checksum is not taken', async () => {
  const world = machine({ pages: { ...published(), [checksumsUrl]: `${'0'.repeat(64)}  ${archive}\n` } });
  await expect(find(world)).rejects.toMatchObject({ message: expect.stringContaining('published checksum') as string });
  expect(await readdir(join(folder, 'cache'))).toEqual([]);
});

test('without a network the CLI is built with Go, and the progress says how', async () => {
  const world = machine({
    onPath: { go: '/usr/bin/go' },
    go: async (args, env) => {
      expect(args.at(-1)).toBe(`github.com/temporalio/cli/cmd/temporal@v${VERSION}`);
      await writeFile(join(env['GOBIN'] ?? '', 'temporal'), 'the official program');
      return 0;
    },
  });
  expect((await find(world)).origin).toBe('go');
  expect(reports.at(-1)).toContain('downloading go.temporal.io/server');
});

test('when nothing works one message says what was tried and what can be done', async () => {
  const world = machine({ onPath: { go: '/usr/bin/go' }, go: async () => 1 });
  await expect(find(world)).rejects.toMatchObject({
    code: 'temporal.no-cli',
    message: expect.stringMatching(/on PATH[^]*github.com cannot be reached \(ENOTFOUND\)[^]*go install[^]*cannot find module/) as string,
    next: expect.stringMatching(/LOCKSTEP_TEMPORAL_CLI[^]*Go 1\.25[^]*TEMPORAL_ADDRESS/) as string,
  });
});

test('Ctrl-C during the search ends it and is no "tried" line', async () => {
  const interruption = new AbortController();
  const world: World = {
    ...machine({}),
    fetch: async () => {
      interruption.abort();
      return noNetwork();
    },
  };
  await expect(
    findTemporalCli({ cacheFolder: folder, setting: undefined, env: {}, signal: interruption.signal, report: () => undefined, world }),
  ).rejects.toMatchObject({ name: 'AbortError' });
});

test.each([
  ['temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)', undefined],
  ['temporal version 1.8.0 (Server 1.31.0, UI 2.45.0)', undefined],
  ['temporal version 1.3.0 (Server 1.27.1, UI 2.36.0)', 'brings server 1.27.1; 1.29 or a later 1.x is needed'],
  ['temporal version 3.0.0 (Server 2.0.0, UI 3.0.0)', 'brings server 2.0.0; 1.29 or a later 1.x is needed'],
  ['tctl version 1.18', 'does not say which server it brings'],
])('%s: %s', (output, wrong) => {
  expect(whatIsWrongWith(output)).toBe(wrong);
});
