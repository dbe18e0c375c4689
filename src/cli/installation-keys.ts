import { access } from 'node:fs/promises';
import type { Database } from '../archive/database.ts';
import { readSettings, type Settings } from '../runtime/settings.ts';
import type { MasterKey } from '../security/master-key.ts';
import { LockstepError } from '../shared/errors.ts';
import type { CommandIo } from './command.ts';

/** What the rotation of keys works on: the database itself, because no API may reach the keys. */
export interface InstallationKeys {
  readonly settings: Settings;
  readonly masterKeyFile: string;
  /** As lockstep_app. */
  readonly database: Database;
  /** As lockstep_owner. @throws LockstepError ConfigInvalid `setting.missing` without DATABASE_OWNER_URL */
  readonly owner: () => Database;
  readonly masterKey: () => Promise<MasterKey>;
}

/**
 * Opens the database of this home (or of DATABASE_URL) for `work`, and closes it.
 * @throws LockstepError ConfigInvalid `cli.no-installation`; Unavailable `database.unreachable`
 */
export async function withInstallationKeys<T>(io: CommandIo, work: (keys: InstallationKeys) => Promise<T>): Promise<T> {
  const settings = readSettings(io.env);
  if (settings.databaseUrl === undefined && !(await exists(io.home.databaseFile))) throw noInstallation(io.home.folder);
  const { installedDatabase } = await import('../runtime/installed-database.ts');
  const { openDatabase } = await import('../archive/database.ts');
  const { loadMasterKey } = await import('../security/master-key.ts');
  const { url, ownerUrl } = await installedDatabase(io.home, settings);
  const opened: Database[] = [];
  const open = (connectionString: string): Database => {
    const database = openDatabase({ connectionString, poolSize: 2 }, () => undefined);
    opened.push(database);
    return database;
  };
  const masterKeyFile = settings.masterKeyFile ?? io.home.masterKeyFile;
  try {
    return await work({
      settings,
      masterKeyFile,
      database: open(url),
      owner() {
        if (ownerUrl === undefined) throw ownerMissing();
        return open(ownerUrl);
      },
      masterKey: () => loadMasterKey({ file: masterKeyFile, env: settings.masterKey }),
    });
  } catch (error) {
    throw isOutage(error) ? unreachable(error) : error;
  } finally {
    await Promise.all(opened.map((database) => database.destroy()));
  }
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

const isOutage = (error: unknown): boolean =>
  error instanceof Error && !(error instanceof LockstepError) && 'code' in error && /^(?:ECONN|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|57P0)/.test(String(error.code));

const noInstallation = (home: string) =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'cli.no-installation',
    message: `There is no installation in ${home}, and DATABASE_URL is not set.`,
    next: 'Run it on the server: with its home folder (--home) and its settings.',
  });

const ownerMissing = () =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'setting.missing',
    message: 'DATABASE_OWNER_URL is not set: the master key wraps the keys of all organisations, which only the owner may change.',
    next: 'Set DATABASE_OWNER_URL (role lockstep_owner) for this command.',
  });

const unreachable = (cause: unknown) =>
  new LockstepError({
    class: 'Unavailable',
    code: 'database.unreachable',
    message: 'The database cannot be reached.',
    next: 'Start it first; the embedded one runs while lockstep up runs.',
    cause,
  });
