import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from './component.ts';
import { freePort } from './ports.ts';

const bin = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));

/** An event of `lockstep up --json`. */
export type Event = { readonly event: string } & Readonly<Record<string, unknown>>;

/** A home folder and ports of its own, so that any number of installations run beside each other. */
export interface Installation {
  readonly folder: string;
  readonly env: Record<string, string | undefined>;
  readonly apiUrl: string;
}

export async function newInstallation(): Promise<Installation> {
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lockstep-e2e-'));
  // Under root PostgreSQL runs as another user, who must get there: else the data would be kept outside this folder.
  await chmod(folder, 0o755);
  const ports = await Promise.all(
    ['API', 'GATEWAY', 'POSTGRES', 'TEMPORAL', 'TEMPORAL_UI', 'TEMPORAL_METRICS', 'SAMPLE', 'SAMPLE_EXCHANGE'].map(
      async (name) => [`LOCKSTEP_${name}_PORT`, String(await freePort())] as const,
    ),
  );
  const env = { ...process.env, LOCKSTEP_HOME: join(folder, 'home'), ...Object.fromEntries(ports) };
  return { folder, env, apiUrl: `http://127.0.0.1:${Object.fromEntries(ports)['LOCKSTEP_API_PORT'] ?? ''}` };
}

/** A running `lockstep up --json`. */
export class Up {
  readonly events: Event[] = [];
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  #errors = '';

  constructor(installation: Installation, ...args: string[]) {
    this.child = spawn(process.execPath, [bin, 'up', '--json', ...args], { env: installation.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.exit = new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
    if (this.child.stdout !== null) {
      createInterface({ input: this.child.stdout }).on('line', (line) => this.events.push(JSON.parse(line) as Event));
    }
    this.child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
  }

  /** The first event after `from` that fits; fails when the program ends or reports a failure first. */
  async event(name: string, from = 0, fits: (event: Event) => boolean = () => true): Promise<Event> {
    let found: Event | undefined;
    await until(
      `lockstep up says "${name}"`,
      async () => {
        found = this.events.slice(from).find((event) => event.event === name && fits(event));
        const failed = this.events.find(({ event }) => event === 'failed');
        if (found === undefined && failed !== undefined) throw new Error(JSON.stringify(failed));
        if (found === undefined && this.child.exitCode !== null) throw new Error(`it ended with ${this.child.exitCode}: ${this.#errors}`);
        return found !== undefined;
      },
      240_000,
    );
    return found ?? { event: name };
  }

  pidOf(part: string): number {
    const ready = this.events.filter(({ event, part: name }) => event === 'ready' && name === part).at(-1);
    if (typeof ready?.['pid'] !== 'number') throw new Error(`${part} was never ready`);
    return ready['pid'];
  }
}

/** Runs `lockstep …` to its end. */
export async function lockstep(installation: Installation, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [bin, ...args], { env: installation.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

/** Every file of a folder, however deep. */
export const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
