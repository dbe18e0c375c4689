import { randomUUID } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { DirectoryObjectQuery, DirectorySettings } from '../shared/directory.ts';
import type { ErrorReport } from '../shared/errors.ts';
import { type IntegrationId, type OrganisationId, runId, type RunId } from '../shared/ids.ts';
import { runWorkflowId } from '../shared/names.ts';
import { type DirectoryRunKind, directoryRunKinds, openRunStates, type RunReason, type RunState, type RunTotals, type RunTrigger } from '../shared/runs.ts';
import type { OrganisationTransaction } from './database.ts';
import { forgetPages } from './directory-plan.ts';
import { ConflictError, NotFoundError } from './record-errors.ts';
import type { Tables } from './tables.ts';

export type RunRow = Selectable<Tables['run']>;
/** A run of a directory. */
export type DirectoryRunRow = RunRow & { readonly kind: DirectoryRunKind; readonly integration_id: IntegrationId };

export interface RunRequest {
  readonly integration: IntegrationId;
  readonly kind: DirectoryRunKind;
  readonly trigger: RunTrigger;
  /** Of a reconcile. */
  readonly reason?: RunReason;
  /** Of a plan: settings that are not saved, and whether it is made from what is stored. */
  readonly settings?: DirectorySettings | undefined;
  readonly fromStored?: boolean | undefined;
  /** Of `directory-object`. */
  readonly object?: DirectoryObjectQuery;
  /** Of the workflow that asks, when it runs already (a tick of a schedule). Default: `runWorkflowId(…)`. */
  readonly workflowId?: string;
}

export interface RequestedRun<Row extends RunRow = RunRow> {
  readonly run: Row;
  /** It was open already. */
  readonly joined: boolean;
}

/** Whose runs are numbered, with the next number. */
export interface RunNumbers {
  readonly id: OrganisationId;
  readonly name: string;
  readonly number: number;
}

/**
 * Numbers have no gaps and no duplicates, so requests of one organisation take turns. `no key update` lets the foreign keys of pages
 * that arrive meanwhile pass.
 */
export async function holdRunNumbers(tx: OrganisationTransaction): Promise<RunNumbers> {
  const { id, name, next_run_number: number } = await tx
    .selectFrom('organisation')
    .select(['id', 'name', 'next_run_number'])
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow();
  return { id, name, number: Number(number) };
}

export async function takeRunNumber(tx: OrganisationTransaction, { id, number }: RunNumbers): Promise<void> {
  await tx.updateTable('organisation').set({ next_run_number: number + 1 }).where('id', '=', id).execute();
}

/** The predicate of the index run_open, in its words: a parameter would not match it. */
const isOpenRun = sql<boolean>`state in ('queued', 'running') and kind <> 'directory-object'`;

/**
 * Asks for a run: a new queued one, or the open one of the same integration and kind (`joined`), for one object that of the same object.
 * Of two requests at once one makes the run and the other joins it. A workflow that repeats its own request finds its own workflow id in the row.
 * @throws NotFoundError when there is no such integration, ConflictError `directory.too-many-objects`
 */
export async function requestRun(tx: OrganisationTransaction, request: RunRequest): Promise<RequestedRun<DirectoryRunRow>> {
  const organisation = await holdRunNumbers(tx);
  const integration = await tx
    .selectFrom('directory_integration')
    .select('name')
    .where('id', '=', request.integration)
    .executeTakeFirst();
  if (integration === undefined) throw new NotFoundError('such directory');

  const object = request.object === undefined ? null : JSON.stringify(request.object);
  if (object !== null) {
    const open = (await findOpenRun(tx, request).where('object', '=', sql<never>`${object}::jsonb`).executeTakeFirst()) as DirectoryRunRow | undefined;
    if (open !== undefined) return { run: open, joined: true };
    await refuseTooManyObjects(tx, request);
  }
  const { number } = organisation;
  const run = (await tx
    .insertInto('run')
    .values({
      id: runId(randomUUID()),
      org_id: organisation.id,
      integration_id: request.integration,
      number,
      kind: request.kind,
      trigger: request.trigger,
      reason: request.reason === undefined ? null : JSON.stringify(request.reason),
      object,
      state: 'queued',
      settings: request.settings === undefined ? null : JSON.stringify(request.settings),
      from_stored: request.fromStored ?? false,
      workflow_id: request.workflowId ?? runWorkflowId(request.kind, organisation.name, integration.name, number),
    })
    .onConflict((conflict) => conflict.columns(['integration_id', 'kind']).where(isOpenRun).doNothing())
    .returningAll()
    .executeTakeFirst()) as DirectoryRunRow | undefined;
  if (run === undefined) {
    const open = (await findOpenRun(tx, request).executeTakeFirst()) as DirectoryRunRow | undefined;
    // It ended between the two statements: now there is room for a new one.
    return open === undefined ? requestRun(tx, request) : { run: open, joined: true };
  }
  await takeRunNumber(tx, organisation);
  return { run, joined: false };
}

