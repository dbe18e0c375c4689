/** A sample Exchange in a process of its own, as its benchmark sees it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ExchangeCommand, ExchangeCounts, ExchangeOptions, ExchangeReady } from './exchange-process.ts';

const program = fileURLToPath(new URL('exchange-process.ts', import.meta.url));

export class MeasuredExchange {
  readonly pid: number;
  readonly access: ExchangeReady;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, pid: number, access: ExchangeReady) {
    this.#child = child;
    this.pid = pid;
    this.access = access;
  }

  static async start(options: ExchangeOptions): Promise<MeasuredExchange> {
    const child = fork(program, [JSON.stringify(options)], { execArgv: ['--max-old-space-size=6000'], serialization: 'json' });
    const [access] = (await once(child, 'message')) as [ExchangeReady];
    if (child.pid === undefined) throw new Error('the sample Exchange has no process');
    return new MeasuredExchange(child, child.pid, access);
  }

  async tell(command: ExchangeCommand): Promise<ExchangeCounts> {
    const answered = once(this.#child, 'message');
    this.#child.send(command);
    const [counts] = (await answered) as [ExchangeCounts];
    return counts;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
