import { type Selectable, sql } from 'kysely';
import type { RunId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { InvalidInputError } from './record-errors.ts';
import type { Tables } from './tables.ts';

export type PlanEntryRow = Pick<Selectable<Tables['directory_plan_entry']>, 'action' | 'guid' | 'subject' | 'changes'>;
export const planActions = [
  'added',
  'changed',
  'missing',
  'returned',
  'same',
] as const satisfies readonly PlanEntryRow['action'][];

export interface PlanQuery {
  /** Absent: every action but `same`. */
  readonly action?: PlanEntryRow['action'] | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** What a plan would do, by action, then object. @throws InvalidInputError when `after` is none of this list's */
export async function listPlanEntries(
  tx: OrganisationTransaction,
  run: RunId,
  { action, after, limit }: PlanQuery,
): Promise<KeysetPage<PlanEntryRow>> {
  let entries = tx
    .selectFrom('directory_plan_entry')
    .select(['action', 'guid', 'subject', 'changes'])
    .where('run_id', '=', run)
    // `same` is the last in alphabetical order, so the index ends where it begins.
    .where((eb) => (action === undefined ? eb('action', '<', 'same') : eb('action', '=', action)))
    .orderBy('action')
    .orderBy('guid')
    .limit(limit + 1);
  if (after !== undefined) {
    const [, afterAction, guid] = /^([a-z]+):([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/.exec(after) ?? [];
    if (afterAction === undefined || guid === undefined)
      throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
    entries = entries.where(sql<boolean>`(action, guid) > (${afterAction}, ${guid}::uuid)`);
  }
  return keysetPage(await entries.execute(), limit, (row) => `${row.action}:${row.guid}`);
}
