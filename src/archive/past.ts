/**
 * Looking back: see src/archive/migrations/0002_directory_history.sql. A transaction that was set back reads what the tables of
 * the directory held at a moment; every query of people and groups can be asked so, and none knows of it.
 */
import { sql } from 'kysely';
import type { RunId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { InvalidInputError } from './record-errors.ts';

/**
 * Sets the rest of the transaction back to a moment, for reading only.
 * @throws InvalidInputError for a moment that is none, is to come, or before anything was read
 */
export async function lookBack(tx: OrganisationTransaction, at: Date): Promise<void> {
  if (Number.isNaN(at.getTime())) throw new InvalidInputError([{ path: '/at', message: 'is no moment' }]);
  const { rows } = await sql<{ future: boolean; first: Date | null }>`
    select ${at}::timestamptz > now() as future, (
      select min(coalesce(started_at, requested_at)) from run where kind = 'directory-sync') as first`.execute(tx);
  const [bounds] = rows;
  if (bounds?.future === true) throw new InvalidInputError([{ path: '/at', message: 'is in the future' }]);
  if (bounds?.first == null) throw new InvalidInputError([{ path: '/at', message: 'nothing has been read yet' }]);
  if (bounds.first > at) {
    throw new InvalidInputError([{ path: '/at', message: `is before anything was read: the first time was ${bounds.first.toISOString()}` }]);
  }
  await sql`set transaction read only`.execute(tx);
  await sql`select set_config('lockstep.at', ${at.toISOString()}, true), set_config('search_path', 'past, public', true)`.execute(tx);
}

/** Runs `ask` as of a moment, or as of now. @throws as lookBack */
export async function asOf<T>(tx: OrganisationTransaction, at: string | undefined, ask: () => Promise<T>): Promise<T> {
  if (at !== undefined) await lookBack(tx, new Date(at));
  return ask();
}

/** What the transaction changes from now on is the work of this run. Without it, it was told between runs. */
export async function attributeTo(tx: OrganisationTransaction, run: RunId): Promise<void> {
  await sql`select set_config('lockstep.run', ${run}, true)`.execute(tx);
}
