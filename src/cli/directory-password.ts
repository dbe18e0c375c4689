import { type CommandIo, flag, text, UsageError } from './command.ts';
import { readInputFile } from './input-file.ts';

/** Ways to give the password of the account of a directory or a connection. Never an argument: those are in process lists and shell histories. */
export const passwordOptions = {
  passwordStdin: flag('read the password from standard input'),
  passwordFile: text('file', 'read the password from a file (or set LOCKSTEP_DIRECTORY_PASSWORD)'),
};

export interface GivenPassword {
  readonly passwordStdin: boolean;
  readonly passwordFile: string | undefined;
}

/**
 * The password, from where the user said, else from LOCKSTEP_DIRECTORY_PASSWORD; undefined when none of these was used.
 * @throws UsageError when it is empty or said twice; LockstepError ConfigInvalid `cli.file-unreadable`
 */
export async function givenPassword(given: GivenPassword, io: CommandIo): Promise<string | undefined> {
  if (given.passwordStdin && given.passwordFile !== undefined) throw new UsageError('Give --password-stdin or --password-file, not both.');
  if (given.passwordStdin) return checked(withoutLineBreak(await io.readInput()), 'Standard input');
  if (given.passwordFile !== undefined) return checked(withoutLineBreak(await readInputFile(given.passwordFile)), given.passwordFile);
  const fromEnvironment = io.env['LOCKSTEP_DIRECTORY_PASSWORD'];
  return fromEnvironment === undefined || fromEnvironment === '' ? undefined : fromEnvironment;
}

/** As `givenPassword`, and asks a person when nothing was given. */
export async function requiredPassword(given: GivenPassword, account: string, io: CommandIo): Promise<string> {
  const password = await givenPassword(given, io);
  if (password !== undefined) return password;
  if (!io.interactive) {
    throw new UsageError(`The password of ${account} is missing. Give --password-stdin, --password-file or LOCKSTEP_DIRECTORY_PASSWORD.`);
  }
  return checked(await io.askSecret(`Password of ${account}`), 'The answer');
}

/** Editors and echo end a file with a line break; a password may well end with a space. */
const withoutLineBreak = (content: string): string => content.replace(/\r?\n$/, '');

function checked(password: string, where: string): string {
  if (password === '') throw new UsageError(`${where} holds no password.`);
  return password;
}
