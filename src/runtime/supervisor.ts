import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LockstepError } from '../shared/errors.ts';
import { type Child, endChild, startChild } from './child.ts';
import type { Home } from './home.ts';
import type { Part, PartEvent } from './part.ts';
import { PartLog } from './part-log.ts';
import { checkPort } from './ports.ts';
import { StartedProcesses } from './started-processes.ts';

export interface SupervisorOptions {
  readonly home: Home;
  onEvent(event: PartEvent): void;
  readonly policy?: RestartPolicy;
}

/** When a part that died is started again, and when that is given up. */
export interface RestartPolicy {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** A death before it was ready, or this soon after, counts as quick. */
  readonly quickMs: number;
  /** So many quick deaths one after the other are no accident. */
  readonly maxQuickDeaths: number;
}
/** Doubling from half a second: a part that cannot run is given up after some 45 s of waiting. */
const defaultPolicy: RestartPolicy = { firstDelayMs: 500, maxDelayMs: 10_000, quickMs: 3000, maxQuickDeaths: 8 };

const CHECK_EVERY_MS = 100;

/**
 * Runs parts. Each is `starting` until its check passes, then `ready`; one that ends by itself is started again after a
 * delay, and given up (`failure` rejects) after repeated quick deaths. `stop` ends all in reverse order of their start.
 *
 * Invariants, each with its test in supervisor.test.ts:
 * 1. a part is started only when the one before it is ready;
 * 2. after `stop` has settled no process of a part is alive, whatever was going on when it was called;
 * 3. every process that runs is in processes.json, so that the next start finds it should this process be killed;
 * 4. only processes that were started here are ever sent a signal.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #policy: RestartPolicy;
  readonly #started: StartedProcesses;
  readonly #running: Running[] = [];
  readonly #stopping = new AbortController();
  readonly #hurry = new AbortController();
  #stopped: Promise<void> | undefined;
  readonly #giveUp: (error: Error) => void;
  /** Rejects when a part was given up. Never resolves. */
  readonly failure: Promise<never>;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#policy = options.policy ?? defaultPolicy;
    this.#started = new StartedProcesses(options.home);
    const { promise, reject } = Promise.withResolvers<never>();
    // Whoever waits for it sees it; it must not end the process before everything was stopped.
    promise.catch(() => undefined);
    this.failure = promise;
    this.#giveUp = reject;
    process.once('exit', this.#forceAll);
  }

  /** Ends the orphans of a supervisor that was killed in this home. Answers their names. */
  endOrphans(): Promise<string[]> {
    return this.#started.endOrphans();
  }

  /**
   * Starts a part and waits until it is ready.
   * @throws LockstepError ConfigInvalid `port.taken`, `part.not-started` (with the end of its log), or what `prepare` throws
   */
  async start(part: Part): Promise<void> {
    for (const port of part.ports) await checkPort(port);
    if (this.#stopping.signal.aborted) throw stopped();
    const log = new PartLog(join(this.#options.home.logsFolder, `${part.name}.log`));
    const running: Running = { part, log, child: undefined, busy: undefined };
    this.#running.push(running);
    this.#options.onEvent({ event: 'starting', part: part.name, title: part.title });
    const first = this.#bringUp(running);
    running.busy = first.catch(() => undefined);
    await first;
    running.busy = this.#keepUp(running);
  }

  /** The process of a part that runs now. */
  pidOf(name: string): number | undefined {
    return this.#running.find(({ part }) => part.name === name)?.child?.pid;
  }

  /** Ends everything in reverse order, each within its bound. Whoever calls it again waits for the same end. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    this.#stopping.abort();
    // Kept in the list until then: what is still to be ended must be found by #forceAll.
    for (const running of [...this.#running].reverse()) {
      const { part } = running;
      const wasRunning = running.child !== undefined && !running.child.ended();
      if (wasRunning) this.#options.onEvent({ event: 'stopping', part: part.name, title: part.title });
      const forced = running.child === undefined ? false : await endChild(running.child, part.stop, this.#hurry.signal);
      // A start that was going on sees that it is over, and ends what it started meanwhile.
      await running.busy;
      running.log.close();
      await this.#started.remove(part.name);
      this.#running.splice(this.#running.indexOf(running), 1);
      if (wasRunning) this.#options.onEvent({ event: 'stopped', part: part.name, title: part.title, forced });
    }
    process.off('exit', this.#forceAll);
  }

  /** Makes a `stop` that is going on use force from now on. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** One start: prepared, running, ready. What does not become ready is ended again. */
  async #bringUp(running: Running): Promise<void> {
    const { part, log } = running;
    const since = Date.now();
    const report = (detail: string) => this.#options.onEvent({ event: 'working', part: part.name, title: part.title, detail });
    await part.prepare?.(report, this.#stopping.signal);
    if (this.#stopping.signal.aborted) throw stopped();
    let child: Child;
    try {
      child = await startChild(part.command(), log);
    } catch (error) {
      throw notStarted(part, log, error instanceof Error ? error.message : String(error));
    }
    running.child = child;
    await this.#started.add(part.name, child.record, part.stop.signal);
    try {
      await this.#becomesReady(part, child, log);
      await part.afterReady?.(report);
    } catch (error) {
      await endChild(child, part.stop, this.#hurry.signal);
      throw error;
    }
    this.#options.onEvent({ event: 'ready', part: part.name, title: part.title, pid: child.pid, afterMs: Date.now() - since });
  }

  async #becomesReady(part: Part, child: Child, log: PartLog): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(part.readyWithinMs)]);
    let last = '';
    while (!child.ended()) {
      try {
        await Promise.race([
          part.check(signal, child),
          child.exit.then((exit) => Promise.reject(new Error(exit))),
          aborted(signal),
        ]);
        if (!child.ended()) return;
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
      }
      if (this.#stopping.signal.aborted) throw stopped();
      if (signal.aborted) throw notStarted(part, log, `it was not ready within ${Math.round(part.readyWithinMs / 1000)} s (${last})`);
      await Promise.race([pause(CHECK_EVERY_MS), child.exit]);
    }
    if (this.#stopping.signal.aborted) throw stopped();
    throw notStarted(part, log, `it ended with ${await child.exit}`);
  }

  /** Watches a ready part and starts it again whenever it ends, until `stop`. */
  async #keepUp(running: Running): Promise<void> {
    const { part } = running;
    const stopSignal = this.#stopping.signal;
    let quickDeaths = 0;
    let readyAt = Date.now();
    let exit = await running.child?.exit;
    while (!stopSignal.aborted) {
      quickDeaths = Date.now() - readyAt < this.#policy.quickMs ? quickDeaths + 1 : 1;
      if (quickDeaths > this.#policy.maxQuickDeaths) {
        this.#giveUp(notStarted(part, running.log, `it ended ${quickDeaths} times soon after its start, the last time with ${exit ?? 'an error'}`));
        return;
      }
      const restartInMs = Math.min(this.#policy.firstDelayMs * 2 ** (quickDeaths - 1), this.#policy.maxDelayMs);
      this.#options.onEvent({ event: 'died', part: part.name, title: part.title, exit: exit ?? 'an error', restartInMs });
      await pause(restartInMs, undefined, { signal: stopSignal }).catch(() => undefined);
      if (stopSignal.aborted) return;
      try {
        await this.#bringUp(running);
        readyAt = Date.now();
        exit = await running.child?.exit;
      } catch (error) {
        if (stopSignal.aborted) return;
        readyAt = Date.now();
        exit = error instanceof LockstepError ? error.message.split('\n', 1)[0] : String(error);
      }
    }
  }

  /** This process is about to end (a second Ctrl-C, a fault): nothing may outlive it. */
  readonly #forceAll = (): void => {
    for (const { child, part } of [...this.#running].reverse()) child?.signal(part.stop.force ?? 'SIGKILL');
  };
}

interface Running {
  readonly part: Part;
  readonly log: PartLog;
  child: Child | undefined;
  /** The start or the watching that goes on. Never rejects. */
  busy: Promise<void> | undefined;
}

/** Rejects when the signal is aborted: a check that hangs must not. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const give = () => reject(new Error('no answer'));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });

const stopped = (): LockstepError =>
  new LockstepError({ class: 'Unavailable', code: 'part.stopped', message: 'The start was interrupted.', next: 'Start again.' });

function notStarted(part: Part, log: PartLog, reason: string): LockstepError {
  const tail = log.tail();
  const shown = tail.length === 0 ? 'It wrote nothing.' : `The end of its log:\n${tail.map((line) => `  | ${line}`).join('\n')}`;
  return new LockstepError({
    class: 'ConfigInvalid',
    code: 'part.not-started',
    message: `${part.title} does not run: ${reason}.\n${shown}`,
    next: `The whole log is in ${log.file}. Correct what it names and start again.`,
  });
}
