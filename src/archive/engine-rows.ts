/** What the engine needs to know to bring Temporal in line with the database. */
import { sql } from 'kysely';
import type { IntegrationId, OrganisationId, RunId, SiteId, TaskId } from '../shared/ids.ts';
import type { RunKind, RunState } from '../shared/runs.ts';
import type { Schedule } from '../shared/schedule-types.ts';
import type { Database, OrganisationTransaction } from './database.ts';

export interface EngineRun {
  readonly id: RunId;
  readonly number: string;
  readonly kind: RunKind;
  readonly state: RunState;
  readonly workflowId: string;
  readonly requestedAt: Date;
  readonly organisation: string;
  /** Name of the directory, task or connection. */
  readonly subject: string;
  readonly site: string;
  /** Somebody waits for it: it goes before what schedules began. */
  readonly urgent: boolean;
  /** A plan that asks no site. */
  readonly fromStored: boolean;
}

const runs = (tx: OrganisationTransaction) =>
  tx
    .selectFrom('run')
    .leftJoin('directory_integration as integration', 'integration.id', 'run.integration_id')
    .leftJoin('task', 'task.id', 'run.task_id')
    .leftJoin('exchange_connection as connection', 'connection.id', 'run.connection_id')
    .innerJoin('site', (join) => join.on('site.id', '=', sql<SiteId>`coalesce(integration.site_id, task.site_id, connection.site_id)`))
    .innerJoin('organisation', 'organisation.id', 'run.org_id')
    .select([
      'run.id',
      'run.number',
      'run.kind',
      'run.state',
      'run.workflow_id as workflowId',
      'run.requested_at as requestedAt',
      'organisation.name as organisation',
      sql<string>`coalesce(integration.name, task.name, connection.name)`.as('subject'),
      'site.name as site',
      'run.from_stored as fromStored',
      sql<boolean>`run.task_scope is not null`.as('urgent'),
    ]);

export const findEngineRun = (tx: OrganisationTransaction, run: RunId): Promise<EngineRun> =>
  runs(tx).where('run.id', '=', run).executeTakeFirstOrThrow();

/** Runs that are not ended. Few: one a kind and integration, and those of single objects, which last seconds. */
export const listOpenRuns = (tx: OrganisationTransaction): Promise<EngineRun[]> =>
  runs(tx).where('run.state', 'in', ['queued', 'running']).execute();

/** What a Temporal Schedule is made from. */
export interface EngineTicks {
  readonly organisationId: OrganisationId;
  readonly organisation: string;
  /** Name of the directory or task. */
  readonly subject: string;
  readonly site: string;
  /** Null: it runs only when somebody asks. */
  readonly schedule: Schedule | null;
  readonly jitterSeconds: number;
  readonly paused: boolean;
}

export interface EngineSchedule extends EngineTicks {
  readonly id: IntegrationId;
  /** Its changes are watched: active, and there is a credential to read with. */
  readonly watched: boolean;
}

const schedules = (tx: OrganisationTransaction) =>
  tx
    .selectFrom('directory_integration as integration')
    .innerJoin('site', 'site.id', 'integration.site_id')
    .innerJoin('organisation', 'organisation.id', 'integration.org_id')
    .select((eb) => [
      'integration.id',
      'organisation.id as organisationId',
      'organisation.name as organisation',
      'integration.name as subject',
      'site.name as site',
      'integration.schedule',
      'integration.jitter_seconds as jitterSeconds',
      eb('integration.state', '=', 'paused').as('paused'),
      eb.and([eb('integration.state', '=', 'active'), eb('integration.credential', 'is not', null)]).as('watched'),
    ]);

export const findEngineSchedule = async (tx: OrganisationTransaction, integration: IntegrationId): Promise<EngineSchedule | undefined> =>
  (await schedules(tx).where('integration.id', '=', integration).executeTakeFirst()) as EngineSchedule | undefined;

export const listEngineSchedules = async (tx: OrganisationTransaction): Promise<EngineSchedule[]> =>
  (await schedules(tx).execute()) as EngineSchedule[];

export interface EngineTask extends EngineTicks {
  readonly id: TaskId;
}

const tasks = (tx: OrganisationTransaction) =>
  tx
    .selectFrom('task')
    .innerJoin('site', 'site.id', 'task.site_id')
    .innerJoin('organisation', 'organisation.id', 'task.org_id')
    .leftJoin('task_schedule as schedule', 'schedule.id', 'task.schedule_id')
    .select((eb) => [
      'task.id',
      'organisation.id as organisationId',
      'organisation.name as organisation',
      'task.name as subject',
      'site.name as site',
      'schedule.schedule',
      sql<number>`coalesce(schedule.jitter_seconds, 0)`.as('jitterSeconds'),
      eb('task.state', '=', 'paused').as('paused'),
    ]);

export const findEngineTask = async (tx: OrganisationTransaction, task: TaskId): Promise<EngineTask | undefined> =>
  (await tasks(tx).where('task.id', '=', task).executeTakeFirst()) as EngineTask | undefined;

export const listEngineTasks = async (tx: OrganisationTransaction): Promise<EngineTask[]> => (await tasks(tx).execute()) as EngineTask[];

export interface EngineWatch extends Pick<EngineSchedule, 'subject' | 'site' | 'watched'> {
  readonly siteId: SiteId;
}

export const findWatch = async (tx: OrganisationTransaction, integration: IntegrationId): Promise<EngineWatch | undefined> =>
  (await schedules(tx).select('site.id as siteId').where('integration.id', '=', integration).executeTakeFirst()) as EngineWatch | undefined;

/** Across organisations: the only list the reconcilers walk. */
export async function listOrganisationIds(database: Database): Promise<OrganisationId[]> {
  const { rows } = await sql<{ id: OrganisationId }>`select id from platform_organisations()`.execute(database);
  return rows.map((row) => row.id);
}

/** Whose run it is, and which site works on it: found without knowing the organisation (workflow input is no authority). */
export async function locateRun(
  database: Database,
  run: RunId,
): Promise<{ organisationId: OrganisationId; siteId: SiteId } | undefined> {
  const { rows } = await sql<{ org_id: OrganisationId; site_id: SiteId }>`
    select org_id, site_id from platform_find_run(${run})`.execute(database);
  const row = rows[0];
  return row === undefined ? undefined : { organisationId: row.org_id, siteId: row.site_id };
}
