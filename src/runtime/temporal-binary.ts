import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../shared/errors.ts';
import { errorCode } from './json-file.ts';
import { findOnPath, type ProgramResult, runProgram } from './programs.ts';
import { downloadTemporal } from './temporal-download.ts';
import { TEMPORAL_CLI_VERSION, whatIsWrongWith } from './temporal-version.ts';

/** Measured: five minutes on two cores; slower machines exist. */
const BUILD_WITHIN_MS = 30 * 60_000;
const VERSION_WITHIN_MS = 30_000;

export interface TemporalCli {
  readonly program: string;
  /** Where it was found: for the line that says so. */
  readonly origin: 'setting' | 'path' | 'cache' | 'download' | 'go';
  /** What `temporal --version` says. */
  readonly version: string;
}

export interface FindOptions {
  /** Copies are kept below it, one folder a version. */
  readonly cacheFolder: string;
  /** LOCKSTEP_TEMPORAL_CLI: this one or none. */
  readonly setting: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly report: (text: string) => void;
  /** What the search asks of the world; tests give their own. */
  readonly world?: World;
}

export interface World {
  readonly fetch: typeof fetch;
  readonly run: typeof runProgram;
  readonly find: typeof findOnPath;
  readonly now: () => number;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
}
const realWorld: World = {
  fetch,
  run: runProgram,
  find: findOnPath,
  now: Date.now,
  platform: process.platform,
  arch: process.arch,
};

/**
 * The Temporal CLI to run the local server with: the setting; else `temporal` on PATH; else the cached copy; else the
 * official download; else built with Go. What is fetched stays in the cache.
 * @throws LockstepError ConfigInvalid `temporal.no-cli`, one message with what was tried and what can be done
 */
export async function findTemporalCli(options: FindOptions): Promise<TemporalCli> {
  const world = options.world ?? realWorld;
  const tried: string[] = [];
  const accept = async (program: string, origin: TemporalCli['origin'], name: string): Promise<TemporalCli | undefined> => {
    const version = await versionOf(program, options, world);
    const wrong = typeof version === 'string' ? whatIsWrongWith(version) : version.problem;
    if (wrong === undefined && typeof version === 'string') return { program, origin, version };
    tried.push(`${name} ${wrong ?? ''}`);
    return undefined;
  };

  if (options.setting !== undefined) {
    const found = await accept(options.setting, 'setting', `${options.setting} (LOCKSTEP_TEMPORAL_CLI)`);
    if (found !== undefined) return found;
    throw noCli(tried);
  }
  const onPath = await world.find('temporal', options.env['PATH'] ?? options.env['Path']);
  if (onPath === undefined) tried.push('there is no "temporal" on PATH');
  else {
    const found = await accept(onPath, 'path', onPath);
    if (found !== undefined) return found;
  }
  const folder = join(options.cacheFolder, `temporal-cli-${TEMPORAL_CLI_VERSION}`);
  const program = join(folder, world.platform === 'win32' ? 'temporal.exe' : 'temporal');
  const cached = await versionOf(program, options, world);
  if (typeof cached === 'string' && whatIsWrongWith(cached) === undefined) return { program, origin: 'cache', version: cached };

  for (const [origin, fetchInto] of [
    ['download', download],
    ['go', build],
  ] as const) {
    const part = `${folder}.${origin}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true, mode: 0o700 });
    try {
      const fetched = await fetchInto(part, options, world);
      await chmod(fetched, 0o755);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await rename(fetched, program);
      const found = await accept(program, origin, program);
      if (found !== undefined) return found;
    } catch (error) {
      options.signal.throwIfAborted();
      tried.push(`${origin === 'download' ? 'the official download' : 'go install'} did not work: ${messageOf(error)}`);
    } finally {
      await rm(part, { recursive: true, force: true });
    }
  }
  throw noCli(tried);
}

const download = (folder: string, options: FindOptions, world: World): Promise<string> => {
  options.report(`downloading the Temporal CLI ${TEMPORAL_CLI_VERSION}`);
  return downloadTemporal({
    version: TEMPORAL_CLI_VERSION,
    folder,
    platform: world.platform,
    arch: world.arch,
    fetch: world.fetch,
    signal: options.signal,
    report: options.report,
  });
};

/** Builds the official CLI from its Go module, which the Go tool verifies against the checksum database. */
async function build(folder: string, options: FindOptions, world: World): Promise<string> {
  const go = await world.find('go', options.env['PATH'] ?? options.env['Path']);
  if (go === undefined) throw new Error('there is no "go" on PATH');
  const since = world.now();
  let last = 'starting';
  const report = () => {
    const seconds = Math.round((world.now() - since) / 1000);
    options.report(`building the Temporal CLI ${TEMPORAL_CLI_VERSION} with Go, once: ${minutes(seconds)}, ${last}`);
  };
  report();
  const timer = setInterval(report, 1000);
  try {
    const result: ProgramResult = await world.run(
      go,
      // -v names each package as it is compiled: on a slow machine the only sign of life.
      ['install', '-v', `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}`],
      {
        env: { ...options.env, GOBIN: folder },
        signal: AbortSignal.any([options.signal, AbortSignal.timeout(BUILD_WITHIN_MS)]),
        onLine: (line) => {
          last = line.replace(/^go: /, '').trim() || last;
          report();
        },
      },
    );
    if (result.code !== 0) throw new Error(result.output.trim().split('\n').slice(-3).join(' ') || `it ended with code ${result.code ?? 'unknown'}`);
  } finally {
    clearInterval(timer);
  }
  return join(folder, world.platform === 'win32' ? 'temporal.exe' : 'temporal');
}

const minutes = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`;

async function versionOf(program: string, options: FindOptions, world: World): Promise<string | { readonly problem: string }> {
  try {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(VERSION_WITHIN_MS)]);
    const { code, output } = await world.run(program, ['--version'], { signal });
    return code === 0 ? output.trim() : { problem: `fails (code ${code ?? 'unknown'})` };
  } catch (error) {
    options.signal.throwIfAborted();
    return { problem: errorCode(error) === 'ENOENT' ? 'does not exist' : `cannot be run: ${messageOf(error)}` };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const noCli = (tried: readonly string[]): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'temporal.no-cli',
    message: `No Temporal server can be started:\n${tried.map((line) => `  - ${line}`).join('\n')}`,
    next: [
      'Do one of these and start again:',
      `  - install the Temporal CLI ${TEMPORAL_CLI_VERSION} or later so that "temporal" is on PATH (https://docs.temporal.io/cli/setup-cli)`,
      '  - name it: LOCKSTEP_TEMPORAL_CLI=/path/to/temporal',
      '  - install Go 1.25 or later and let Lockstep build the CLI',
      '  - use a Temporal server that runs already: TEMPORAL_ADDRESS=host:port (temporal/README.md)',
    ].join('\n'),
  });
