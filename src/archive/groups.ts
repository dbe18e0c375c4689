/** Groups of an organisation, as the API shows them. */
import { sql } from 'kysely';
import type { DirectoryObjectId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import {
  isBigintId,
  isGroup,
  groupColumns,
  groupJoins,
  type ListedGroup,
  type ListQuery,
  searchGroups,
} from './directory-list.ts';
import { type AddressView, addressesOf, findHolder, memberOf } from './directory-relations.ts';
import { sortKey } from './directory-text.ts';
import type { KeysetPage } from './keyset.ts';
import type { SourceView } from './people.ts';
import { ConflictError, NotFoundError } from './record-errors.ts';

export interface GroupSummary {
  id: string;
  displayName: string;
  primaryAddress: string | null;
  kind: string;
  recipientType: string;
  state: 'enabled' | 'missing';
  /** Direct members, pending ones and those of a primary group included. Null: a dynamic group, whose members are found when asked for. */
  members: number | null;
}

export interface GroupView extends GroupSummary {
  addresses: AddressView[];
  memberOf: { id: string; displayName: string }[];
  attributes: Record<string, string[]>;
  sources: SourceView[];
  missingSince: string | null;
  changedAt: string;
}

/** By name. Those that are missing are listed too. @throws InvalidInputError when `after` is none of this list's */
export async function listGroups(tx: OrganisationTransaction, query: ListQuery): Promise<KeysetPage<GroupSummary>> {
  const { ids, next } = await searchGroups(tx, query);
  if (ids.length === 0) return { items: [], next };
  const { rows } = await sql<ListedGroup>`
    select ${groupColumns}
    from unnest(${ids}::bigint[]) with ordinality as wanted (id, place)
    cross join lateral (select * from directory_object o where o.id = wanted.id limit 1) o
    ${groupJoins}
    order by wanted.place`.execute(tx);
  const counts = await memberCounts(tx, ids);
  return { items: rows.map((row) => summary(row, counts.get(row.id) ?? 0)), next };
}

const summary = (row: ListedGroup, members: number): GroupSummary => ({
  id: row.id,
  displayName: row.display_name,
  primaryAddress: row.primary_address,
  kind: row.kind,
  recipientType: row.recipient_type,
  state: row.missing_since === null ? 'enabled' : 'missing',
  members: row.kind === 'dynamic-group' ? null : members,
});

async function memberCounts(
  tx: OrganisationTransaction,
  groups: readonly DirectoryObjectId[],
): Promise<Map<DirectoryObjectId, number>> {
  const { rows } = await sql<{ id: DirectoryObjectId; count: string }>`
    select given.id, m.count + p.count as count
    from unnest(${groups}::bigint[]) as given (id)
    cross join lateral (select * from directory_object g where g.id = given.id limit 1) g
    cross join lateral (select count(*) as count from directory_member m where m.group_id = g.id) m
    cross join lateral (
      select count(*) as count
      from (select o.dn_key, o.in_source from directory_object o where o.primary_group_sid = g.sid offset 0) o
      left join lateral (select true as also from directory_member m where m.group_id = g.id and m.member_key = o.dn_key limit 1) m on true
      where o.in_source and m.also is null) p`.execute(tx);
  return new Map(rows.map(({ id, count }) => [id, Number(count)]));
}

interface GroupObject extends ListedGroup {
  readonly integration: string;
  readonly guid: string;
  readonly dn: string;
  readonly attributes: Record<string, string[]>;
  readonly first_seen_at: Date;
  readonly changed_at: Date;
}

/**
 * A group by id, by an address that it holds, or by its whole name (without regard to case and accents).
 * @throws NotFoundError
 * @throws ConflictError `group.name-ambiguous` when several groups that are present have the name
 */
export async function findGroup(tx: OrganisationTransaction, idOrAddressOrName: string): Promise<GroupView> {
  const id = await groupId(tx, idOrAddressOrName);
  const { rows } = await sql<GroupObject>`
    select ${groupColumns}, i.name as integration, o.guid, o.dn, o.attributes, o.first_seen_at, o.changed_at
    from directory_object o
    join directory_integration i on i.id = o.integration_id
    ${groupJoins}
    where o.id = ${id}`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new NotFoundError('such group');
  return {
    ...summary(row, (await memberCounts(tx, [id])).get(id) ?? 0),
    addresses: await addressesOf(tx, id, false),
    memberOf: await memberOf(tx, [id]),
    attributes: row.attributes,
    sources: [
      {
        integration: row.integration,
        guid: row.guid,
        dn: row.dn,
        rule: 'self',
        since: row.first_seen_at.toISOString(),
      },
    ],
    missingSince: row.missing_since?.toISOString() ?? null,
    changedAt: row.changed_at.toISOString(),
  };
}

/**
 * The group that is meant. Numbers and addresses may be names too, so the name is tried last and never first.
 * @throws NotFoundError, ConflictError `group.name-ambiguous`
 */
export async function groupId(tx: OrganisationTransaction, text: string): Promise<DirectoryObjectId> {
  if (isBigintId(text)) {
    const { rows } = await sql<{ id: DirectoryObjectId }>`
      select o.id from directory_object o where o.id = ${text}::bigint and ${isGroup}`.execute(tx);
    if (rows[0] !== undefined) return rows[0].id;
  }
  if (text.includes('@')) {
    const holder = await findHolder(tx, text);
    if (holder !== undefined && (holder.kind === 'group' || holder.kind === 'dynamic-group')) return holder.id;
  }
  const { rows } = await sql<{ id: DirectoryObjectId; missing: boolean }>`
    select o.id, o.missing_since is not null as missing
    from directory_object o
    where o.sort_key = ${sortKey(text)} and ${isGroup}
    order by o.missing_since is not null, o.id desc
    limit 2`.execute(tx);
  const [first, second] = rows;
  if (first === undefined) throw new NotFoundError('such group');
  if (!first.missing && second?.missing === false) {
    throw new ConflictError({
      code: 'group.name-ambiguous',
      message: `More than one group is called "${text}".`,
      next: 'Ask by id or address: the list of groups has both.',
    });
  }
  return first.id;
}
