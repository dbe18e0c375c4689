import { execFile } from 'node:child_process';
import { chown, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LockstepError } from '../shared/errors.ts';
import { foreignEnvironment } from './child-environment.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { writePrivateFile } from '../security/private-file.ts';
import type { SystemUser } from './system-user.ts';

const run = promisify(execFile);

/** Major version of the data in a folder (`18`); undefined when there are none. */
export async function dataVersion(dataFolder: string): Promise<string | undefined> {
  return (await readFile(join(dataFolder, 'PG_VERSION'), 'utf8').catch(() => undefined))?.trim();
}

/** @throws LockstepError ConfigInvalid `postgres.other-version` */
export function assertVersion(found: string, binaries: PostgresBinaries, dataFolder: string): void {
  if (found === binaries.major) return;
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'postgres.other-version',
    message: `The data in ${dataFolder} were written by PostgreSQL ${found}; this Lockstep brings PostgreSQL ${binaries.version}, which cannot read them.`,
    next: `Start the Lockstep that brought PostgreSQL ${found}, or restore a backup into a new home folder. Nothing was changed.`,
  });
}

/**
 * Makes a new cluster: whole, or not at all (it is made beside and renamed). UTF-8 with PostgreSQL's own C.UTF-8: the
 * same order and case rules on every platform, and no index that a C library's update breaks.
 * @throws LockstepError ConfigInvalid `postgres.initdb-failed`
 */
export async function initialise(
  place: string,
  dataFolder: string,
  binaries: PostgresBinaries,
  password: string,
  user: SystemUser | undefined,
): Promise<void> {
  const part = `${dataFolder}.part`;
  const passwordFile = join(place, 'superuser.part');
  await rm(part, { recursive: true, force: true });
  await writePrivateFile(passwordFile, `${password}\n`);
  try {
    if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
    await run(
      binaries.initdb,
      [
        `--pgdata=${part}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
      ],
      { cwd: place, env: foreignEnvironment(process.env), ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }) },
    );
  } catch (error) {
    const output = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'postgres.initdb-failed',
      message: `PostgreSQL could not make its data in ${place}: ${output}`,
      next: 'Correct what it names (disk space, rights of the folder) and start again.',
      cause: error,
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(part, dataFolder);
}
