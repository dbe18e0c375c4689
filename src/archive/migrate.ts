import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Migration, type MigrationProvider, Migrator, sql } from 'kysely';
import { LockstepError } from '../shared/errors.ts';
import type { Database } from './database.ts';

const folder = fileURLToPath(new URL('./migrations/', import.meta.url));

/** Forward only: `0001_words.sql`, each one transaction. */
const provider: MigrationProvider = {
  async getMigrations() {
    const migrations: Record<string, Migration> = {};
    for (const file of (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()) {
      const text = await readFile(`${folder}${file}`, 'utf8');
      migrations[file.slice(0, -'.sql'.length)] = { up: (db) => sql.raw(text).execute(db).then(() => undefined) };
    }
    return migrations;
  },
};

/**
 * Brings the schema up to date, as its owner. Several servers may call it at once: Kysely holds an advisory lock.
 * Returns the names of the migrations that were applied.
 * @throws LockstepError ConfigInvalid when the database is newer than this program, or a migration fails
 */
export async function migrate(owner: Database): Promise<readonly string[]> {
  const migrator = new Migrator({ db: owner, provider });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return (results ?? []).map((result) => result.migrationName);
  const message = error instanceof Error ? error.message : 'unknown error';
  // Kysely has no class for it: kysely/migration/migrator.ts, ensureNoMissingMigrations.
  if (/previously executed migration .* is missing/.test(message)) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'database.newer',
      message: 'The database was migrated by a newer Lockstep.',
      next: 'Start the newer version, or restore the backup that was made before its upgrade.',
      cause: error,
    });
  }
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'database.migration-failed',
    message: `The database could not be migrated: ${message}`,
    next: 'Nothing was changed by the failed step. See docs/operations.md, "Upgrade".',
    cause: error,
  });
}

/** Names of the migrations that this program has and the database lacks: none when `migrate` was done. */
export async function pendingMigrations(database: Database): Promise<readonly string[]> {
  const known = await new Migrator({ db: database, provider }).getMigrations();
  return known.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name);
}
