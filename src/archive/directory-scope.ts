/**
 * Which objects of a source an organisation takes: those within the search bases that have an address or are groups, dynamic
 * groups or public folders, and that match the filter of the settings. Decided here and not by the source, so that an object
 * that stops matching, or moves out of a base, is noticed when it changes. Containers and foreign principals are read for
 * what they say of others and never taken.
 */
import type { DirectoryEntry, DirectoryObjectKind, DirectorySettings } from '../shared/directory.ts';
import type { Filter } from '../ldap-filter/filter.ts';
import { guidBytes } from '../ldap-filter/guid.ts';
import { type AttributeValue, type Matcher, matcher } from '../ldap-filter/match.ts';
import { parseFilter } from '../ldap-filter/parse-filter.ts';
import { type AttributeType, attributeType, categoryDn } from '../ldap-filter/schema.ts';
import { sidBytes } from '../ldap-filter/sid.ts';
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
}

export type ScopeSettings = Pick<DirectorySettings, 'baseDn' | 'searchBases' | 'filter'>;

/** @throws LockstepError ConfigInvalid `directory.filter-invalid` */
export function directoryScope({ baseDn, searchBases, filter }: ScopeSettings): DirectoryScope {
  const given = searchBases !== undefined && searchBases.length > 0 ? searchBases : baseDn === undefined ? [] : [baseDn];
  const bases = given.flatMap((base) => normalDn(base) ?? []);
  const parsed = filter === undefined || filter.trim() === '' ? undefined : parseFilter(filter);
  const custom: Matcher<ScopedObject> | undefined = parsed === undefined ? undefined : matcher(parsed, source);
  return {
    matches: (object) => isTaken(object) && (custom === undefined || custom(object) === true),
    covers: (normal) => given.length === 0 || bases.some((base) => isWithin(normal, base)),
    readsName: parsed !== undefined && reads(parsed, (attribute) => attribute === 'distinguishedname'),
  };
}

/** What MSE takes. */
function isTaken({ kind, attributes }: ScopedObject): boolean {
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

/** Stands for the root of the forest, which an object does not tell, in names of its schema. */
const ROOT = 'DC=forest';

const source = {
  rootDn: ROOT,
  attributeType: (name: string): AttributeType => attributeType(name) ?? { name, syntax: 'text' },
  values,
  // Back links and chains are not attributes of the object that is tested.
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

/** Whether the filter asks for an attribute (in lower case) that is wanted. */
function reads(filter: Filter, wanted: (attribute: string) => boolean): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.some((part) => reads(part, wanted));
    case 'not':
      return reads(filter.filter, wanted);
    case 'extensible':
    case 'present':
    case 'substrings':
    case 'equal':
    case 'approximate':
    case 'at-least':
    case 'at-most':
      return filter.attribute !== undefined && wanted(filter.attribute.toLowerCase());
  }
}
