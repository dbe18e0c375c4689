/** Runs as the site that works on them may see and change them. */
import { sql } from 'kysely';
import type { ConnectionTestStep } from '../shared/connection-test.ts';
import type { DirectoryFindings, DirectoryObjectQuery, DirectoryObjectStep, DirectorySettings, DirectoryTestStep } from '../shared/directory.ts';
import type { ErrorReport } from '../shared/errors.ts';
import type { IntegrationId, RunId, SiteId } from '../shared/ids.ts';
import { isOpen, openRunStates, type DirectoryRunKind, type RunState } from '../shared/runs.ts';
import type { OrganisationTransaction } from './database.ts';
import { ConflictError, NotFoundError } from './record-errors.ts';
import { findStoredObject } from './stored-object.ts';

export interface SiteRun {
  readonly id: RunId;
  readonly kind: DirectoryRunKind;
  readonly state: RunState;
  readonly integration: IntegrationId;
  readonly settings: DirectorySettings;
  /** The settings are those of a plan that nobody has saved. */
  readonly unsaved: boolean;
  /** Sealed to the site and encrypted with the organisation's key; null: none was set. */
  readonly credential: Buffer | null;
  /** Of `directory-object`. */
  readonly object: DirectoryObjectQuery | null;
}

/**
 * An open run of one of the site's integrations.
 * @throws NotFoundError for any other run, ConflictError `run.closed`
 */
export async function findOpenRunOfSite(tx: OrganisationTransaction, site: SiteId, run: RunId): Promise<SiteRun> {
  const row = await tx
    .selectFrom('run')
    .innerJoin('directory_integration as integration', 'integration.id', 'run.integration_id')
    .select([
      'run.id',
      'run.kind',
      'run.state',
      'run.integration_id as integration',
      'integration.credential',
      'run.object',
    ])
    // Of a reading those with which the attempt began, which may be saved nowhere.
    .select(sql<DirectorySettings>`coalesce(run.settings, integration.settings)`.as('settings'))
    .select(sql<boolean>`run.settings is not null`.as('unsaved'))
    .where('run.id', '=', run)
    .where('integration.site_id', '=', site)
    .executeTakeFirst();
  if (row === undefined) throw new NotFoundError('such run');
  if (!isOpen(row.state)) throw runClosed(row.state);
  return row as SiteRun;
}

export const runClosed = (state: RunState): ConflictError =>
  new ConflictError({ code: 'run.closed', message: `The run is ${state}.`, next: 'Ask for a new run.' });

/** Steps of a connection test, or of one object; repeating it replaces them. */
export async function saveRunReport(
  tx: OrganisationTransaction,
  run: RunId,
  steps: readonly (DirectoryTestStep | DirectoryObjectStep | ConnectionTestStep)[],
): Promise<void> {
  await tx
    .updateTable('run')
    .set({ report: JSON.stringify(steps), progress_at: sql<Date>`now()`, error: null })
    .where('id', '=', run)
    .where('state', 'in', [...openRunStates])
    .execute();
}

/** Steps of one object. Where the directory knows nothing of it, what the archive has is said too. */
export async function saveObjectReport(tx: OrganisationTransaction, { id, integration, object }: Pick<SiteRun, 'id' | 'integration' | 'object'>, steps: readonly DirectoryObjectStep[]): Promise<void> {
  const stored = object === null ? undefined : await findStoredObject(tx, integration, object);
  await saveRunReport(
    tx,
    id,
    steps.map((step) => {
      if (stored === undefined || step.code !== 'directory.object-not-found') return step;
      return { ...step, detail: `${step.detail} The archive has ${stored.display_name} under it (${stored.dn}), and keeps it until a full reading finds it gone.` };
    }),
  );
}

/**
 * What a reading or a test saw beside the objects; the last one counts. A test is given no references, and no domains when a step before
 * failed: what it did not see is as it was.
 */
export async function saveFindings(tx: OrganisationTransaction, { integration, kind }: Pick<SiteRun, 'integration' | 'kind'>, findings: DirectoryFindings): Promise<void> {
  const { domains } = findings;
  const seen = kind !== 'directory-test' ? findings : domains.length > 0 ? { domains } : undefined;
  if (seen === undefined) return;
  await tx
    .updateTable('directory_integration')
    .set({ findings: sql<string>`coalesce(findings, '{"domains": [], "references": []}') || ${JSON.stringify(seen)}::jsonb` })
    .where('id', '=', integration)
    .execute();
}

/** Why the site's last attempt failed: what an administrator sees while the run waits, and when it ends. */
export async function saveRunError(tx: OrganisationTransaction, run: RunId, error: ErrorReport): Promise<void> {
  await tx
    .updateTable('run')
    .set({ error: JSON.stringify(error) })
    .where('id', '=', run)
    .where('state', 'in', [...openRunStates])
    .execute();
}
