import { type Selectable, sql } from 'kysely';
import type { IntegrationId, RunId, SiteId, TaskId } from '../shared/ids.ts';
import type { RunKind, RunState } from '../shared/runs.ts';
import type { OrganisationTransaction } from './database.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { NotFoundError } from './record-errors.ts';
import { waitingFor } from './run-waiting.ts';
import { siteState } from './sites.ts';
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

const runs = (tx: OrganisationTransaction) =>
  tx
    .selectFrom('run')
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

type RunQueryRow = Awaited<ReturnType<ReturnType<typeof runs>['executeTakeFirstOrThrow']>>;
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
  const row = await runs(tx).where('run.id', '=', run).executeTakeFirst();
  if (row === undefined) throw new NotFoundError('such run');
  return view(row);
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
  let found = runs(tx).orderBy('run.number', 'desc').limit(query.limit + 1);
  if (query.integration !== undefined) found = found.where('integration.name', '=', query.integration);
  if (query.task !== undefined) found = found.where('task.name', '=', query.task);
  if (query.kind !== undefined) found = found.where('run.kind', '=', query.kind);
  if (query.state !== undefined) found = found.where('run.state', '=', query.state);
  if (query.after !== undefined) found = found.where('run.number', '<', query.after);
  return keysetPage((await found.execute()).map(view), query.limit, (run) => run.number);
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
  const rows = await runs(tx).where('run.id', 'in', latest).execute();
  return new Map(rows.flatMap((row) => (row.integration_id === null ? [] : [[row.integration_id, view(row)] as const])));
}

/** The latest run of a task, open or ended, of whatever reach. */
export async function findLastTaskRun(tx: OrganisationTransaction, task: TaskId): Promise<RunView | undefined> {
  const latest = await tx.selectFrom('run').select('id').where('task_id', '=', task).orderBy('number', 'desc').limit(1).executeTakeFirst();
  return latest === undefined ? undefined : findRunView(tx, latest.id);
}
