import { LockstepError } from '../shared/errors.ts';
import { ApiProblem } from './api-problem.ts';
import { UsageError } from './command.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** What a failed command prints, and how it exits. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly text: string;
  readonly data: { readonly error: { readonly code: string; readonly message: string; readonly next?: string } };
}

/** Codes whose class says too little about what was wrong from the caller's side. */
const byCode: Readonly<Record<string, ExitCode>> = {
  'setting.invalid': exitCodes.usage,
  'setting.missing': exitCodes.usage,
  'cli.no-token': exitCodes.usage,
  'cli.no-installation-token': exitCodes.usage,
  'cli.organisation-unknown': exitCodes.usage,
  'cli.file-unreadable': exitCodes.usage,
  'cli.no-installation': exitCodes.usage,
  'cli.no-site': exitCodes.usage,
  'api.not-lockstep': exitCodes.usage,
  'api.certificate-rejected': exitCodes.usage,
  'home.in-use': exitCodes.refused,
  'port.taken': exitCodes.refused,
};

const exitCodeOf = (error: LockstepError): ExitCode => {
  const known = byCode[error.code];
  if (known !== undefined) return known;
  switch (error.class) {
    case 'Throttled':
    case 'Unavailable':
      return exitCodes.unreachable;
    case 'AuthRejected':
      return exitCodes.refused;
    case 'ConfigInvalid':
    case 'MailboxGone':
    case 'CursorInvalid':
    case 'ItemUnreadable':
      return exitCodes.failure;
  }
};

const described = (exitCode: ExitCode, code: string, message: string, next: string | undefined): Failure => ({
  exitCode,
  text: next === undefined ? `Error: ${message}` : `Error: ${message}\n${next}\n(${code})`,
  data: { error: { code, message, ...(next === undefined ? {} : { next }) } },
});

/** Says what any error means for the person at the terminal. `commandPath` is pointed to by usage errors. */
export function failureOf(error: unknown, commandPath: readonly string[]): Failure {
  if (error instanceof LockstepError) return described(exitCodeOf(error), error.code, error.message, error.next);
  if (error instanceof ApiProblem) return described(error.exitCode, error.code, error.message, error.next);
  if (error instanceof UsageError) {
    const help = `See: lockstep ${[...commandPath, '--help'].join(' ')}`;
    return {
      exitCode: exitCodes.usage,
      text: `Error: ${error.message}\n${help}`,
      data: { error: { code: 'usage', message: error.message, next: help } },
    };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return described(exitCodes.failure, 'internal', message, 'This is a fault of Lockstep. Please report it with these lines.');
}
