import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { foreignEnvironment } from './child-environment.ts';
import type { Home } from './home.ts';
import type { Part } from './part.ts';
import { runProgram } from './programs.ts';
import type { Settings } from './settings.ts';
import { findTemporalCli, type TemporalCli } from './temporal-binary.ts';

const HOST = '127.0.0.1';
const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 15_000;

export interface LocalTemporalOptions {
  readonly home: Home;
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path below which the UI serves itself, when the API shows it there; default `/`. */
  readonly uiPublicPath?: string;
  /** Where the UI has payloads decoded. */
  readonly uiCodecEndpoint?: string;
}

export interface LocalTemporal {
  readonly part: Part;
  /** host:port */
  readonly address: string;
  /** Its UI, without the public path. */
  readonly uiUrl: string;
}

/**
 * The Temporal server of the official CLI (`temporal server start-dev`) as a part to be supervised: loopback only, its
 * state in one file of the home. Good for one machine; temporal/README.md says what a production server is.
 */
export function localTemporal(options: LocalTemporalOptions): LocalTemporal {
  const { home, settings, env } = options;
  const address = `${HOST}:${settings.temporalPort}`;
  let program: string | undefined;
  let args: readonly string[] = [];
  const port = (number: number, purpose: string, setting: string) => ({ host: HOST, port: number, purpose, setting });
  const part: Part = {
    name: 'temporal',
    title: 'Temporal',
    ports: [
      port(settings.temporalPort, 'the Temporal server', 'LOCKSTEP_TEMPORAL_PORT'),
      port(settings.temporalUiPort, 'the Temporal UI', 'LOCKSTEP_TEMPORAL_UI_PORT'),
      port(settings.temporalMetricsPort, "the Temporal server's metrics", 'LOCKSTEP_TEMPORAL_METRICS_PORT'),
    ],
    readyWithinMs: READY_WITHIN_MS,
    async prepare(report, signal) {
      await mkdir(home.temporalFolder, { recursive: true, mode: 0o700 });
      await chmod(home.temporalFolder, 0o700);
      // Found once: a restart must not wait for a search, nor get another version.
      if (program !== undefined) return;
      const cli = await findTemporalCli({ cacheFolder: home.cacheFolder, setting: settings.temporalCli, env, signal, report });
      args = serverArguments(options, await knownFlags(cli, signal));
      program = cli.program;
    },
    command: () => ({ program: program ?? 'temporal', args, env: foreignEnvironment(env), cwd: home.temporalFolder }),
    check: () => checkTemporal(address, settings.temporalNamespace),
    stop: { signal: 'SIGTERM', withinMs: STOP_WITHIN_MS },
  };
  return { part, address, uiUrl: `http://${HOST}:${settings.temporalUiPort}` };
}

/** `Connection.connect` asks GetSystemInfo; describing the namespace needs the store and all services behind the front end. */
async function checkTemporal(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 2000 });
  try {
    await connection.withDeadline(Date.now() + 5000, () => connection.workflowService.describeNamespace({ namespace }));
  } finally {
    await connection.close();
  }
}

/** The flags that this CLI has: later ones may come and go. */
async function knownFlags(cli: TemporalCli, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const { output } = await runProgram(cli.program, ['server', 'start-dev', '--help'], { signal });
  return new Set(output.match(/--[a-z][a-z-]*/g));
}

function serverArguments(options: LocalTemporalOptions, known: ReadonlySet<string>): readonly string[] {
  const { home, settings, uiPublicPath, uiCodecEndpoint } = options;
  const wanted: readonly (readonly [flag: string, value: string | undefined])[] = [
    ['--ip', HOST],
    ['--port', String(settings.temporalPort)],
    ['--ui-port', String(settings.temporalUiPort)],
    ['--metrics-port', String(settings.temporalMetricsPort)],
    ['--db-filename', join(home.temporalFolder, 'temporal.db')],
    // Measured: two to three times the rate of the default journal; a power cut can lose the last moments, never the
    // file, and what is lost is restored from PostgreSQL.
    ['--sqlite-pragma', 'journal_mode=WAL'],
    ['--sqlite-pragma', 'synchronous=NORMAL'],
    ['--namespace', settings.temporalNamespace],
    ...DYNAMIC_CONFIG.map((value) => ['--dynamic-config-value', value] as const),
    ['--ui-public-path', uiPublicPath],
    ['--ui-codec-endpoint', uiCodecEndpoint],
    ['--log-level', 'warn'],
    ['--log-format', 'json'],
  ];
  return ['server', 'start-dev', ...wanted.flatMap(([flag, value]) => (value !== undefined && known.has(flag) ? [flag, value] : []))];
}

/**
 * Off by default in server 1.29: which workers live is what an operator asks first, and without the new matcher priorities are silently
 * ignored, so that a resync that somebody waits for stands behind a scheduled run. Also in temporal/dynamicconfig.
 */
export const DYNAMIC_CONFIG = ['frontend.WorkerHeartbeatsEnabled=true', 'frontend.ListWorkersEnabled=true', 'matching.useNewMatcher=true'];
