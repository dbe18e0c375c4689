import type { Home } from '../runtime/home.ts';
import type { ExitCode } from './exit-codes.ts';

/**
 * A command is data plus a handler: its file says what it is called, what it takes and what it answers; src/cli/main.ts
 * alone parses, prints and exits. Handlers import what is heavy (Temporal, PostgreSQL) inside `run`, so that `--help`
 * and the reading commands start at once.
 */
export interface Command<O extends OptionSpecs = OptionSpecs, A extends ArgumentSpecs = ArgumentSpecs> {
  /** `['directory', 'add']` is called as `lockstep directory add`. */
  readonly path: readonly [string, ...string[]];
  /** One line for the list of commands; no full stop. */
  readonly summary: string;
  /** Paragraphs of `--help`: what it does, what it needs, what it leaves alone. */
  readonly description?: string;
  /** Shown at the end of `--help`. The command line starts with `lockstep`. */
  readonly examples: readonly { readonly line: string; readonly what: string }[];
  readonly arguments?: A;
  /** `--json`, `--home` and `--help` belong to every command and are not listed. */
  readonly options?: O;
  /** Not in the list of commands: a part of the product calls it. */
  readonly hidden?: boolean;
  /** Never prints and never exits. A LockstepError or UsageError it throws becomes message, next step and exit code. */
  run(input: CommandInput<O, A>, io: CommandIo): Promise<CommandResult>;
}

/** Keeps the types of options and arguments, so that `run` gets them typed. */
export const defineCommand = <const O extends OptionSpecs = {}, const A extends ArgumentSpecs = {}>( // eslint-disable-line @typescript-eslint/no-empty-object-type
  command: Command<O, A>,
): Command<O, A> => command;

/** What the registry holds: `run` is only called with what was parsed by these very specs. */
export type AnyCommand = Omit<Command, 'run'> & { run(input: never, io: CommandIo): Promise<CommandResult> };

export interface CommandInput<O extends OptionSpecs, A extends ArgumentSpecs> {
  readonly options: { readonly [K in keyof O]: OptionValue<O[K]> };
  readonly arguments: { readonly [K in keyof A]: ArgumentValue<A[K]> };
}

/** At least one of text and data. `--json` prints `data` (as JSON, one document), else `text` is printed. */
export interface CommandResult {
  readonly exitCode: ExitCode;
  /** For people; several lines allowed, no trailing line break. */
  readonly text?: string;
  readonly data?: unknown;
}

/** All that a command may touch of the terminal and the process. */
export interface CommandIo {
  /** `--json` was given. */
  readonly json: boolean;
  /** The home folder: `--home`, LOCKSTEP_HOME or ~/.lockstep. Not yet created. */
  readonly home: Home;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Width of the terminal that standard output is; Infinity when it is none: what a program reads is never cut. */
  readonly columns: number;
  /** A person can be asked. */
  readonly interactive: boolean;
  readonly progress: Progress;
  /** A line on standard output while the command still runs: text for people, or with --json one JSON object. */
  emit(line: string | object): void;
  /** All of standard input (`--password-stdin`, `config import -`). */
  readInput(): Promise<string>;
  /** Asks and answers the typed line. Only when `interactive`. */
  ask(question: string): Promise<string>;
  /** Asks without echo. Only when `interactive`. */
  askSecret(question: string): Promise<string>;
  now(): Date;
}

/** Standard error: one line that is rewritten on a terminal, plain lines elsewhere, nothing with --json. */
export interface Progress {
  /** Shows what is being done; replaces the line that is shown. */
  update(text: string): void;
  /** Ends the shown line and keeps it with this text. */
  done(text: string): void;
  /** A line of its own that stays, whatever is shown. */
  line(text: string): void;
  /** Removes the shown line. */
  clear(): void;
}

/** The command line is wrong. Exit code 2; the message is followed by a pointer to `--help`. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/* ---- options: `{ timeoutSeconds: number('seconds', 'Give up after', { default: 60 }) }` is `--timeout-seconds <seconds>` ---- */

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;
export type OptionSpec = FlagSpec | TextSpec | NumberSpec | ListSpec;
export interface FlagSpec {
  readonly kind: 'flag';
  readonly description: string;
}
export interface TextSpec {
  readonly kind: 'text';
  /** Shown in `--help` as `<placeholder>`. */
  readonly placeholder: string;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly default?: string;
  readonly required?: boolean;
}
export interface NumberSpec {
  readonly kind: 'number';
  readonly placeholder: string;
  readonly description: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: number;
}
/** May be given several times. Empty when it was not given. */
export interface ListSpec {
  readonly kind: 'list';
  readonly placeholder: string;
  readonly description: string;
}
export type OptionValue<S> = S extends { kind: 'flag' }
  ? boolean
  : S extends { kind: 'list' }
    ? readonly string[]
    : S extends { kind: 'number' }
      ? S extends { default: number }
        ? number
        : number | undefined
      : S extends { kind: 'text'; choices: readonly (infer C)[] }
        ? S extends { default: string } | { required: true }
          ? C
          : C | undefined
        : S extends { default: string } | { required: true }
          ? string
          : string | undefined;

type Rest<S, K extends keyof S> = Omit<S, 'kind' | 'description' | K>;
export const flag = (description: string): FlagSpec => ({ kind: 'flag', description });
export const text = <const R extends Rest<TextSpec, 'placeholder'>>(placeholder: string, description: string, rest?: R) =>
  ({ kind: 'text', placeholder, description, ...rest }) as { kind: 'text'; placeholder: string; description: string } & R;
export const number = <const R extends Rest<NumberSpec, 'placeholder'>>(placeholder: string, description: string, rest?: R) =>
  ({ kind: 'number', placeholder, description, ...rest }) as { kind: 'number'; placeholder: string; description: string } & R;
export const list = (placeholder: string, description: string): ListSpec => ({ kind: 'list', placeholder, description });

/* ---- arguments, in the order of their keys ---- */

export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>;
export interface ArgumentSpec {
  readonly description: string;
  readonly optional?: boolean;
}
export type ArgumentValue<S> = S extends { optional: true } ? string | undefined : string;
