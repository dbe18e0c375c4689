import { text } from './command.ts';
import { passwordOptions } from './directory-password.ts';

/** Another than for directories, so that a password which is set for one is never sent to the other. */
export const CONNECTION_PASSWORD_VARIABLE = 'LOCKSTEP_CONNECTION_PASSWORD';

/** Ways to give the password of a connection's account. */
export const connectionPasswordOptions = {
  ...passwordOptions,
  passwordFile: text('file', `read the password from a file (or set ${CONNECTION_PASSWORD_VARIABLE})`),
};
