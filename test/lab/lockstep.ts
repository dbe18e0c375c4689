/** The product as its users run it: `lockstep up` as a process of its own, on free ports, with a home in the run's folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { labFolder, until } from './component.ts';
import { freePort } from './ports.ts';

const program = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));

/** A line of `lockstep up --json`. */
export interface UpEvent {
  readonly event: string;
  readonly part?: string;
  readonly pid?: number;
  readonly [field: string]: unknown;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const portSettings = [
  'LOCKSTEP_API_PORT', 'LOCKSTEP_GATEWAY_PORT', 'LOCKSTEP_POSTGRES_PORT', 'LOCKSTEP_TEMPORAL_PORT', 'LOCKSTEP_TEMPORAL_UI_PORT',
  'LOCKSTEP_TEMPORAL_METRICS_PORT', 'LOCKSTEP_SAMPLE_PORT',
] as const;

export class Lockstep {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly events: UpEvent[] = [];
  #child: ChildProcess | undefined;
  #stderr = '';

  private constructor(home: string, env: NodeJS.ProcessEnv) {
    this.home = home;
    this.env = env;
  }

  /** A home that does not exist yet. */
  static async make(env: Readonly<Record<string, string>> = {}): Promise<Lockstep> {
    const ports: Record<string, string> = {};
    for (const name of portSettings) ports[name] = String(await freePort());
    const home = `${labFolder()}/home-${randomUUID().slice(0, 8)}`;
    return new Lockstep(home, { ...process.env, ...ports, ...env, LOCKSTEP_HOME: home });
  }

  /** `lockstep up`; resolves when it says that everything is there. */
  async up(...args: string[]): Promise<UpEvent> {
    const before = this.events.length;
    const child = spawn(process.execPath, [program, 'up', '--json', ...args], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#stderr = '';
    createInterface({ input: child.stdout }).on('line', (line) => this.events.push(JSON.parse(line) as UpEvent));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    const since = () => this.events.slice(before);
    await until('lockstep up is ready', async () => {
      const failed = since().find((event) => event.event === 'failed');
      if (failed !== undefined) throw new Error(`lockstep up failed: ${JSON.stringify(failed)}`);
      if (child.exitCode !== null) throw new Error(`lockstep up ended with ${child.exitCode}: ${this.#stderr}`);
      return since().some((event) => event.event === 'up');
    }, 120_000);
    return since().find((event) => event.event === 'up') ?? { event: 'up' };
  }

  /** The process of a part as it runs now: `postgresql`, `temporal`, `server`, `site`. */
  pidOf(part: string): number {
    const pid = this.events.findLast((event) => event.event === 'ready' && event.part === part)?.pid;
    if (pid === undefined) throw new Error(`${part} is not running: ${[...new Set(this.events.map((event) => event.part))].join(', ')}`);
    return pid;
  }

  /** SIGKILL; resolves when `lockstep up` has brought the part back. */
  async killAndAwaitReturn(part: string): Promise<void> {
    const killed = this.pidOf(part);
    process.kill(killed, 'SIGKILL');
    await until(`${part} is back`, async () => this.pidOf(part) !== killed, 120_000);
  }

  async cli(...args: string[]): Promise<CliResult> {
    const child = spawn(process.execPath, [program, ...args], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  /** A command with --json that must succeed. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.cli(...args, '--json');
    if (code !== 0 && code !== 3) throw new Error(`lockstep ${args.join(' ')}: exit ${code}: ${stderr}${stdout}`);
    return JSON.parse(stdout) as T;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.env['LOCKSTEP_API_PORT'] ?? ''}`;
  }

  /** Asks the API as the organisation `main`. */
  async api<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const config = JSON.parse(await readFile(`${this.home}/config.json`, 'utf8')) as { tokens: Record<string, string> };
    const response = await fetch(`${this.apiUrl}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${config.tokens['main'] ?? ''}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
  }

  /** Everything of a list, page by page. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const separator = path.includes('?') ? '&' : '?';
      const query: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
      const answer: { status: number; body: { items: T[]; next: string | null } } = await this.api('GET', `${path}${separator}limit=500${query}`);
      const { status, body } = answer;
      if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
      items.push(...body.items);
      after = body.next;
    }
    return items;
  }

  /** Ends it as Ctrl-C does (or as the power does) and awaits the end. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    const [code] = await ended;
    return code;
  }
}
