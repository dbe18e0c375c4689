import { type ChildProcess, spawn } from 'node:child_process';
import { isReadyMessage } from './parent.ts';
import type { Part, PartCommand, ProcessState } from './part.ts';
import type { PartLog } from './part-log.ts';
import { type ProcessRecord, processIdentity } from './process-identity.ts';

/** One process of a part, from its start to its end. */
export interface Child extends ProcessState {
  readonly record: ProcessRecord;
  /** Settles when the process has ended: `code 1`, `signal SIGKILL`. Never rejects. */
  readonly exit: Promise<string>;
  ended(): boolean;
  signal(signal: NodeJS.Signals): void;
}

/**
 * Starts the program with its output in the part's log. It gets a session of its own, so that a terminal's Ctrl-C
 * reaches only the supervisor, which ends the parts in order.
 * @throws the system's error when the program cannot be started
 */
export async function startChild(command: PartCommand, log: PartLog): Promise<Child> {
  log.begin();
  const child = spawn(command.program, [...command.args], {
    stdio: command.channel === true ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
    env: command.env,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    ...(command.uid === undefined ? {} : { uid: command.uid }),
    ...(command.gid === undefined ? {} : { gid: command.gid }),
  });
  const exit = exitOf(child);
  child.stdout?.on('data', (chunk: Buffer) => log.write(chunk));
  child.stderr?.on('data', (chunk: Buffer) => log.write(chunk));
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  // An error after the start (a signal that cannot be sent, a closed channel) shows as the end of the process.
  child.on('error', () => undefined);
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  let saidReady = false;
  child.on('message', (message) => (saidReady ||= isReadyMessage(message)));
  return {
    pid,
    get saidReady() {
      return saidReady;
    },
    record: { pid, identity: (await processIdentity(pid)) ?? '' },
    exit,
    ended,
    signal: (signal) => {
      if (ended()) return;
      // Windows has no signals: a closed channel is how a program of ours is asked to end there.
      if (process.platform === 'win32' && signal !== 'SIGKILL' && child.connected) child.disconnect();
      else child.kill(signal);
    },
  };
}

const exitOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `code ${code ?? 'unknown'}` : `signal ${signal}`));
  });

/** Ends it: asks, waits, forces. Answers whether force was needed. */
export async function endChild(child: Child, stop: Part['stop'], hurry: AbortSignal): Promise<boolean> {
  if (child.ended()) return false;
  if (!hurry.aborted) {
    child.signal(stop.signal);
    if (await endsWithin(child, stop.withinMs, hurry)) return false;
  }
  child.signal(stop.force ?? 'SIGKILL');
  if (!(await endsWithin(child, FORCE_WITHIN_MS, undefined))) child.signal('SIGKILL');
  await child.exit;
  return true;
}

/** For a force that is gentler than SIGKILL, such as PostgreSQL's immediate shutdown. */
const FORCE_WITHIN_MS = 3000;

async function endsWithin(child: Child, ms: number, hurry: AbortSignal | undefined): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
    hurry?.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([child.exit, timeUp]);
  clearTimeout(timer);
  return child.ended();
}
