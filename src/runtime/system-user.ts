import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { constants } from 'node:fs';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { LockstepError } from '../shared/errors.ts';

const run = promisify(execFile);

/** A user of the system other than our own. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

const NAME = 'postgres';

/**
 * Who runs PostgreSQL: it refuses to run as root, so under root it is the user `postgres`, made when there is none;
 * undefined = the user we are.
 * @throws LockstepError ConfigInvalid `postgres.no-user`
 */
export async function postgresUser(): Promise<SystemUser | undefined> {
  if (process.platform === 'win32' || userInfo().uid !== 0) return undefined;
  const known = await lookUp();
  if (known !== undefined) return known;
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', NAME]);
  } catch (error) {
    throw noUser(error);
  }
  const made = await lookUp();
  if (made === undefined) throw noUser(undefined);
  return made;
}

async function lookUp(): Promise<SystemUser | undefined> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, NAME])).stdout)));
    return uid === undefined || gid === undefined ? undefined : { uid, gid };
  } catch {
    return undefined;
  }
}

const noUser = (cause: unknown): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'postgres.no-user',
    message: `PostgreSQL does not run as root, and the system user "${NAME}" could not be made.`,
    next: `Run Lockstep as an ordinary user, make the user ("useradd --system ${NAME}"), or set DATABASE_URL to a PostgreSQL of your own.`,
    cause,
  });

/** Whether the user (undefined = we) can reach and read or execute a file, or read and enter a folder. */
export async function canUse(user: SystemUser | undefined, how: 'read' | 'execute', path: string): Promise<boolean> {
  try {
    if (user === undefined) await access(path, how === 'read' ? constants.R_OK : constants.X_OK);
    // Only the system knows all of its rules (groups, access lists, mounts): ask it as that user.
    else await run('test', [how === 'read' ? '-r' : '-x', path], { uid: user.uid, gid: user.gid });
    return true;
  } catch {
    return false;
  }
}
