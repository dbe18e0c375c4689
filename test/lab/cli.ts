/** The real command line as a process of its own. */
import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { labFolder } from './component.ts';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON. */
  json(): unknown;
}

export interface CliOptions {
  /** Standard input. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningCli {
  /** Ctrl-C. */
  interrupt(): void;
  readonly ended: Promise<CliResult>;
}

export interface Cli {
  /** The home folder; empty at first. */
  readonly home: string;
  start(args: readonly string[], options?: CliOptions): RunningCli;
  /** Runs `lockstep …` and waits for its end. */
  run(args: readonly string[], options?: CliOptions): Promise<CliResult>;
}

// Not bin/lockstep.js, which prefers a build when there is one: the sources of this tree are what is tested.
const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** A command line with a home folder of its own and nothing of this process's environment that could steer it. */
export async function cli(environment: Readonly<Record<string, string>> = {}): Promise<Cli> {
  const home = await mkdtemp(join(labFolder(), 'cli-'));
  const start = (args: readonly string[], options: CliOptions = {}): RunningCli => {
    const child = spawn(process.execPath, [program, ...args], {
      env: { PATH: process.env['PATH'] ?? '', TZ: 'Europe/Berlin', LOCKSTEP_HOME: home, ...environment, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(options.input ?? '');
    const closed = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const ended = Promise.all([text(child.stdout), text(child.stderr), closed]).then(([stdout, stderr, code]) => ({
      code,
      stdout,
      stderr,
      json: () => JSON.parse(stdout) as unknown,
    }));
    return { interrupt: () => child.kill('SIGINT'), ended };
  };
  return { home, start, run: (args, options) => start(args, options).ended };
}
