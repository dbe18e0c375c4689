import { LockstepError } from '../shared/errors.ts';
import { embeddedPostgres } from './embedded-postgres.ts';
import type { Home } from './home.ts';
import type { Part } from './part.ts';
import type { Settings } from './settings.ts';

/** The database of this home: one's own by DATABASE_URL, else the embedded one, which is a part to be started. */
export interface InstalledDatabase {
  readonly url: string;
  readonly ownerUrl: string | undefined;
  readonly part: Part | undefined;
  /** Of the embedded one. */
  readonly dataFolder: string | undefined;
}

/** @throws LockstepError ConfigInvalid `setting.missing` with an owner's URL alone, and what `embeddedPostgres` throws */
export async function installedDatabase(home: Home, settings: Settings): Promise<InstalledDatabase> {
  if (settings.databaseUrl !== undefined) {
    return { url: settings.databaseUrl, ownerUrl: settings.databaseOwnerUrl, part: undefined, dataFolder: undefined };
  }
  if (settings.databaseOwnerUrl !== undefined) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'setting.missing',
      message: 'DATABASE_OWNER_URL is set, but DATABASE_URL is not.',
      next: 'Set DATABASE_URL too (role lockstep_app), or neither to use the embedded PostgreSQL.',
    });
  }
  return embeddedPostgres(home, settings.postgresPort);
}
