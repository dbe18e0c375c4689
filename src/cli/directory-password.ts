import { type CommandIo, flag, text, UsageError } from './command.ts';
import { readInputFile } from './input-file.ts';

/** Ways to give the password of a directory's account. Never an argument: those are in process lists and shell histories. */
export const passwordOptions = {
  passwordStdin: flag('read the password from standard input'),
  passwordFile: text('file', 'read the password from a file (or set LOCKSTEP_DIRECTORY_PASSWORD)'),
};

export interface GivenPassword {
  readonly passwordStdin: boolean;
  readonly passwordFile: string | undefined;
}

/**
 * The password, from where the user said, else from the environment variable; undefined when none of these was used.
 * @throws UsageError when it is empty or said twice; LockstepError ConfigInvalid `cli.file-unreadable`
 */
export async function givenPassword(given: GivenPassword, io: CommandIo, variable = 'LOCKSTEP_DIRECTORY_PASSWORD'): Promise<string | undefined> {
  if (given.passwordStdin && given.passwordFile !== undefined) throw new UsageError('Give --password-stdin or --password-file, not both.');
  if (given.passwordStdin) return checked(withoutLineBreak(await io.readInput()), 'Standard input');
  if (given.passwordFile !== undefined) return checked(withoutLineBreak(await readInputFile(given.passwordFile)), given.passwordFile);
  const fromEnvironment = io.env[variable];
  return fromEnvironment === undefined || fromEnvironment === '' ? undefined : fromEnvironment;
}

/** As `givenPassword`, and asks a person when nothing was given. */
export async function requiredPassword(
  given: GivenPassword,
  account: string,
  io: CommandIo,
  variable = 'LOCKSTEP_DIRECTORY_PASSWORD',
): Promise<string> {
  const password = await givenPassword(given, io, variable);
  if (password !== undefined) return password;
  if (!io.interactive) {
    throw new UsageError(`The password of ${account} is missing. Give --password-stdin, --password-file or ${variable}.`);
  }
  return checked(await io.askSecret(`Password of ${account}`), 'The answer');
}

/** Editors and echo end a file with a line break; a password may well end with a space. */
const withoutLineBreak = (content: string): string => content.replace(/\r?\n$/, '');

function checked(password: string, where: string): string {
  if (password === '') throw new UsageError(`${where} holds no password.`);
  return password;
}
