import { randomUUID } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { DirectoryChangeTracking, DirectoryFindings, DirectorySettings } from '../shared/directory.ts';
import type { ErrorReport } from '../shared/errors.ts';
import { integrationId, type IntegrationId, type OrganisationId, type SiteId } from '../shared/ids.ts';
import type { RunReason } from '../shared/runs.ts';
import type { Schedule } from '../shared/schedule-types.ts';
import type { OrganisationTransaction } from './database.ts';
import { isGroup, isPerson } from './directory-list.ts';
import { settingsIssues } from './integration-rules.ts';
import type { NameRange } from './keyset.ts';
import { InvalidInputError, nameTaken, NotFoundError } from './record-errors.ts';
import { scheduleIssues } from './schedule-rules.ts';
import type { Tables } from './tables.ts';

/** One directory source with what belongs to it; of the credential only whether and since when there is one. */
export type IntegrationView = Omit<
  Selectable<Tables['directory_integration']>,
  | 'credential' | 'settings' | 'schedule' | 'change_tracking' | 'findings' | 'watch_error' | 'reconcile_reason'
  | 'org_id' | 'skipped_ticks'
> & {
  readonly settings: DirectorySettings;
  readonly schedule: Schedule | null;
  /** How changes are told; null before the first full reading. */
  readonly change_tracking: DirectoryChangeTracking | null;
  /** What the last reading or test saw beside the objects. */
  readonly findings: DirectoryFindings | null;
  /** Why its watcher waits or has stopped; null: it does not. */
  readonly watch_error: ErrorReport | null;
  /** Why it needs a full reading that waits until `reconcile_at`. */
  readonly reconcile_reason: RunReason | null;
  readonly site_name: string;
  readonly has_credential: boolean;
  /** Ticks that found a run open or the schedule parked. Those that Temporal itself skipped are counted in the schedule. */
  readonly skipped_ticks: number;
  readonly open_problems: number;
  readonly people: number;
  readonly groups: number;
  readonly missing: number;
};

const integrations = (tx: OrganisationTransaction) =>
  tx
    .selectFrom('directory_integration as integration')
    .innerJoin('site', 'site.id', 'integration.site_id')
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('directory_object as o')
          .whereRef('o.integration_id', '=', 'integration.id')
          .select(({ fn }) => [
            fn.countAll<string>().filterWhere(sql<boolean>`${isPerson} and o.missing_since is null`).as('people'),
            fn.countAll<string>().filterWhere(sql<boolean>`${isGroup} and o.missing_since is null`).as('groups'),
            fn.countAll<string>().filterWhere('o.missing_since', 'is not', null).as('missing'),
          ])
          .as('counts'),
      (join) => join.onTrue(),
    )
    .select((eb) => [
      'integration.id',
      'integration.site_id',
      'integration.name',
      'integration.description',
      'integration.settings',
      'integration.credential_changed_at',
      'integration.schedule',
      'integration.change_tracking',
      'integration.findings',
      'integration.watched_at',
      'integration.watch_error',
      'integration.reconcile_reason',
      'integration.reconcile_at',
      'integration.jitter_seconds',
      'integration.state',
      'integration.skipped_ticks',
      'integration.created_at',
      'integration.changed_at',
      'site.name as site_name',
      sql<boolean>`integration.credential is not null`.as('has_credential'),
      eb
        .selectFrom('directory_problem as problem')
        .whereRef('problem.integration_id', '=', 'integration.id')
        .where('problem.resolved_at', 'is', null)
        .select((count) => count.fn.countAll<string>().as('open'))
        .as('open_problems'),
      'counts.people',
      'counts.groups',
      'counts.missing',
    ]);

type IntegrationQueryRow = Awaited<ReturnType<ReturnType<typeof integrations>['executeTakeFirstOrThrow']>>;
/** Counts are text in the driver. They stay below 2^53: they count rows. */
const view = (row: IntegrationQueryRow): IntegrationView => ({
  ...row,
  skipped_ticks: Number(row.skipped_ticks),
  open_problems: Number(row.open_problems),
  people: Number(row.people),
  groups: Number(row.groups),
  missing: Number(row.missing),
});

/** By name. */
export async function listIntegrations(tx: OrganisationTransaction, range: NameRange = {}): Promise<IntegrationView[]> {
  let found = integrations(tx).orderBy('integration.name');
  if (range.after !== undefined) found = found.where('integration.name', '>', range.after);
  if (range.limit !== undefined) found = found.limit(range.limit);
  return (await found.execute()).map(view);
}

export async function listIntegrationsOfSite(tx: OrganisationTransaction, site: SiteId): Promise<IntegrationId[]> {
  const rows = await tx.selectFrom('directory_integration').select('id').where('site_id', '=', site).orderBy('name').execute();
  return rows.map(({ id }) => id);
}

