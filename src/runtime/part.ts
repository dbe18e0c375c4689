import type { PortUse } from './ports.ts';

/** Something that the supervisor runs: a program, when it is ready, and how it is ended. */
export interface Part {
  /** Names its log: `postgresql`. */
  readonly name: string;
  /** For people: `PostgreSQL`. */
  readonly title: string;
  /** Checked before the first start only: afterwards they may be in use for a moment by what just died. */
  readonly ports: readonly PortUse[];
  /** A start that is not ready by then has failed. Time spent in `prepare` does not count. */
  readonly readyWithinMs: number;
  /** Done before every start: files, orphans of a dead process. `report` shows what is going on. */
  prepare?(report: (text: string) => void, signal: AbortSignal): Promise<void>;
  /** The program as it is started next. */
  command(): PartCommand;
  /** Resolves when it does its work; rejects while it does not. Asked again and again. */
  check(signal: AbortSignal, state: ProcessState): Promise<void>;
  /** Done once after each start that became ready, before what depends on it starts. */
  afterReady?(report: (text: string) => void): Promise<void>;
  readonly stop: {
    /** Asks the process to end in order. */
    readonly signal: NodeJS.Signals;
    /** After that it is ended by force. */
    readonly withinMs: number;
    /** What force is. SIGKILL where nothing gentler is as quick. */
    readonly force?: NodeJS.Signals;
  };
}

export interface PartCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** A Node program of ours: gets a channel by which it notices that the supervisor is gone, however it ended. */
  readonly channel?: boolean;
}

export interface ProcessState {
  readonly pid: number;
  /** A program of ours has said by its channel that it does its work. */
  readonly saidReady: boolean;
}

/** What the supervisor tells. `up` shows it to people or prints it as JSON. */
export type PartEvent =
  | { readonly event: 'starting'; readonly part: string; readonly title: string }
  | { readonly event: 'working'; readonly part: string; readonly title: string; readonly detail: string }
  | { readonly event: 'ready'; readonly part: string; readonly title: string; readonly pid: number; readonly afterMs: number }
  | {
      readonly event: 'died';
      readonly part: string;
      readonly title: string;
      readonly exit: string;
      readonly restartInMs: number;
    }
  | { readonly event: 'stopping'; readonly part: string; readonly title: string }
  | { readonly event: 'stopped'; readonly part: string; readonly title: string; readonly forced: boolean };
