import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import type { OrganisationId } from '../shared/ids.ts';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;
/** A unit of work that sees one organisation only. */
export type OrganisationTransaction = Transaction<Tables>;

// int8 stays text: JSON numbers and JavaScript numbers lose digits above 2^53. Counts are converted where they are read.
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, (value) => value);

export interface DatabaseOptions {
  readonly connectionString: string;
  /** Connections in the pool; default 10. */
  readonly poolSize?: number;
}

/** Opens a pool. Errors of idle connections go to `onIdleError` (a PostgreSQL restart must not end the process). */
export function openDatabase(options: DatabaseOptions, onIdleError: (error: Error) => void): Database {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.poolSize ?? 10,
    connectionTimeoutMillis: 10_000,
    types,
  });
  pool.on('error', onIdleError);
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

/** Runs `work` in one transaction bound to `organisation`: row-level security hides every other organisation's rows. */
export function withOrganisation<T>(
  database: Database,
  organisation: OrganisationId,
  work: (tx: OrganisationTransaction) => Promise<T>,
): Promise<T> {
  return database.transaction().execute(async (tx) => {
    await sql`select set_config('lockstep.org', ${organisation}, true)`.execute(tx);
    return work(tx);
  });
}

/** The same, and everything that `work` reads is as it was when it began. What it writes must be nobody else's. */
export function withOrganisationSnapshot<T>(
  database: Database,
  organisation: OrganisationId,
  work: (tx: OrganisationTransaction) => Promise<T>,
): Promise<T> {
  return database.transaction().setIsolationLevel('repeatable read').execute(async (tx) => {
    await sql`select set_config('lockstep.org', ${organisation}, true)`.execute(tx);
    return work(tx);
  });
}

/**
 * Until the end of the transaction, one transaction of the organisation at a time does this. A transaction that works on copies
 * of the tables (shadow-tables.ts) has nobody to wait for.
 */
export const lockOrganisation = (tx: OrganisationTransaction, what: 'people' | 'address-claims') =>
  sql`select pg_advisory_xact_lock(hashtextextended(${what} || current_setting('lockstep.org') || coalesce(current_setting('lockstep.shadow', true), ''), 0))`.execute(tx);
