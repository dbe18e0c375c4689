/** Integrations as the watcher of their site may see and change them. */
import { hash } from 'node:crypto';
import { sql } from 'kysely';
import type { DirectorySettings } from '../shared/directory.ts';
import type { ErrorReport } from '../shared/errors.ts';
import type { IntegrationId, SiteId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { ConflictError, NotFoundError } from './record-errors.ts';

export interface WatchedIntegration {
  readonly id: IntegrationId;
  readonly settings: DirectorySettings;
  /** Sealed to the site and encrypted with the organisation's key; null: none was set. */
  readonly credential: Buffer | null;
  /** Another whenever settings or credential are. */
  readonly version: string;
}

/**
 * One of the site's integrations, if it is to be watched.
 * @throws NotFoundError for any other, ConflictError `directory.paused`
 */
export async function findWatchedIntegration(tx: OrganisationTransaction, site: SiteId, integration: IntegrationId): Promise<WatchedIntegration> {
  const row = await tx
    .selectFrom('directory_integration')
    .select(['id', 'settings', 'credential', 'state'])
    .where('id', '=', integration)
    .where('site_id', '=', site)
    .executeTakeFirst();
  if (row === undefined) throw new NotFoundError('such directory');
  if (row.state === 'paused') {
    throw new ConflictError({ code: 'directory.paused', message: 'The directory is paused.', next: 'Resume it: lockstep directory resume NAME.' });
  }
  const { id, settings, credential } = row;
  return { id, settings, credential, version: hash('sha256', JSON.stringify([settings, credential?.toString('base64')]), 'hex').slice(0, 32) };
}

/** A watcher asked what to do, and said what keeps it from that; null: nothing does. */
export async function noteWatcher(tx: OrganisationTransaction, integration: IntegrationId, failure: ErrorReport | null): Promise<void> {
  await tx
    .updateTable('directory_integration')
    .set({ watched_at: sql<Date>`now()`, watch_error: failure === null ? null : JSON.stringify(failure) })
    .where('id', '=', integration)
    .execute();
}
