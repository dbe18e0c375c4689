import { sql } from 'kysely';
import type { Database } from './database.ts';

/**
 * Brings the planner's statistics up to date when tables of the directory have grown much. To be called after a page
 * was committed, and never inside its transaction: analysing holds a lock until the transaction ends.
 */
export async function refreshStatistics(database: Database): Promise<void> {
  await sql`select platform_refresh_statistics()`.execute(database);
}
