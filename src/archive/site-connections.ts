/** Exchange connections as the site that reads through them sees them. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { ConnectionId, SiteId } from '../shared/ids.ts';
import type { ConnectionSettings } from '../shared/mailbox-contract.ts';
import type { OrganisationTransaction } from './database.ts';
import { NotFoundError } from './record-errors.ts';

export interface SiteConnection {
  /** Another one after each change of settings or credential. */
  readonly version: string;
  readonly settings: ConnectionSettings;
  /** Sealed to the site and encrypted with the organisation's key; null: none was set. */
  readonly credential: Buffer | null;
}

/** @throws NotFoundError for a connection of another site */
export async function findConnectionOfSite(tx: OrganisationTransaction, site: SiteId, connection: ConnectionId): Promise<SiteConnection> {
  const { rows: [found] } = await sql<Omit<SiteConnection, 'version'>>`
    select settings, credential from exchange_connection where id = ${connection} and site_id = ${site}`.execute(tx);
  if (found === undefined) throw new NotFoundError('such connection');
  const version = createHash('sha256').update(JSON.stringify(found.settings)).update(found.credential ?? '').digest('base64url').slice(0, 22);
  return { version, ...found };
}
