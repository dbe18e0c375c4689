import { type Selectable, sql } from 'kysely';
import type { IntegrationId, RunId, SiteId, TaskId } from '../shared/ids.ts';
import { isOpen, type RunKind, type RunState } from '../shared/runs.ts';
import type { OrganisationTransaction } from './database.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { NotFoundError } from './record-errors.ts';
import { waitingFor } from './run-waiting.ts';
import { siteState } from './sites.ts';
import { countTaskRun } from './task-runs.ts';
import type { Tables } from './tables.ts';

/** Pages come every few seconds; ten minutes without one is a stall (docs/architecture.md, "Fan-out"). */
const STALLED_AFTER_MINUTES = 10;

/** A run as people see it: by the name of the directory, task or connection, with what it waits for. */
export type RunView = Selectable<Tables['run']> & {
  readonly integration: string | null;
  readonly task: string | null;
  readonly connection: string | null;
  readonly waiting: string | null;
};

/** Found first, shown then: of a long table a page is read by an index, whatever is joined to it. */
const found = (tx: OrganisationTransaction) => tx.selectFrom('run').selectAll('run');

const shown = (tx: OrganisationTransaction, page: ReturnType<typeof found>) =>
  tx
    .selectFrom(page.as('run'))
    .leftJoin('directory_integration as integration', 'integration.id', 'run.integration_id')
    .leftJoin('task', 'task.id', 'run.task_id')
    .leftJoin('exchange_connection as connection', 'connection.id', 'run.connection_id')
    .innerJoin('site', (join) => join.on('site.id', '=', sql<SiteId>`coalesce(integration.site_id, task.site_id, connection.site_id)`))
    .selectAll('run')
    .select([
      'integration.name as integration',
      'task.name as task',
      'connection.name as connection',
      'site.name as site',
      'site.last_seen_at as siteLastSeenAt',
      siteState.as('siteState'),
      sql<boolean>`coalesce(run.progress_at < now() - make_interval(mins => ${sql.lit(STALLED_AFTER_MINUTES)}), false)`.as('stalled'),
    ]);

type RunQueryRow = Awaited<ReturnType<ReturnType<typeof shown>['executeTakeFirstOrThrow']>>;
function view({ site, siteState: state, siteLastSeenAt, stalled, ...row }: RunQueryRow): RunView {
  const waiting = waitingFor({
    state: row.state,
    site,
    siteState: state,
    siteLastSeenAt,
    progressAt: row.progress_at,
    stalled,
    error: row.error,
  });
  return { ...row, waiting };
}

/** @throws NotFoundError */
export async function findRunView(tx: OrganisationTransaction, run: RunId): Promise<RunView> {
  const row = await shown(tx, found(tx).where('run.id', '=', run)).executeTakeFirst();
  if (row === undefined) throw new NotFoundError('such run');
  const live = row.task_id !== null && row.planned_at !== null && isOpen(row.state);
  return view(live ? { ...row, totals: await countTaskRun(tx, run) } : row);
}

export interface RunQuery {
  readonly integration?: string | undefined;
  readonly task?: string | undefined;
  readonly kind?: RunKind | undefined;
  readonly state?: RunState | undefined;
  /** Number of the last run of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Newest first. `next` is the `after` of the next page; null on the last. Runs begun meanwhile do not shift pages. */
export async function listRuns(tx: OrganisationTransaction, query: RunQuery): Promise<KeysetPage<RunView>> {
  let page = found(tx).orderBy('run.number', 'desc').limit(query.limit + 1);
  if (query.integration !== undefined) page = page.where('run.integration_id', '=', tx.selectFrom('directory_integration').select('id').where('name', '=', query.integration));
  if (query.task !== undefined) page = page.where('run.task_id', '=', tx.selectFrom('task').select('id').where('name', '=', query.task));
  if (query.kind !== undefined) page = page.where('run.kind', '=', query.kind);
  if (query.state !== undefined) page = page.where('run.state', '=', query.state);
  if (query.after !== undefined) page = page.where('run.number', '<', query.after);
  return keysetPage((await shown(tx, page).orderBy('run.number', 'desc').execute()).map(view), query.limit, (run) => run.number);
}

/** The last synchronisation of each of these integrations that had one. */
export async function listLastRuns(tx: OrganisationTransaction, of: readonly IntegrationId[]): Promise<Map<IntegrationId, RunView>> {
  if (of.length === 0) return new Map();
  const latest = tx
    .selectFrom('directory_integration as one')
    .innerJoinLateral(
      (eb) =>
        eb
          .selectFrom('run')
          .select('run.id')
          .whereRef('run.integration_id', '=', 'one.id')
          .where('run.kind', '=', 'directory-sync')
          .orderBy('run.number', 'desc')
          .limit(1)
          .as('last'),
      (join) => join.onTrue(),
    )
    .where('one.id', 'in', of)
    .select('last.id');
  const rows = await shown(tx, found(tx).where('run.id', 'in', latest)).execute();
  return new Map(rows.flatMap((row) => (row.integration_id === null ? [] : [[row.integration_id, view(row)] as const])));
}

/** The latest run of a task, open or ended, of whatever reach. */
export async function findLastTaskRun(tx: OrganisationTransaction, task: TaskId): Promise<RunView | undefined> {
  const latest = await tx.selectFrom('run').select('id').where('task_id', '=', task).orderBy('number', 'desc').limit(1).executeTakeFirst();
  return latest === undefined ? undefined : findRunView(tx, latest.id);
}
