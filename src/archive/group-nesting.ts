/** Which groups are in a group, through all levels. Groups may be in each other: each counts once. */
import { sql } from 'kysely';
import type { DirectoryObjectId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { isGroup } from './directory-list.ts';
import { memberKeysOf, namedBy } from './directory-relations.ts';
import { type DynamicGroup, type DynamicMembership, dynamicMembership } from './dynamic-groups.ts';
import { matchingGroups } from './group-recipients.ts';

export interface GroupsInside {
  /** Those with a list of members. */
  readonly listed: readonly DirectoryObjectId[];
  readonly dynamic: readonly DynamicMembership[];
}

/**
 * The group itself and, when asked for, those in it that are there.
 * @throws ConflictError `group.filter-unreadable`
 */
export async function groupsInside(tx: OrganisationTransaction, root: DirectoryObjectId, nested: boolean): Promise<GroupsInside> {
  const inner = nested ? await innerGroups(tx) : new Map<DirectoryObjectId, DirectoryObjectId[]>();
  const known = await dynamicGroups(tx, nested ? undefined : root);
  const reached = new Set([root]);
  const dynamic: DynamicMembership[] = [];
  const listed: DirectoryObjectId[] = [];
  const add = (ids: Iterable<DirectoryObjectId>) => {
    for (const id of ids) reached.add(id);
  };
  // Whatever is added meanwhile is walked through too.
  for (const id of reached) {
    const found = known.get(id);
    if (found === undefined) {
      listed.push(id);
      add(inner.get(id) ?? []);
    } else {
      const membership = dynamicMembership(found);
      dynamic.push(membership);
      if (nested) add(await matchingGroups(tx, membership));
    }
  }
  return { listed, dynamic };
}

/**
 * By group, the groups that are its direct members. From the inner ones, because an organisation has few groups and a group any number
 * of members.
 */
async function innerGroups(tx: OrganisationTransaction): Promise<ReadonlyMap<DirectoryObjectId, DirectoryObjectId[]>> {
  const { rows } = await sql<{ outer: DirectoryObjectId; inner: DirectoryObjectId }>`
    with groups as materialized (
      select o.id from directory_object o where ${isGroup} and o.missing_since is null order by o.sort_key, o.id
    )
    select distinct m.group_id as outer, g.id as inner
    from groups g
    cross join lateral ${memberKeysOf(sql`array[g.id]`)} k
    cross join lateral (select m.group_id from directory_member m where m.member_key = k.dn_key offset 0) m
    cross join lateral (select o.integration_id from directory_object o where o.id = m.group_id limit 1) outside
    ${namedBy(sql`k.dn_key`, sql`outside.integration_id`, 'who')}
    where who.id = g.id`.execute(tx);
  const found = new Map<DirectoryObjectId, DirectoryObjectId[]>();
  for (const { outer, inner } of rows) found.set(outer, [...(found.get(outer) ?? []), inner]);
  return found;
}

/** The dynamic groups of the organisation, or `only` that one if it is dynamic. */
async function dynamicGroups(tx: OrganisationTransaction, only: DirectoryObjectId | undefined): Promise<ReadonlyMap<DirectoryObjectId, DynamicGroup>> {
  const { rows } = await sql<DynamicGroup & { readonly id: DirectoryObjectId }>`
    select o.id, o.display_name as name, o.dn, o.attributes, i.settings
    from directory_object o join directory_integration i on i.id = o.integration_id
    where ${isGroup} and o.kind = 'dynamic-group' and ${only === undefined ? sql`true` : sql`o.id = ${only}`}
    order by o.sort_key, o.id`.execute(tx);
  return new Map(rows.map((row) => [row.id, row]));
}