/** Each takes the site a second or two: more at once is a list of objects, which a sync reads faster. */
const MOST_OBJECTS_AT_ONCE = 50;

/** @throws ConflictError `directory.too-many-objects` */
async function refuseTooManyObjects(tx: OrganisationTransaction, request: RunRequest): Promise<void> {
  const open = await findOpenRun(tx, request).limit(MOST_OBJECTS_AT_ONCE).execute();
  if (open.length < MOST_OBJECTS_AT_ONCE) return;
  throw new ConflictError({
    code: 'directory.too-many-objects',
    message: `${MOST_OBJECTS_AT_ONCE} single objects of the directory are being synchronised.`,
    next: 'Wait until some of them are done, or synchronise the whole directory.',
  });
}

const findOpenRun = (tx: OrganisationTransaction, { integration, kind }: RunRequest) =>
  tx
    .selectFrom('run')
    .selectAll()
    .where('integration_id', '=', integration)
    .where('kind', '=', kind)
    .where('state', 'in', [...openRunStates])
    .forKeyShare();

export const findOptionalRun = (tx: OrganisationTransaction, run: RunId): Promise<RunRow | undefined> =>
  tx.selectFrom('run').selectAll().where('id', '=', run).executeTakeFirst();

/** @throws NotFoundError */
export async function findRun(tx: OrganisationTransaction, run: RunId): Promise<RunRow> {
  const row = await findOptionalRun(tx, run);
  if (row === undefined) throw new NotFoundError('such run');
  return row;
}

/** @throws NotFoundError also for a run of something else than a directory */
export async function findDirectoryRun(tx: OrganisationTransaction, run: RunId): Promise<DirectoryRunRow> {
  const row = await findRun(tx, run);
  if (!isDirectoryRun(row)) throw new NotFoundError('such run of a directory');
  return row;
}
export const isDirectoryRun = (row: RunRow): row is DirectoryRunRow => (directoryRunKinds as readonly string[]).includes(row.kind);

/** queued → running. Harmless when it is running or ended: the row says which. */
export async function beginRun(tx: OrganisationTransaction, run: RunId): Promise<RunRow> {
  await tx
    .updateTable('run')
    .set({ state: 'running', started_at: sql<Date>`now()` })
    .where('id', '=', run)
    .where('state', '=', 'queued')
    .execute();
  return findRun(tx, run);
}

/** The site asked for work or posted a page, so the reason of an earlier attempt's failure no longer holds. */
export async function noteProgress(tx: OrganisationTransaction, run: RunId): Promise<void> {
  await tx
    .updateTable('run')
    .set({ progress_at: sql<Date>`now()`, error: null })
    .where('id', '=', run)
    .where('state', 'in', [...openRunStates])
    .execute();
}

export interface RunEnd {
  readonly state: Exclude<RunState, (typeof openRunStates)[number]>;
  /** Absent: those noted so far. */
  readonly totals?: Partial<RunTotals> | undefined;
  /** Absent: what the site reported stays when the run failed, and goes when it succeeded. */
  readonly error?: ErrorReport | undefined;
}

/**
 * Ends a run. The first ending counts: repeating it, or ending it otherwise, changes nothing. Pages of a plan that was not
 * computed go. Gives the row as it is.
 */
export async function finishRun(tx: OrganisationTransaction, run: RunId, end: RunEnd): Promise<RunRow> {
  const done = end.state === 'succeeded' || end.state === 'partial' || end.state === 'held' || end.state === 'skipped';
  await tx
    .updateTable('run')
    .set({
      state: end.state,
      finished_at: sql<Date>`now()`,
      ...(end.totals === undefined ? {} : { totals: JSON.stringify(end.totals) }),
      ...(end.error !== undefined ? { error: JSON.stringify(end.error) } : done ? { error: null } : {}),
    })
    .where('id', '=', run)
    .where('state', 'in', [...openRunStates])
    .execute();
  await forgetPages(tx, run);
  const ended = await findRun(tx, run);
  if (ended.kind === 'directory-object') await forgetObjectPages(tx, run);
  return ended;
}

/** Of a run that reads one object: it has a cursor of its own, and takes no page any more. */
async function forgetObjectPages(tx: OrganisationTransaction, run: RunId): Promise<void> {
  await tx.deleteFrom('directory_member_part').where('teller_id', '=', run).execute();
  await tx.deleteFrom('page_cursor').where('owner', '=', run).execute();
}