export async function findOptionalIntegration(tx: OrganisationTransaction, name: string): Promise<IntegrationView | undefined> {
  const row = await integrations(tx).where('integration.name', '=', name).executeTakeFirst();
  return row === undefined ? undefined : view(row);
}

/** @throws NotFoundError */
export async function findIntegration(tx: OrganisationTransaction, name: string): Promise<IntegrationView> {
  const found = await findOptionalIntegration(tx, name);
  if (found === undefined) throw new NotFoundError(`directory "${name}"`);
  return found;
}

/**
 * Finds it and keeps others from changing it until the end of the transaction.
 * @throws NotFoundError
 */
export async function holdIntegration(tx: OrganisationTransaction, name: string): Promise<IntegrationView> {
  await tx.selectFrom('directory_integration').select('id').where('name', '=', name).forUpdate().execute();
  return findIntegration(tx, name);
}

export interface NewIntegration {
  /** Given by the caller, because the credential is sealed to it. */
  readonly id: IntegrationId;
  readonly siteId: SiteId;
  readonly name: string;
  readonly description?: string | undefined;
  readonly settings: DirectorySettings;
  /** Sealed to the site, then encrypted with the organisation's key. Null: none yet; runs are refused until there is one. */
  readonly credential: Buffer | null;
  readonly schedule?: Schedule | null | undefined;
  readonly jitterSeconds?: number | undefined;
}

export const newIntegrationId = (): IntegrationId => integrationId(randomUUID());

/**
 * @throws InvalidInputError when settings or schedule make no sense
 * @throws ConflictError `directory.name-taken`
 */
export async function createIntegration(
  tx: OrganisationTransaction,
  organisation: OrganisationId,
  input: NewIntegration,
): Promise<IntegrationView> {
  refuseNonsense(input);
  await tx
    .insertInto('directory_integration')
    .values({
      id: input.id,
      org_id: organisation,
      site_id: input.siteId,
      name: input.name,
      settings: JSON.stringify(input.settings),
      credential: input.credential,
      credential_changed_at: input.credential === null ? null : sql<Date>`now()`,
      schedule: input.schedule == null ? null : JSON.stringify(input.schedule),
      ...(input.description === undefined ? {} : { description: input.description }),
      ...(input.jitterSeconds === undefined ? {} : { jitter_seconds: input.jitterSeconds }),
    })
    .execute()
    .catch(nameTaken('directory', input.name));
  return findIntegration(tx, input.name);
}

/** Absent = unchanged; `settings` replaces all settings; `schedule: null` removes the schedule. */
export interface IntegrationChange {
  readonly description?: string | undefined;
  readonly siteId?: SiteId | undefined;
  readonly settings?: DirectorySettings | undefined;
  readonly credential?: Buffer | null | undefined;
  readonly schedule?: Schedule | null | undefined;
  readonly jitterSeconds?: number | undefined;
  readonly state?: 'active' | 'paused' | undefined;
}

/**
 * @throws InvalidInputError when settings or schedule make no sense
 * @throws NotFoundError
 */
export async function changeIntegration(
  tx: OrganisationTransaction,
  name: string,
  change: IntegrationChange,
): Promise<IntegrationView> {
  refuseNonsense(change);
  const { numUpdatedRows } = await tx
    .updateTable('directory_integration')
    .set({
      changed_at: sql<Date>`now()`,
      ...(change.description === undefined ? {} : { description: change.description }),
      ...(change.siteId === undefined ? {} : { site_id: change.siteId }),
      ...(change.settings === undefined ? {} : { settings: JSON.stringify(change.settings) }),
      ...(change.credential === undefined
        ? {}
        : { credential: change.credential, credential_changed_at: change.credential === null ? null : sql<Date>`now()` }),
      ...(change.schedule === undefined ? {} : { schedule: change.schedule === null ? null : JSON.stringify(change.schedule) }),
      ...(change.jitterSeconds === undefined ? {} : { jitter_seconds: change.jitterSeconds }),
      ...(change.state === undefined ? {} : { state: change.state }),
    })
    .where('name', '=', name)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new NotFoundError(`directory "${name}"`);
  return findIntegration(tx, name);
}

/** A tick of the schedule found a run still open, or the schedule parked. */
export async function countSkippedTick(tx: OrganisationTransaction, integration: IntegrationId): Promise<void> {
  await tx
    .updateTable('directory_integration')
    .set((eb) => ({ skipped_ticks: eb('skipped_ticks', '+', '1') }))
    .where('id', '=', integration)
    .execute();
}

function refuseNonsense(input: { readonly settings?: DirectorySettings | undefined; readonly schedule?: Schedule | null | undefined }): void {
  const issues = [
    ...(input.settings === undefined ? [] : settingsIssues(input.settings)),
    ...(input.schedule == null ? [] : scheduleIssues(input.schedule)),
  ];
  if (issues.length > 0) throw new InvalidInputError(issues);
}
