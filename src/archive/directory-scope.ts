/**
 * Which objects of a source an organisation takes: those within the search bases that have an address or are groups, dynamic
 * groups or public folders, that match the filter of the settings, and of which people have an address in its mail domains.
 * Decided here and not by the source, so that an object that stops matching, or moves out of a base, is noticed when it
 * changes. Containers and foreign principals are read for what they say of others and never taken.
 */
import type { DirectoryEntry, DirectoryObjectKind, DirectorySettings } from '../shared/directory.ts';
import { filterAttributes } from '../ldap-filter/filter-attributes.ts';
import type { Filter } from '../ldap-filter/filter.ts';
import { guidBytes } from '../ldap-filter/guid.ts';
import { type AttributeValue, type Matcher, matcher } from '../ldap-filter/match.ts';
import { parseFilter } from '../ldap-filter/parse-filter.ts';
import { type AttributeType, attributeType, categoryDn } from '../ldap-filter/schema.ts';
import { sidBytes } from '../ldap-filter/sid.ts';
import { LockstepError } from '../shared/errors.ts';
import { domainOf, mapAddresses } from './directory-addresses.ts';
import { isWithin, normalDn } from './directory-dn.ts';

export interface ScopedObject {
  readonly guid: string;
  readonly kind: DirectoryObjectKind;
  readonly dn: string;
  readonly attributes: DirectoryEntry['attributes'];
}

export interface DirectoryScope {
  /** Whether the object is taken, apart from where it stands. */
  matches(object: ScopedObject): boolean;
  /** Whether an object with this name, in its normal form, stands where objects are taken. */
  covers(normalDn: string): boolean;
  /** True when `matches` depends on the object's name. */
  readonly readsName: boolean;
  /** True when `matches` depends on the groups that the object is in. */
  readonly readsGroups: boolean;
}

export type ScopeSettings = Pick<DirectorySettings, 'baseDn' | 'searchBases' | 'filter' | 'mailDomains'>;

/** @throws LockstepError ConfigInvalid `directory.filter-invalid`, `directory.filter-unsupported` */
export function directoryScope({ baseDn, searchBases, filter, mailDomains = [] }: ScopeSettings): DirectoryScope {
  const given = searchBases !== undefined && searchBases.length > 0 ? searchBases : baseDn === undefined ? [] : [baseDn];
  const bases = given.flatMap((base) => normalDn(base) ?? []);
  const parsed = filter === undefined || filter.trim() === '' ? undefined : parseFilter(filter);
  const unsupported = parsed === undefined ? undefined : unsupportedIn(parsed);
  if (unsupported !== undefined) throw filterUnsupported(unsupported);
  const domains = new Set(mailDomains.map((domain) => domain.trim().toLowerCase()));
  const asked = new Set(parsed === undefined ? [] : filterAttributes(parsed).map((name) => name.toLowerCase()));
  const custom: Matcher<ScopedObject> | undefined = parsed === undefined ? undefined : matcher(parsed, source);
  return {
    matches: (object) => isTaken(object) && (custom === undefined || custom(object) === true) && isInMailDomains(object, domains),
    covers: (normal) => given.length === 0 || bases.some((base) => isWithin(normal, base)),
    readsName: asked.has('distinguishedname'),
    readsGroups: asked.has('memberof'),
  };
}

/** What MSE takes. */
export function isTaken({ kind, attributes }: ScopedObject): boolean {
  switch (kind) {
    case 'group':
    case 'dynamic-group':
    case 'public-folder':
      return true;
    case 'user':
    case 'contact':
      return attributes['mail'] !== undefined || attributes['proxyAddresses'] !== undefined;
    case 'container':
    case 'foreign-principal':
      return false;
  }
}

/** Groups are always kept whole: policies and mailbox groups name them, whatever their address. */
function isInMailDomains({ kind, attributes }: ScopedObject, domains: ReadonlySet<string>): boolean {
  if (kind === 'group' || kind === 'dynamic-group' || domains.size === 0) return true;
  return mapAddresses(attributes, kind).addresses.some(({ address }) => domains.has(domainOf(address)));
}

/** Stands for the root of the forest, which an object does not tell, in names of its schema. */
const ROOT = 'DC=forest';

const source = {
  rootDn: ROOT,
  attributeType: (name: string): AttributeType => attributeType(name) ?? { name, syntax: 'text' },
  values,
  // Never asked: see unsupportedIn.
  inChain: () => () => undefined,
};

function values(object: ScopedObject, attribute: string): readonly AttributeValue[] {
  switch (attribute) {
    case 'distinguishedName':
      return [object.dn];
    case 'objectGUID':
      return [guidBytes(object.guid) ?? object.guid];
    case 'objectCategory':
      return categoriesOf(object);
  }
  const found = valuesOf(object.attributes, attribute);
  const { syntax } = source.attributeType(attribute);
  if (syntax === 'sid') return found.map((text) => sidBytes(text) ?? text);
  if (syntax === 'octets') return found.map((text) => guidBytes(text) ?? Buffer.from(text, 'base64'));
  return found;
}

function valuesOf(attributes: ScopedObject['attributes'], attribute: string): readonly string[] {
  const direct = attributes[attribute];
  if (direct !== undefined) return direct;
  const wanted = attribute.toLowerCase();
  for (const name in attributes) if (name.toLowerCase() === wanted) return attributes[name] ?? [];
  return [];
}

/** As the source says it and below ROOT, because a filter may name a class or give the whole name. */
function categoriesOf({ attributes }: ScopedObject): readonly string[] {
  const said = valuesOf(attributes, 'objectCategory')[0];
  if (said === undefined) {
    // Sorted when stored: the most particular class is not known to be the last.
    return (attributes['objectClass'] ?? []).flatMap((name) => categoryDn(name, ROOT) ?? []);
  }
  return [said, said.replace(/(?<=CN=Configuration,).*$/i, ROOT)];
}

/** Of other objects or of the server, and of no object that is tested. */
const notOwn = new Set(['member', 'directreports', 'managedobjects', 'tokengroups', 'anr', 'canonicalname']);
/** LDAP_MATCHING_RULE_BIT_AND and _BIT_OR (MS-ADTS §3.1.1.3.4.4). */
const bitRules = new Set(['1.2.840.113556.1.4.803', '1.2.840.113556.1.4.804']);

/** What a filter asks for that only the directory itself could answer; undefined: nothing. */
export function unsupportedIn(filter: Filter): string | undefined {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.map(unsupportedIn).find((reason) => reason !== undefined);
    case 'not':
      return unsupportedIn(filter.filter);
    case 'extensible':
    case 'present':
    case 'substrings':
    case 'equal':
    case 'approximate':
    case 'at-least':
    case 'at-most': {
      if (filter.attribute === undefined) return 'it asks for no attribute by name';
      if (notOwn.has(filter.attribute.toLowerCase())) return `${filter.attribute} is no attribute of the object itself`;
      if (filter.kind !== 'extensible' || filter.rule === undefined || bitRules.has(filter.rule)) return undefined;
      return `of matching rules it may use those of bits, not ${filter.rule}; name each nested group with memberOf`;
    }
  }
}

const filterUnsupported = (reason: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.filter-unsupported',
    message: `The filter asks for what only the directory could answer: ${reason}.`,
    next: 'Change the filter of the integration: lockstep directory change NAME --filter FILTER.',
  });
