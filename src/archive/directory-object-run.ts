/**
 * One object on demand: a run whose pages hold that object alone. They are applied as changes are, so that links, names, members
 * and removals come out the same, and under the same locks, so that neither a reading nor a watcher is under way in between.
 *
 * What was read before a full reading began is not taken, since nobody would tell again what became of it: the attempt reads again.
 */
import { sql } from 'kysely';
import type { DirectoryObjectQuery, DirectoryObjectSearch, DirectoryPage, DirectorySettings } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import type { IntegrationId, RunId } from '../shared/ids.ts';
import type { DirectoryRunTotals } from '../shared/runs.ts';
import type { AppliedObject, PageAnswer } from '../shared/site-contract.ts';
import type { OrganisationTransaction } from './database.ts';
import { applyDirectoryChanges } from './directory-changes.ts';
import { forgetMemberParts } from './directory-member-lists.ts';
import { lockOpenRun, noTotals } from './directory-reading.ts';
import { directoryScope } from './directory-scope.ts';
import { holdPages } from './directory-tracking.ts';
import { appliedObject, type ObjectProgress, objectState } from './object-outcome.ts';
import { commitPage, type CursorPosition, openEpoch } from './page-cursor.ts';
import { attributeTo } from './past.ts';
import { findStoredObject } from './stored-object.ts';

export interface ObjectRun {
  readonly id: RunId;
  readonly integration: IntegrationId;
}

const cursorOf = (run: ObjectRun) => ({ owner: run.id, scope: 'directory-object' });

/**
 * Begins an attempt: pages of earlier ones are superseded from now on. Gives where its pages begin, and what to look for.
 * @throws NotFoundError, ConflictError `run.closed`
 */
export async function openObjectRun(
  tx: OrganisationTransaction,
  run: ObjectRun,
  query: DirectoryObjectQuery,
): Promise<{ readonly cursor: CursorPosition; readonly object: DirectoryObjectSearch }> {
  const { epoch, watermark } = await holdPages(tx, run.integration);
  const cursor = await openEpoch(tx, cursorOf(run));
  await lockOpenRun(tx, run);
  await forgetMemberParts(tx, run.id);
  await tx
    .updateTable('run')
    .set({ epoch, totals: JSON.stringify(noTotals), report: null, progress_at: sql<Date>`now()`, error: null })
    .where('id', '=', run.id)
    .execute();
  const stored = await findStoredObject(tx, run.integration, query);
  return {
    cursor,
    object: {
      ...query,
      ...(stored === undefined ? {} : { stored: stored.guid }),
      ...(watermark === undefined ? {} : { controller: watermark.dnsHostName }),
    },
  };
}

/**
 * Commits one page; see page-cursor.ts for the answers. With the last one goes what became of the object.
 * @throws NotFoundError, ConflictError `run.closed`
 * @throws LockstepError CursorInvalid `cursor.unknown-epoch`, `cursor.reading-began`, ConfigInvalid `run.several-objects`
 */
export async function commitObjectPage(
  tx: OrganisationTransaction,
  run: ObjectRun,
  position: CursorPosition,
  page: DirectoryPage,
  hash: Buffer,
): Promise<PageAnswer> {
  const { epoch } = await holdPages(tx, run.integration);
  const { settings } = await tx.selectFrom('directory_integration').select('settings').where('id', '=', run.integration).executeTakeFirstOrThrow();
  const answer = await commitPage(tx, { ...cursorOf(run), ...position, hash, last: page.last }, async () => {
    const row = await lockOpenRun(tx, run);
    await attributeTo(tx, run.id);
    if (Number(row.epoch) !== epoch) throw overtaken();
    const guid = objectOf(page);
    if (guid === undefined) return;
    const before = await objectState(tx, run.integration, guid);
    const { entries, members, problems, deleted } = page;
    const origin = page.invocationId === undefined ? {} : { invocationId: page.invocationId };
    const gone = deleted === undefined ? [] : [{ ...deleted, dn: before?.dn ?? '', deleted: true, attributes: {}, memberAdded: [], memberRemoved: [] }];
    const context = { integration: run.integration, run: run.id, epoch, settings, scope: directoryScope(settings) };
    await applyDirectoryChanges(tx, context, { entries, members, problems, changes: gone, ...origin });
    const after = await objectState(tx, run.integration, guid);
    if (position.seq === 0) await keepProgress(tx, run, { guid, before, deleted: deleted !== undefined });
    const object = page.last ? await outcomeOf(tx, run, settings) : undefined;
    const totals = totalsOf({ pages: position.seq + 1, page, object, problems: after?.problems ?? 0, counted: row.totals });
    await tx.updateTable('run').set({ totals: JSON.stringify(totals), progress_at: sql<Date>`now()`, error: null }).where('id', '=', run.id).execute();
  });
  if (!page.last || (answer.outcome !== 'applied' && answer.outcome !== 'already-applied')) return answer;
  const object = await outcomeOf(tx, run, settings);
  return object === undefined ? answer : { ...answer, object };
}

