/** All settings of an organisation as one document, out and in. */
import { type OrganisationTransaction, withOrganisation } from '../archive/database.ts';
import { changeIntegration, createIntegration, type IntegrationView, listIntegrations, listIntegrationsOfSite, newIntegrationId } from '../archive/integrations.ts';
import { findOrganisation, holdOrganisation } from '../archive/organisations.ts';
import { InvalidInputError } from '../archive/record-errors.ts';
import { refuseWhileRunning } from '../archive/remove-integration.ts';
import { changeSite, createSite, findSite, listSites, type SiteView } from '../archive/sites.ts';
import type { IntegrationId, OrganisationId } from '../shared/ids.ts';
import {
  type ConfigurationPlan,
  configurationIssues,
  type CurrentConfiguration,
  type DirectoryStep,
  planConfiguration,
  type Step,
} from './configuration-plan.ts';
import type { RouteDependencies } from './dependencies.ts';
import {
  type Configuration,
  CONFIGURATION_VERSION,
  type ConfigurationChanges,
  type ConfiguredDirectory,
  type ConfiguredSite,
} from './schemas/config.ts';
import { settingsAnswer, scheduleAnswer } from './views.ts';

/** The same settings always make the same document, so that two of them can be compared as text. */
export async function exportConfiguration(tx: OrganisationTransaction): Promise<Configuration> {
  const organisation = await findOrganisation(tx);
  return {
    version: CONFIGURATION_VERSION,
    organisation: organisation.name,
    sites: (await listSites(tx)).map(configuredSite),
    directories: (await listIntegrations(tx)).map(configuredDirectory),
  };
}

const configuredSite = (site: SiteView): ConfiguredSite => ({
  name: site.name,
  description: site.description,
  disabled: site.state === 'disabled',
});

const configuredDirectory = (row: IntegrationView): ConfiguredDirectory => ({
  name: row.name,
  description: row.description,
  site: row.site_name,
  settings: settingsAnswer(row.settings),
  schedule: scheduleAnswer(row.schedule),
  jitterSeconds: row.jitter_seconds,
  paused: row.state === 'paused',
});

/**
 * Brings the organisation to what the document says, in one transaction, or says what that would change (`dryRun`). Nothing is
 * ever removed. Importing the same document again changes nothing.
 * @throws InvalidInputError with everything that is wrong, before anything is changed
 * @throws ConflictError `directory.run-open` when a directory whose run is open would move to another site
 */
export async function importConfiguration(
  deps: RouteDependencies,
  organisation: OrganisationId,
  document: Configuration,
  { dryRun }: { readonly dryRun: boolean },
): Promise<ConfigurationChanges> {
  const { plan, toReconcile } = await withOrganisation(deps.database, organisation, async (tx) => {
    await holdOrganisation(tx);
    const current = await currentConfiguration(tx);
    const issues = configurationIssues(current, document);
    if (issues.length > 0) throw new InvalidInputError(issues);
    const found = planConfiguration(current, document);
    return { plan: found, toReconcile: dryRun ? [] : await apply(tx, organisation, found) };
  });
  for (const integration of toReconcile) await deps.engineCalls.reconcileSchedule(organisation, integration);
  return {
    applied: !dryRun,
    changes: [...plan.sites.map(change('site')), ...plan.directories.map(change('directory'))],
    unlisted: [...plan.unlisted],
    needPassword: [...plan.needPassword],
    warnings: [...plan.warnings],
  };
}

const change =
  (subject: 'site' | 'directory') =>
  ({ wanted, changedFields }: Step<{ readonly name: string }>): ConfigurationChanges['changes'][number] => ({
    subject,
    name: wanted.name,
    action: changedFields === undefined ? 'create' : 'change',
    fields: [...(changedFields ?? [])],
  });

async function currentConfiguration(tx: OrganisationTransaction): Promise<CurrentConfiguration> {
  const directories = await listIntegrations(tx);
  return {
    sites: (await listSites(tx)).map(configuredSite),
    directories: directories.map((row) => ({ ...configuredDirectory(row), hasCredential: row.has_credential })),
  };
}

/** Gives the directories whose schedule and watcher are to be brought in line once this is committed. */
async function apply(tx: OrganisationTransaction, organisation: OrganisationId, plan: ConfigurationPlan): Promise<IntegrationId[]> {
  const toReconcile = new Set<IntegrationId>();
  for (const { wanted, changedFields } of plan.sites) {
    if (changedFields === undefined) await createSite(tx, organisation, wanted);
    const site = await changeSite(tx, wanted.name, { description: wanted.description, disabled: wanted.disabled });
    if (changedFields?.includes('disabled') !== true || wanted.disabled === true) continue;
    for (const woken of await listIntegrationsOfSite(tx, site.id)) toReconcile.add(woken);
  }
  for (const step of plan.directories) toReconcile.add((await applyDirectory(tx, organisation, step)).id);
  return [...toReconcile];
}

async function applyDirectory(tx: OrganisationTransaction, organisation: OrganisationId, step: DirectoryStep): Promise<IntegrationView> {
  const { wanted, changedFields, dropsCredential } = step;
  const site = await findSite(tx, wanted.site);
  const values = {
    siteId: site.id,
    description: wanted.description,
    settings: wanted.settings,
    schedule: wanted.schedule ?? null,
    jitterSeconds: wanted.jitterSeconds,
  };
  if (changedFields === undefined) {
    await createIntegration(tx, organisation, { ...values, id: newIntegrationId(), name: wanted.name, credential: null });
    return changeIntegration(tx, wanted.name, { state: wanted.paused ? 'paused' : 'active' });
  }
  if (changedFields.includes('site')) await refuseWhileRunning(tx, wanted.name);
  return changeIntegration(tx, wanted.name, {
    ...values,
    state: wanted.paused ? 'paused' : 'active',
    credential: dropsCredential ? null : undefined,
  });
}
