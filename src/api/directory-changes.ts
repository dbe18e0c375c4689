/** What an administrator changes at a directory: rows first, then Temporal in line with them. */
import { type OrganisationTransaction, withOrganisation } from '../archive/database.ts';
import {
  changeIntegration,
  createIntegration,
  findIntegration,
  holdIntegration,
  type IntegrationView,
  newIntegrationId,
} from '../archive/integrations.ts';
import { InvalidInputError } from '../archive/record-errors.ts';
import { removeIntegration, refuseRemoval } from '../archive/remove-integration.ts';
import { followSettings, requestDueReading } from '../archive/settings-change.ts';
import { findOptionalSite, holdSealKey } from '../archive/sites.ts';
import { directoryCredentialInfo } from '../security/seal.ts';
import type { DirectorySettings } from '../shared/directory.ts';
import type { OrganisationId } from '../shared/ids.ts';
import { dailyReading } from '../shared/schedule-types.ts';
import { changedDestination } from './credential-destination.ts';
import type { RouteDependencies } from './dependencies.ts';
import { placeOf } from './directory-from.ts';
import type { DirectoryChange, NewDirectory } from './schemas/directories.ts';
import { type SealedCredential, sealCredential } from './seal-credential.ts';

/**
 * Creates a directory, with settings of its own or from another one. The password is sealed to the site before anything is stored, and nothing else of it is kept.
 * @throws InvalidInputError settings or schedule that make no sense, a site that is not there
 * @throws ConflictError `directory.name-taken`, `site.not-enrolled`, `site.keys-changed`
 */
export async function createDirectory(deps: RouteDependencies, organisation: OrganisationId, input: NewDirectory): Promise<IntegrationView> {
  const id = newIntegrationId();
  const { place, site } = await withOrganisation(deps.database, organisation, async (tx) => {
    const found = await placeOf(tx, input);
    return { place: found, site: await findOptionalSite(tx, found.site) };
  });
  if (site === undefined) throw new InvalidInputError([{ path: '/site', message: `there is no site "${place.site}"` }]);
  const credential = await sealCredential(deps.keyring, organisation, site, { info: directoryCredentialInfo(id), password: input.password });
  const row = await withOrganisation(deps.database, organisation, async (tx) => {
    await holdSealKey(tx, site.id, credential.sealPublicKey);
    return createIntegration(tx, organisation, {
      id,
      siteId: site.id,
      name: input.name,
      description: input.description,
      settings: place.settings,
      credential: credential.bytes,
      schedule: place.schedule === undefined ? dailyReading('UTC') : place.schedule,
      jitterSeconds: place.jitterSeconds,
    });
  });
  await deps.engineCalls.reconcileSchedule(organisation, id);
  return row;
}

/**
 * Changes what is given.
 * @throws NotFoundError
 * @throws InvalidInputError settings or schedule that make no sense; a password that would go elsewhere and is not given
 * @throws ConflictError `site.not-enrolled`, `site.keys-changed`
 */
export async function changeDirectory(
  deps: RouteDependencies,
  organisation: OrganisationId,
  name: string,
  { password, ...change }: DirectoryChange,
): Promise<IntegrationView> {
  const credential = await newCredential(deps, organisation, name, password);
  const { row, run } = await withOrganisation(deps.database, organisation, async (tx) => {
    if (credential !== undefined) await holdSealKey(tx, credential.site.id, credential.sealPublicKey);
    else if (change.settings !== undefined) await refuseRedirection(tx, name, change.settings);
    const before = await holdIntegration(tx, name);
    const after = await changeIntegration(tx, name, { ...change, credential: credential?.bytes });
    return { row: after, run: await followSettings(tx, after.id, before.settings, after.settings) };
  });
  if (run?.state === 'queued') await deps.engineCalls.startRun(organisation, run.id);
  // Its watcher too: it may be parked because of what has been changed now.
  await deps.engineCalls.reconcileSchedule(organisation, row.id);
  return row;
}

/** Pauses or resumes the schedule. Runs can still be asked for. */
export async function setDirectoryState(
  deps: RouteDependencies,
  organisation: OrganisationId,
  name: string,
  state: 'active' | 'paused',
): Promise<IntegrationView> {
  const { row, run } = await withOrganisation(deps.database, organisation, async (tx) => {
    const changed = await changeIntegration(tx, name, { state });
    return { row: changed, run: await requestDueReading(tx, changed.id) };
  });
  await deps.engineCalls.reconcileSchedule(organisation, row.id);
  if (run?.state === 'queued') await deps.engineCalls.startRun(organisation, run.id);
  return row;
}

/**
 * Removes a directory that has read nothing yet, with its runs. Its Temporal Schedule goes first: with the row the way to it is
 * lost. Until the row goes it says everything: when a step fails, schedule and all are as before (or restored by the reconciler).
 * @throws NotFoundError
 * @throws ConflictError `directory.has-objects`, `directory.run-open`
 */
export async function removeDirectory(deps: RouteDependencies, organisation: OrganisationId, name: string): Promise<void> {
  const row = await withOrganisation(deps.database, organisation, async (tx) => {
    const found = await findIntegration(tx, name);
    await refuseRemoval(tx, found);
    return found;
  });
  await deps.engineCalls.removeSchedule(organisation, row.id);
  try {
    await withOrganisation(deps.database, organisation, (tx) => removeIntegration(tx, row));
  } catch (error) {
    await deps.engineCalls.reconcileSchedule(organisation, row.id);
    throw error;
  }
}

async function newCredential(
  deps: RouteDependencies,
  organisation: OrganisationId,
  name: string,
  password: string | undefined,
): Promise<SealedCredential | undefined> {
  const found = await withOrganisation(deps.database, organisation, async (tx) => {
    const row = await findIntegration(tx, name);
    return { row, site: await findOptionalSite(tx, row.site_name) };
  });
  if (password === undefined || found.site === undefined) return undefined;
  return sealCredential(deps.keyring, organisation, found.site, { info: directoryCredentialInfo(found.row.id), password });
}

/** A stored password stays where it was given for: see credential-destination.ts. */
async function refuseRedirection(tx: OrganisationTransaction, name: string, settings: DirectorySettings): Promise<void> {
  // Held, so that a password that is being set at the same time cannot be carried along.
  const before = await holdIntegration(tx, name);
  const changed = changedDestination(before.settings, settings);
  if (!before.has_credential || changed.length === 0) return;
  throw new InvalidInputError([
    { path: '/password', message: `is needed, because ${changed.join(', ')} changed: a stored password is not sent to another place` },
  ]);
}
