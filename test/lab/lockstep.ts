/** A whole installation for tests and benchmarks that are about what it does, not how it starts: parts to kill, its API to ask. */
import { readFile, rm } from 'node:fs/promises';
import { until } from './component.ts';
import { type Installation, newInstallation, Up } from './up-process.ts';

export class Lockstep {
  readonly #installation: Installation;
  readonly #up: Up;

  private constructor(installation: Installation, up: Up) {
    this.#installation = installation;
    this.#up = up;
  }

  /** `lockstep up` in a new home; resolves when everything is there. Its site is `local`, its organisation `main`. */
  static async start(): Promise<Lockstep> {
    const installation = await newInstallation();
    const up = new Up(installation);
    await up.event('up');
    return new Lockstep(installation, up);
  }

  /** The process of a part as it runs now: `postgresql`, `temporal`, `server`, `site`. */
  pidOf(part: string): number {
    return this.#up.pidOf(part);
  }

  get temporalAddress(): string {
    return `127.0.0.1:${this.#installation.env['LOCKSTEP_TEMPORAL_PORT'] ?? ''}`;
  }

  /** SIGKILL; resolves when `lockstep up` has brought the part back. One that has died by itself, of what was killed before, is dead. */
  async killAndAwaitReturn(part: string): Promise<void> {
    const killed = this.pidOf(part);
    try {
      process.kill(killed, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    await until(`${part} is back`, async () => this.pidOf(part) !== killed, 120_000);
  }

  /** Asks the API as the organisation `main`. */
  async api<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const config = JSON.parse(await readFile(`${this.#installation.folder}/home/config.json`, 'utf8')) as { tokens: Record<string, string> };
    const response = await fetch(`${this.#installation.apiUrl}/api/v1${path}`, {
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

  /** What the server counts (Prometheus text format). */
  async metrics(): Promise<string> {
    return (await fetch(`${this.#installation.apiUrl}/metrics`)).text();
  }

  /** Everything of a list, page by page. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const query: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
      const answer: { status: number; body: { items: T[]; next: string | null } } = await this.api('GET', `${path}?limit=500${query}`);
      if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      items.push(...answer.body.items);
      after = answer.body.next;
    }
    return items;
  }

  /** Ends it as Ctrl-C does, and removes its home. */
  async stop(): Promise<void> {
    this.#up.child.kill('SIGINT');
    await this.#up.exit;
    await rm(this.#installation.folder, { recursive: true, force: true });
  }
}