/** Whether an attempt committed its last page. */
export async function isObjectApplied(tx: OrganisationTransaction, run: ObjectRun): Promise<boolean> {
  const { owner, scope } = cursorOf(run);
  const row = await tx.selectFrom('page_cursor').select(['epoch', 'completed_epoch']).where('owner', '=', owner).where('scope', '=', scope).executeTakeFirst();
  return row !== undefined && row.epoch === row.completed_epoch;
}

/**
 * How it was before the run's first page, for the last one to tell the difference, also when its answer is asked for again. What an earlier
 * attempt did counts as this run's.
 */
async function keepProgress(tx: OrganisationTransaction, run: ObjectRun, now: ObjectProgress): Promise<void> {
  const { owner, scope } = cursorOf(run);
  const earlier = await progressOf(tx, run);
  const progress = earlier?.guid === now.guid ? { ...earlier, deleted: now.deleted } : now;
  await tx.updateTable('page_cursor').set({ value: Buffer.from(JSON.stringify(progress)) }).where('owner', '=', owner).where('scope', '=', scope).execute();
}

async function progressOf(tx: OrganisationTransaction, run: ObjectRun): Promise<ObjectProgress | undefined> {
  const { owner, scope } = cursorOf(run);
  const row = await tx.selectFrom('page_cursor').select('value').where('owner', '=', owner).where('scope', '=', scope).executeTakeFirstOrThrow();
  return row.value === null ? undefined : (JSON.parse(row.value.toString('utf8')) as ObjectProgress);
}

/** Undefined: there was no page yet. */
async function outcomeOf(tx: OrganisationTransaction, run: ObjectRun, settings: DirectorySettings): Promise<AppliedObject | undefined> {
  const progress = await progressOf(tx, run);
  return progress === undefined ? undefined : appliedObject({ ...progress, after: await objectState(tx, run.integration, progress.guid) }, settings);
}

/** The one object that a page is about. */
function objectOf({ entries, members, deleted }: DirectoryPage): string | undefined {
  const guids = new Set([...entries, ...members, ...(deleted === undefined ? [] : [deleted])].map(({ guid }) => guid));
  const [guid, another] = guids;
  if (another === undefined) return guid;
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'run.several-objects',
    message: 'The page of a run for one object holds several.',
    next: 'Upgrade site and server to versions that go together.',
  });
}

interface Counted {
  readonly pages: number;
  readonly page: DirectoryPage;
  readonly object: AppliedObject | undefined;
  readonly problems: number;
  readonly counted: Partial<DirectoryRunTotals>;
}
function totalsOf({ pages, page, object, problems, counted }: Counted): DirectoryRunTotals {
  const members = (counted.members ?? 0) + page.members.reduce((sum, { dns }) => sum + dns.length, 0);
  const one = (...outcomes: AppliedObject['outcome'][]) => (object !== undefined && outcomes.includes(object.outcome) ? 1 : 0);
  return {
    ...noTotals,
    pages,
    members,
    problems,
    seen: page.deleted === undefined ? 1 : 0,
    added: one('added'),
    changed: one('changed'),
    unchanged: one('unchanged', 'held'),
    returned: one('returned'),
    missing: one('removed'),
  };
}

const overtaken = (): LockstepError =>
  new LockstepError({
    class: 'CursorInvalid',
    code: 'cursor.reading-began',
    message: 'A full reading of the directory began after the object was asked for.',
    next: 'Nothing: the object is read again.',
  });
