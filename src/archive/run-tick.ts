/**
 * Parked schedules: when a domain refused the directory's own sign-in, ticks wait until somebody acts, because each further
 * try could lock the account (AD counts bad passwords, badPwdCount).
 */
import { sql } from 'kysely';
import type { ErrorReport } from '../shared/errors.ts';
import type { IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';

export interface Parking {
  readonly since: Date;
  readonly error: ErrorReport;
}

/** The sign-in itself was refused; what the platform refuses a site (`site.*`) says nothing about the account. */
const refused = sql<boolean>`(run.kind in ('directory-sync', 'directory-plan') and run.state = 'failed' and
  (run.error ->> 'code' like 'directory.credential-%' or (run.error ->> 'code' like 'ldap.%' and run.error ->> 'class' = 'AuthRejected')))`;

/** The sign-in worked: something was read, or that step of a test or of one object passed. */
const signedIn = sql<boolean>`((run.kind in ('directory-sync', 'directory-plan') and (run.state in ('succeeded', 'partial') or (run.totals ->> 'pages')::int > 0))
  or (run.kind = 'directory-test' and run.report @> '[{"step": "bind", "outcome": "passed"}]')
  or (run.kind = 'directory-object' and run.report @> '[{"step": "connect", "outcome": "passed"}]'))`;

/**
 * Those of the integrations whose schedule is parked: of the ended runs that say anything about the sign-in the latest was
 * refused, and the credential has not changed since.
 */
export async function listParked(
  tx: OrganisationTransaction,
  integrations: readonly IntegrationId[],
): Promise<Map<IntegrationId, Parking>> {
  if (integrations.length === 0) return new Map();
  const { rows } = await sql<{ id: IntegrationId; since: Date; error: ErrorReport }>`
    select i.id, last.finished_at as since, last.error
    from directory_integration i
    cross join lateral (
      select run.finished_at, run.error, ${refused} as refused
      from run
      where run.integration_id = i.id and run.finished_at is not null and (${refused} or ${signedIn})
      order by run.finished_at desc, run.number desc
      limit 1) last
    where i.id = any (${integrations}::uuid[]) and last.refused
      and (i.credential_changed_at is null or i.credential_changed_at <= last.finished_at)`.execute(tx);
  return new Map(rows.map(({ id, ...parking }) => [id, parking]));
}

export const isParked = async (tx: OrganisationTransaction, integration: IntegrationId): Promise<boolean> =>
  (await listParked(tx, [integration])).has(integration);

/** Whether somebody changed the directory, or a sign-in to it worked, since a watcher gave it up. */
export async function isCuredSince(tx: OrganisationTransaction, integration: IntegrationId, since: Date): Promise<boolean> {
  const { rows } = await sql<{ cured: boolean }>`
    select i.changed_at > ${since} or exists (
      select from run where run.integration_id = i.id and run.finished_at > ${since} and ${signedIn}) as cured
    from directory_integration i
    where i.id = ${integration}`.execute(tx);
  return rows[0]?.cured === true;
}
