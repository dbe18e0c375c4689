/**
 * What follows when settings of a directory change that decide what is read and who is taken. Whom they concern is written with
 * every object that is read (in_scope, account_disabled), so what is stored still says what the old settings said: a full reading
 * is asked for, which tells every object anew, and whose removals pass the limits like any other's. Until then a page of changes
 * judges its own objects by the new settings, as the reading will.
 *
 * A reading keeps the settings with which it began (run.read_settings), whatever is saved meanwhile: then another follows it.
 */
import { sql } from 'kysely';
import { attributesAskedBy } from '../ldap-filter/filter-attributes.ts';
import { type DirectorySettings, readingSettings, storedSettings } from '../shared/directory.ts';
import type { IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { forgetWatermark } from './directory-tracking.ts';
import { readAttributes } from './read-attributes.ts';
import { isParked } from './run-tick.ts';
import { requestRun, type RunRow } from './runs.ts';

/** The settings that change what a full reading does, by name. */
export const changedReading = (before: DirectorySettings, after: DirectorySettings): readonly string[] =>
  readingSettings.filter((name) => !isSame(before[name], after[name]));

/** Settings by which what is stored cannot be judged, by name: it was read without them. */
export function notStored(before: DirectorySettings, after: DirectorySettings): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof DirectorySettings>;
  const others = [...names].filter((name) => !(storedSettings as readonly string[]).includes(name));
  const changed = others.filter((name) => !isSame(before[name], after[name]));
  return asksForMore(before, after) ? [...changed, 'filter'] : changed;
}

/** JSON has no order of keys that means anything, and these hold plain values and lists only. */
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/** Whether the filter asks for attributes that were not read. */
function asksForMore(before: DirectorySettings, after: DirectorySettings): boolean {
  const read = readAttributes(before);
  return attributesAskedBy(after.filter).some((name) => !read.has(name.toLowerCase()));
}

/** Asks for the full reading that new settings need, if one is due. In the transaction that saves them. */
export async function followSettings(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  before: DirectorySettings,
  after: DirectorySettings,
): Promise<RunRow | undefined> {
  const changed = changedReading(before, after);
  if (changed.length > 0) await tx.updateTable('directory_integration').set({ scope_changed_at: sql<Date>`now()` }).where('id', '=', integration).execute();
  // A change tells what changed of an object; what was not read of it before would be missing, and the object be judged without.
  if (changed.some((name) => notStored(before, after).includes(name))) await forgetWatermark(tx, integration);
  return requestDueReading(tx, integration);
}

/**
 * Asks for a full reading if settings changed since the last one began: when they are saved, when the directory is resumed, and
 * when a reading ends that began before. Not while it is paused or its sign-in is refused, and not before the first one: any
 * later reading takes the settings up.
 */
export async function requestDueReading(tx: OrganisationTransaction, integration: IntegrationId): Promise<RunRow | undefined> {
  const due = await tx
    .selectFrom('directory_integration as i')
    .innerJoin('page_cursor as c', (join) => join.onRef('c.owner', '=', 'i.id').on('c.scope', '=', 'directory-sync'))
    .select('i.id')
    .where('i.id', '=', integration)
    .where('i.state', '=', 'active')
    .where('i.credential', 'is not', null)
    .where('c.completed_epoch', '>', '0')
    .whereRef('i.scope_changed_at', '>=', 'c.opened_at')
    .executeTakeFirst();
  if (due === undefined || (await isParked(tx, integration))) return undefined;
  const reason = { code: 'settings-changed', detail: 'Settings that decide who is taken were changed.' } as const;
  return (await requestRun(tx, { integration, kind: 'directory-sync', trigger: 'reconcile', reason })).run;
}
