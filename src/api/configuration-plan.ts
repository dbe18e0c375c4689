/** What importing a configuration changes. Pure: the same comparison answers a dry run and drives the import. */
import { isDeepStrictEqual } from 'node:util';
import { settingsIssues, settingsWarnings } from '../archive/integration-rules.ts';
import type { Issue } from '../archive/record-errors.ts';
import { scheduleIssues } from '../archive/schedule-rules.ts';
import { redirectsCredential } from './credential-destination.ts';
import type { Configuration, ConfiguredDirectory, ConfiguredSite } from './schemas/config.ts';

/** What is there now. */
export interface CurrentConfiguration {
  readonly sites: readonly ConfiguredSite[];
  readonly directories: readonly (ConfiguredDirectory & { readonly hasCredential: boolean })[];
}

export interface Step<T> {
  readonly wanted: T;
  /** Undefined: it is created. */
  readonly changedFields: readonly string[] | undefined;
}
export interface DirectoryStep extends Step<ConfiguredDirectory> {
  /** The stored password was given for another site or another place, and is forgotten. */
  readonly dropsCredential: boolean;
}

export interface ConfigurationPlan {
  readonly sites: readonly Step<ConfiguredSite>[];
  readonly directories: readonly DirectoryStep[];
  readonly unlisted: readonly { readonly subject: 'site' | 'directory'; readonly name: string }[];
  readonly needPassword: readonly string[];
  readonly warnings: readonly string[];
}

/** Everything that is wrong with the document, given what is there. */
export function configurationIssues(current: CurrentConfiguration, document: Configuration): Issue[] {
  const sites = new Set([...current.sites, ...document.sites].map((site) => site.name));
  return [
    ...repeatedNames(document.sites, '/sites'),
    ...repeatedNames(document.directories, '/directories'),
    ...document.directories.flatMap((directory, index) => [
      ...(sites.has(directory.site)
        ? []
        : [{ path: `/directories/${index}/site`, message: `there is no site "${directory.site}", neither here nor in the document` }]),
      ...settingsIssues(directory.settings, `/directories/${index}/settings`),
      ...(directory.schedule == null ? [] : scheduleIssues(directory.schedule, `/directories/${index}/schedule`)),
    ]),
  ];
}

function repeatedNames(items: readonly { readonly name: string }[], path: string): Issue[] {
  const seen = new Set<string>();
  return items.flatMap(({ name }, index) => {
    if (seen.has(name)) return [{ path: `${path}/${index}/name`, message: `"${name}" is there twice` }];
    seen.add(name);
    return [];
  });
}

/** The steps of an import. What is as it should be is no step; what the document does not name is left alone. */
export function planConfiguration(current: CurrentConfiguration, document: Configuration): ConfigurationPlan {
  const sitesNow = new Map(current.sites.map((site) => [site.name, site]));
  const directoriesNow = new Map(current.directories.map((directory) => [directory.name, directory]));
  const directories = document.directories.map((wanted): DirectoryStep & { readonly keepsCredential: boolean } => {
    const now = directoriesNow.get(wanted.name);
    const elsewhere = now !== undefined && (now.site !== wanted.site || redirectsCredential(now.settings, wanted.settings));
    return {
      wanted,
      changedFields: now === undefined ? undefined : changed(directoryFields, now, wanted),
      dropsCredential: now?.hasCredential === true && elsewhere,
      keepsCredential: now?.hasCredential === true && !elsewhere,
    };
  });
  return {
    sites: document.sites
      .map((wanted) => {
        const now = sitesNow.get(wanted.name);
        return { wanted, changedFields: now === undefined ? undefined : changed(siteFields, now, wanted) };
      })
      .filter(isStep),
    directories: directories.filter(isStep),
    unlisted: [
      ...unlisted('site', current.sites, document.sites),
      ...unlisted('directory', current.directories, document.directories),
    ],
    needPassword: directories.filter((step) => !step.keepsCredential).map((step) => step.wanted.name),
    warnings: document.directories.flatMap((one) => settingsWarnings(one.settings).map((warning) => `${one.name}: ${warning}`)),
  };
}

const siteFields = ['description', 'disabled'] as const satisfies readonly (keyof ConfiguredSite)[];
const directoryFields = ['description', 'site', 'settings', 'schedule', 'jitterSeconds', 'paused'] as const satisfies readonly (keyof ConfiguredDirectory)[];

/** Absent and null say the same. */
const changed = <T, Field extends keyof T>(fields: readonly Field[], now: T, wanted: T): Field[] =>
  fields.filter((field) => !isDeepStrictEqual(now[field] ?? null, wanted[field] ?? null));

const isStep = (step: Step<unknown>): boolean => step.changedFields === undefined || step.changedFields.length > 0;

function unlisted<Subject extends string>(subject: Subject, now: readonly { name: string }[], wanted: readonly { name: string }[]) {
  const names = new Set(wanted.map((one) => one.name));
  return now.filter((one) => !names.has(one.name)).map((one) => ({ subject, name: one.name }));
}
