import { sql } from 'kysely';
import type { OrganisationTransaction } from './database.ts';

/** Rows of a cursor that this transaction has declared, so many at a time. */
export async function* fetched<Row>(tx: OrganisationTransaction, cursor: string, atOnce: number): AsyncGenerator<readonly Row[]> {
  for (;;) {
    const { rows } = await sql<Row>`fetch ${sql.lit(atOnce)} from ${sql.id(cursor)}`.execute(tx);
    if (rows.length === 0) return;
    yield rows;
  }
}
