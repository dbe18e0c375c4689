/**
 * Dynamic distribution groups have no list of members: Exchange looks for the recipients that match the filter of the group, below its
 * base, whenever a message comes. So does this, whenever somebody asks, in what is stored.
 * https://learn.microsoft.com/exchange/recipients/dynamic-distribution-groups/dynamic-distribution-groups
 */
import { attributesAskedBy } from '../ldap-filter/filter-attributes.ts';
import type { DirectoryEntry, DirectorySettings } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { isWithin, normalDn } from './directory-dn.ts';
import { directoryScope, type ScopedObject } from './directory-scope.ts';
import { readAttributes } from './read-attributes.ts';
import { ConflictError } from './record-errors.ts';

export interface DynamicGroup {
  readonly name: string;
  readonly dn: string;
  readonly attributes: DirectoryEntry['attributes'];
  /** Of its integration: which attributes are read. */
  readonly settings: Pick<DirectorySettings, 'extraAttributes' | 'filter'>;
}

export interface DynamicMembership {
  /** Where its members are, in normal form; undefined: nowhere. */
  readonly base: string | undefined;
  /** True when `includes` asks for the groups of the object: its attributes are to have memberOf. */
  readonly readsGroups: boolean;
  includes(object: ScopedObject): boolean;
}

/** Found in the lists of the groups, read or not. */
const TOLD_BY_GROUPS = 'memberof';

/**
 * Who the members of the group are.
 * @throws ConflictError `group.filter-unreadable` when only Exchange could tell: the filter is none, asks for what only the directory
 * knows, or for an attribute that is not read (which all objects would seem to lack)
 */
export function dynamicMembership(group: DynamicGroup): DynamicMembership {
  const [filter, base = domainOf(group.dn)] = ['msExchDynamicDLFilter', 'msExchDynamicDLBaseDN'].map((name) => group.attributes[name]?.[0]);
  const normalBase = base === undefined ? undefined : normalDn(base);
  if (filter === undefined || filter.trim() === '' || normalBase === undefined) return { base: undefined, readsGroups: false, includes: () => false };
  try {
    const read = readAttributes(group.settings);
    const missing = attributesAskedBy(filter).find((name) => !read.has(name.toLowerCase()) && name.toLowerCase() !== TOLD_BY_GROUPS);
    if (missing !== undefined) throw unreadable(group, `it asks for ${missing}, which Lockstep does not read`, `Have it read: lockstep directory change NAME --extra-attribute ${missing}.`);
    const scope = directoryScope({ baseDn: base ?? '', filter });
    return {
      base: normalBase,
      readsGroups: scope.readsGroups,
      includes(object) {
        const normal = normalDn(object.dn);
        return normal !== undefined && isWithin(normal, normalBase) && scope.matches(object);
      },
    };
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    throw unreadable(group, error.message, 'Change the filter of the group in Exchange, or see its members there.');
  }
}

const domainOf = (dn: string): string | undefined => /(?:^|,)(DC=.*)$/i.exec(dn)?.[1];

const unreadable = (group: DynamicGroup, reason: string, next: string): ConflictError =>
  new ConflictError({ code: 'group.filter-unreadable', message: `Who is in the dynamic group "${group.name}" cannot be told: ${reason}`, next });
