import { randomBytes } from 'node:crypto';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { LockstepError } from '../shared/errors.ts';
import type { Home } from './home.ts';
import { readJsonFile } from './json-file.ts';
import { writePrivateFile } from '../security/private-file.ts';

const Stored = Type.Object({
  /** Where the data are. Not below the home when the user that runs PostgreSQL cannot get there. */
  place: Type.String(),
  /** `initdb` has ended well: from then on missing data are an error and never replaced by an empty database. */
  initialised: Type.Boolean(),
  /** Of the roles postgres, lockstep_owner and lockstep_app. */
  passwords: Type.Object({ superuser: Type.String(), owner: Type.String(), app: Type.String() }),
});

/** What is known of the embedded PostgreSQL (database.json in the home folder, 0600). */
export type PostgresCredentials = Readonly<Type.Static<typeof Stored>>;

const newPassword = (): string => randomBytes(32).toString('base64url');

/** What is stored; undefined when nothing is. @throws LockstepError ConfigInvalid `postgres.credentials-unreadable` */
export async function readCredentials(home: Home): Promise<PostgresCredentials | undefined> {
  let stored: unknown;
  try {
    stored = await readJsonFile(home.databaseFile);
  } catch (error) {
    throw unreadable(home, error);
  }
  if (stored === undefined) return undefined;
  if (!Value.Check(Stored, stored)) throw unreadable(home, undefined);
  return stored;
}

export async function saveCredentials(home: Home, credentials: PostgresCredentials): Promise<void> {
  await writePrivateFile(home.databaseFile, `${JSON.stringify(credentials, undefined, 2)}\n`);
}

export const newCredentials = (place: string): PostgresCredentials => ({
  place,
  initialised: false,
  passwords: { superuser: newPassword(), owner: newPassword(), app: newPassword() },
});

const unreadable = (home: Home, cause: unknown): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'postgres.credentials-unreadable',
    message: `${home.databaseFile}, which holds the passwords of the embedded PostgreSQL, cannot be read.`,
    next: 'Restore it from a backup of the home folder.',
    cause,
  });
