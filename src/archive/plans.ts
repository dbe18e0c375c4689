import type { Selectable } from 'kysely';
import type { PlanAction } from '../shared/directory-plan.ts';
import type { RunId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { GoneError, InvalidInputError } from './record-errors.ts';
import { findRun } from './runs.ts';
import type { Tables } from './tables.ts';

export type PlanEntryRow = Pick<
  Selectable<Tables['directory_plan_entry']>,
  'action' | 'kind' | 'directory' | 'guid' | 'subject' | 'detail' | 'changes'
>;

export interface PlanQuery {
  /** Absent: every action. */
  readonly action?: PlanAction | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * What a plan would do: by action, those that need a decision or take something away first, then by name. Of a run that is no
 * plan, or whose plan is not computed yet, nothing.
 * @throws NotFoundError, GoneError `plan.forgotten`, InvalidInputError when `after` is none of this list's
 */
export async function listPlanEntries(
  tx: OrganisationTransaction,
  run: RunId,
  { action, after, limit }: PlanQuery,
): Promise<KeysetPage<PlanEntryRow>> {
  if ((await findRun(tx, run)).plan_forgotten_at !== null) throw planForgotten();
  if (after !== undefined && !/^\d{1,18}$/.test(after)) {
    throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
  }
  let entries = tx
    .selectFrom('directory_plan_entry')
    .select(['position', 'action', 'kind', 'directory', 'guid', 'subject', 'detail', 'changes'])
    .where('run_id', '=', run)
    .where('position', '>', after ?? '0')
    .orderBy('position')
    .limit(limit + 1);
  if (action !== undefined) entries = entries.where('action', '=', action);
  const { items, next } = keysetPage(await entries.execute(), limit, ({ position }) => position);
  return { items: items.map(entryOf), next };
}

const entryOf = ({ action, kind, directory, guid, subject, detail, changes }: PlanEntryRow): PlanEntryRow => ({ action, kind, directory, guid, subject, detail, changes });

const planForgotten = (): GoneError =>
  new GoneError({
    code: 'plan.forgotten',
    message: 'The entries of this plan are no longer kept: newer plans of the directory have taken their place.',
    next: 'Make a new one: POST /api/v1/directories/{name}/plan.',
  });
