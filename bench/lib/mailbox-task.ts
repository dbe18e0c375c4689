/** A task over all mailboxes of a measured Exchange, in a `lockstep up` of its own. */
import { Connection } from '@temporalio/client';
import { until } from '../../test/lab/component.ts';
import { Lockstep } from '../../test/lab/lockstep.ts';
import type { MeasuredExchange } from './measured-exchange.ts';
import { hundredths } from './rounded.ts';
import { type Usage, usageOfTree } from './usage.ts';

const LONGEST_MS = 7_200_000;
const NAMESPACE = 'lockstep';

export interface TaskRun {
  readonly id: string;
  readonly state: string;
  readonly workflowId: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly totals: Readonly<Record<string, number>>;
}

export interface MeasuredRun {
  readonly wallSeconds: number;
  readonly mailboxes: number;
  readonly messages: number;
  readonly messagesPerSecond: number;
  readonly cpuSeconds: Readonly<Record<string, number>>;
  readonly peakMiB: Readonly<Record<string, number>>;
  readonly totals: TaskRun['totals'];
}

const parts = ['site', 'server', 'postgresql', 'temporal'] as const;

export class MailboxTask {
  readonly lockstep: Lockstep;
  readonly #exchange: MeasuredExchange;

  private constructor(lockstep: Lockstep, exchange: MeasuredExchange) {
    this.lockstep = lockstep;
    this.#exchange = exchange;
  }

  /** Not begun. `addresses`: whose mailboxes. */
  static async start(exchange: MeasuredExchange, { addresses, withContent }: { readonly addresses: readonly string[]; readonly withContent: boolean }): Promise<MailboxTask> {
    const task = new MailboxTask(await Lockstep.start(), exchange);
    const { url, account, password } = exchange.access;
    await task.#make('/connections', { name: 'bench', site: 'local', settings: { type: 'ews', url, authentication: 'basic', account }, password });
    await task.#make('/definitions', { name: 'bench', settings: { withContent } });
    await task.#make('/mailbox-groups', { name: 'bench', source: { kind: 'mailboxes', addresses } });
    await task.#make('/tasks', { name: 'bench', site: 'local', definition: 'bench', group: 'bench' });
    return task;
  }

  /** One run to its end. */
  async measure(): Promise<MeasuredRun> {
    const before = this.#usages();
    const run = await this.ended(await this.begin());
    const after = this.#usages();
    if (run.state !== 'succeeded') throw new Error(`the run ended as ${run.state}: ${JSON.stringify(run)}`);
    const wallSeconds = seconds(run);
    const messages = run.totals['items'] ?? 0;
    return {
      wallSeconds: hundredths(wallSeconds),
      mailboxes: run.totals['mailboxes'] ?? 0,
      messages,
      messagesPerSecond: Math.round(messages / wallSeconds),
      cpuSeconds: Object.fromEntries(Object.entries(after).map(([part, { cpuSeconds }]) => [part, hundredths(cpuSeconds - (before[part]?.cpuSeconds ?? 0))])),
      peakMiB: Object.fromEntries(Object.entries(after).map(([part, { peakMiB }]) => [part, peakMiB])),
      totals: run.totals,
    };
  }

  async begin(): Promise<TaskRun> {
    const { status, body } = await this.lockstep.api<TaskRun>('POST', '/tasks/bench/run');
    if (status !== 202) throw new Error(JSON.stringify(body));
    return body;
  }

  async run(id: string): Promise<TaskRun> {
    return (await this.lockstep.api<TaskRun>('GET', `/runs/${id}`)).body;
  }

  async ended({ id }: TaskRun): Promise<TaskRun> {
    let run = await this.run(id);
    await until(
      'the run has ended',
      async () => {
        run = await this.run(id);
        return run.finishedAt !== null;
      },
      LONGEST_MS,
      200,
    );
    return run;
  }

  /** Seconds from now until so many mailboxes are read to their end. */
  async secondsUntilHealthy(count: number): Promise<number> {
    const began = performance.now();
    await until(
      `${count} mailboxes are healthy`,
      async () => {
        const { body } = await this.lockstep.api<{ mailboxes: { healthy: number } }>('GET', '/tasks/bench/status');
        return body.mailboxes.healthy >= count;
      },
      LONGEST_MS,
      100,
    );
    return (performance.now() - began) / 1000;
  }

  /** In the histories of the run's workflow and of its children. */
  async temporalEvents({ workflowId }: TaskRun): Promise<number> {
    const connection = await Connection.connect({ address: this.lockstep.temporalAddress });
    try {
      let events = 0;
      for (let part = 0; ; part += 1) {
        const id = part === 0 ? workflowId : `${workflowId}/part-${part}`;
        try {
          const { workflowExecutionInfo } = await connection.workflowService.describeWorkflowExecution({ namespace: NAMESPACE, execution: { workflowId: id } });
          events += Number(workflowExecutionInfo?.historyLength ?? 0);
        } catch (error) {
          if (part === 0) throw error;
          return events;
        }
      }
    } finally {
      await connection.close();
    }
  }

  stop(): Promise<void> {
    return this.lockstep.stop();
  }

  #usages(): Record<string, Usage> {
    const own = parts.map((part) => [part, usageOfTree(this.lockstep.pidOf(part))] as const);
    return Object.fromEntries([...own, ['exchange', usageOfTree(this.#exchange.pid)] as const]);
  }

  async #make(path: string, body: object): Promise<void> {
    const answer = await this.lockstep.api('POST', path, body);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

export const seconds = ({ startedAt, finishedAt }: TaskRun): number => (Date.parse(finishedAt ?? '') - Date.parse(startedAt)) / 1000;
