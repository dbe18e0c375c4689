/** The settings of a directory as options of `directory add` and `directory change`. */
import type { Directory } from '../api/schemas/directories.ts';
import { DEFAULT_POLL_SECONDS, directorySecurities } from '../shared/directory.ts';
import { readCaFile } from './ca-file.ts';
import { list, number, text, UsageError } from './command.ts';
import { type GivenRemoval, removalOptions, withGivenRemoval } from './removal-settings.ts';

export type Settings = Directory['settings'];

/** How the directory is asked, and how often. */
const connectionOptions = {
  host: text('name', 'domain controller (default: found by DNS from the domain of the base DN, else of the account)'),
  port: number('port', 'default: 636 with ldaps, else 389', { minimum: 1, maximum: 65_535 }),
  security: text('how', 'protection of the connection; plain must be asked for by name (default: ldaps)', { choices: directorySecurities }),
  caFile: text('file', "PEM file of the authority that signed the controller's certificate (default: the system's authorities)"),
  pollSeconds: number('seconds', `how often changes are asked for (default: ${DEFAULT_POLL_SECONDS})`, { minimum: 5, maximum: 3600 }),
};
/** Those that decide what is read and who is taken, and not where the password goes. */
export const readingOptions = {
  baseDn: text('dn', "where the domain begins (default: the server's own naming context)"),
  searchBase: list('dn', 'read only this subtree'),
  filter: text('filter', 'LDAP filter that objects must also match, as in RFC 4515'),
  mailDomain: list('domain', 'take only people with an address in this domain'),
  acknowledgeDisabled: text('yes|no', 'disable in the archive what is disabled in the directory (default: yes)', { choices: ['yes', 'no'] }),
  extraAttribute: list('name', 'keep this attribute beyond the standard ones'),
  ...removalOptions,
};

export const settingOptions = { ...connectionOptions, ...readingOptions };
/** None of those that are no reading options. */
export const noOtherOptions = { host: undefined, port: undefined, security: undefined, caFile: undefined, pollSeconds: undefined };

export interface GivenSettings extends GivenRemoval {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly security: Settings['security'] | undefined;
  readonly caFile: string | undefined;
  readonly baseDn: string | undefined;
  readonly searchBase: readonly string[];
  readonly filter: string | undefined;
  readonly mailDomain: readonly string[];
  readonly acknowledgeDisabled: 'yes' | 'no' | undefined;
  readonly extraAttribute: readonly string[];
  readonly pollSeconds: number | undefined;
}

/** Settings that `directory change --unset` gives back to their default, by their option's name. */
const unsettable = {
  host: 'host',
  port: 'port',
  'ca-file': 'caPem',
  'base-dn': 'baseDn',
  'search-base': 'searchBases',
  filter: 'filter',
  'mail-domain': 'mailDomains',
  'extra-attribute': 'extraAttributes',
  'poll-seconds': 'pollSeconds',
  removal: 'removal',
} as const satisfies Record<string, keyof Settings>;
export const unsettableNames = Object.keys(unsettable);

/**
 * `before` with what was given; a list that was given replaces the whole list.
 * @throws LockstepError ConfigInvalid `cli.file-unreadable`
 */
export const withGivenSettings = async (before: Settings, given: GivenSettings): Promise<Settings> => ({
  ...before,
  ...(await givenSettings(given, before.removal)),
});

/**
 * What was given and nothing else, but for the rules of removal, which join those of `removalBefore`.
 * @throws LockstepError ConfigInvalid `cli.file-unreadable`; UsageError
 */
export async function givenSettings(given: GivenSettings, removalBefore?: Settings['removal']): Promise<Partial<Settings>> {
  const removal = withGivenRemoval(removalBefore, given);
  return {
    ...(given.host === undefined ? {} : { host: given.host }),
    ...(given.port === undefined ? {} : { port: given.port }),
    ...(given.security === undefined ? {} : { security: given.security }),
    ...(given.caFile === undefined ? {} : { caPem: await readCaFile(given.caFile) }),
    ...(given.baseDn === undefined ? {} : { baseDn: given.baseDn }),
    ...(given.searchBase.length === 0 ? {} : { searchBases: [...given.searchBase] }),
    ...(given.filter === undefined ? {} : { filter: given.filter }),
    ...(given.mailDomain.length === 0 ? {} : { mailDomains: splitCommas(given.mailDomain) }),
    ...(given.acknowledgeDisabled === undefined ? {} : { acknowledgeDisabled: given.acknowledgeDisabled === 'yes' }),
    ...(given.extraAttribute.length === 0 ? {} : { extraAttributes: splitCommas(given.extraAttribute) }),
    ...(given.pollSeconds === undefined ? {} : { pollSeconds: given.pollSeconds }),
    ...(removal === undefined ? {} : { removal }),
  };
}

/** @throws UsageError naming what can be unset */
export function withoutSettings(settings: Settings, names: readonly string[]): Settings {
  const kept: Settings = { ...settings };
  for (const name of names) {
    if (!isUnsettable(name)) throw new UsageError(`--unset takes ${unsettableNames.join(', ')}; not "${name}".`);
    delete kept[unsettable[name]];
  }
  return kept;
}

const isUnsettable = (name: string): name is keyof typeof unsettable => Object.hasOwn(unsettable, name);

/** Domains and attribute names hold no comma, so `a.example,b.example` can only mean two. */
const splitCommas = (values: readonly string[]): string[] =>
  values.flatMap((value) => value.split(',')).map((value) => value.trim()).filter((value) => value !== '');
