/**
 * Filters that ask which groups an object is in. A reading gives `memberOf` with the object; of changes the group tells, and the
 * object does not: so where the filter asks for it, the attribute is kept as the groups say, and the object mapped anew.
 *
 * Not followed are renames of groups: a filter names a group as it is called, and the next reading says who matches now.
 */
import type { DirectoryEntry } from '../shared/directory.ts';
import type { OrganisationTransaction } from './database.ts';
import { type AppliedObjects, applyObjects } from './directory-apply.ts';
import type { DirectoryContext } from './directory-attempt.ts';
import { dnKey } from './directory-dn.ts';
import type { PageOrigin } from './directory-names.ts';
import { mapPage } from './directory-objects.ts';
import { sqlFile } from './sql-file.ts';

interface Candidate {
  readonly guid: string;
  readonly dn: string;
  readonly attributes: DirectoryEntry['attributes'];
  readonly usn: string | null;
  readonly invocation_id: string | null;
  /** Names of the groups of the same directory that it is in. */
  readonly groups: readonly string[];
}
const groupScopeSql = sqlFile<Candidate, [keys: readonly Buffer[], integration: string, groups: readonly string[]]>('group-scope');
const groupNamesSql = sqlFile<{ key: string }, [keys: readonly Buffer[], integration: string]>('group-names');

export interface TouchedGroups {
  /** Keys, in hex, of those who joined, left or are in a list. */
  readonly members: readonly string[];
  /** Names of groups that others than these may have left: lists were given of them, or they are gone. */
  readonly groups: readonly string[];
}

export async function renewGroupScope(
  tx: OrganisationTransaction,
  context: DirectoryContext & { readonly firstEpoch: number },
  origin: PageOrigin,
  { members, groups }: TouchedGroups,
): Promise<Pick<AppliedObjects, 'left' | 'written' | 'maybeOthers'>> {
  const { scope, integration } = context;
  if (!scope.readsGroups || members.length + groups.length === 0) return { left: [], written: [], maybeOthers: [] };
  const candidates = await groupScopeSql(tx, members.map((key) => Buffer.from(key, 'hex')), integration, groups);
  const told = candidates.flatMap(({ attributes }) => groupsSaid(attributes).values);
  const own = new Set((await groupNamesSql(tx, told.flatMap((dn) => dnKey(dn) ?? []), integration)).map(({ key }) => key));
  const entries = candidates.flatMap(({ guid, dn, attributes, usn, invocation_id, groups: now }): DirectoryEntry[] => {
    const { name, values } = groupsSaid(attributes);
    // Groups of other domains are said by the object alone.
    const others = values.filter((group) => !own.has(dnKey(group)?.toString('hex') ?? ''));
    const memberOf = [...now, ...others].sort();
    if (JSON.stringify(memberOf) === JSON.stringify([...values].sort())) return [];
    const known = usn !== null && invocation_id === origin.controller ? { usn } : {};
    return [{ guid, dn, attributes: { ...attributes, [name]: memberOf }, ...known }];
  });
  return applyObjects(tx, context, origin, mapPage(entries, context).rows);
}

/** Under the spelling under which the attribute was asked for. */
function groupsSaid(attributes: DirectoryEntry['attributes']): { readonly name: string; readonly values: readonly string[] } {
  const name = Object.keys(attributes).find((spelling) => spelling.toLowerCase() === 'memberof') ?? 'memberOf';
  return { name, values: attributes[name] ?? [] };
}
