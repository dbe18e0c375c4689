/** Groups of an organisation, as the API shows them, and their direct members. */
import { sql } from 'kysely';
import type { DirectoryObjectId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import {
  isBigintId,
  isGroup,
  listedColumns,
  listedJoins,
  type ListedObject,
  listObjects,
  type ListQuery,
} from './directory-list.ts';
import { type AddressView, addressesOf, findHolder, memberOf, namedBy } from './directory-relations.ts';
import { sortKey } from './directory-text.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import type { SourceView } from './people.ts';
import { ConflictError, InvalidInputError, NotFoundError } from './record-errors.ts';

export interface GroupSummary {
  id: string;
  displayName: string;
  primaryAddress: string | null;
  kind: string;
  recipientType: string;
  state: 'enabled' | 'missing';
  /** Direct members, pending ones included. */
  members: number;
}

export interface GroupView extends GroupSummary {
  addresses: AddressView[];
  memberOf: { id: string; displayName: string }[];
  attributes: Record<string, string[]>;
  sources: SourceView[];
  missingSince: string | null;
  changedAt: string;
}

export interface GroupMemberView {
  dn: string;
  /** pending: the object is not (yet) known. */
  kind: 'person' | 'group' | 'pending';
  /** Null when pending, and for a person that the e-mail domain filter leaves out. */
  id: string | null;
  displayName: string | null;
  primaryAddress: string | null;
}

/** By name. Those that are missing are listed too. @throws InvalidInputError when `after` is none of this list's */
export async function listGroups(tx: OrganisationTransaction, query: ListQuery): Promise<KeysetPage<GroupSummary>> {
  const page = await listObjects(tx, isGroup, query);
  const counts = await memberCounts(
    tx,
    page.items.map(({ id }) => id),
  );
  return { ...page, items: page.items.map((row) => summary(row, counts.get(row.id) ?? 0)) };
}

const summary = (row: ListedObject, members: number): GroupSummary => ({
  id: row.id,
  displayName: row.display_name,
  primaryAddress: row.primary_address,
  kind: row.kind,
  recipientType: row.recipient_type,
  state: row.missing_since === null ? 'enabled' : 'missing',
  members,
});

async function memberCounts(
  tx: OrganisationTransaction,
  groups: readonly DirectoryObjectId[],
): Promise<Map<DirectoryObjectId, number>> {
  const { rows } = await sql<{ id: DirectoryObjectId; count: string }>`
    select g.id, m.count
    from unnest(${groups}::bigint[]) as g (id)
    cross join lateral (select count(*) as count from directory_member m where m.group_id = g.id) m`.execute(tx);
  return new Map(rows.map(({ id, count }) => [id, Number(count)]));
}

interface GroupObject extends ListedObject {
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
    select ${listedColumns}, i.name as integration, o.guid, o.dn, o.attributes, o.first_seen_at, o.changed_at
    from directory_object o ${listedJoins}
    where o.id = ${id}`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new NotFoundError('such group');
  return {
    ...summary(row, (await memberCounts(tx, [id])).get(id) ?? 0),
    addresses: await addressesOf(tx, [id], false),
    memberOf: await memberOf(tx, id),
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

/** Numbers and addresses may be names too, so the name is tried last and never first. */
async function groupId(tx: OrganisationTransaction, text: string): Promise<DirectoryObjectId> {
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

export interface MembersQuery {
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * Direct members of a group, in an order that has no meaning but stays (a group may have any number of members, which
 * are found by their keys).
 * @throws NotFoundError, InvalidInputError when `after` is none of this list's
 */
export async function listGroupMembers(
  tx: OrganisationTransaction,
  idOrAddressOrName: string,
  { after = '', limit }: MembersQuery,
): Promise<KeysetPage<GroupMemberView>> {
  const id = await groupId(tx, idOrAddressOrName);
  if (!/^(?:[0-9a-f]{32})?$/.test(after))
    throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
  const { rows } = await sql<{
    key: string;
    dn: string;
    kind: string | null;
    id: string | null;
    displayName: string | null;
    primaryAddress: string | null;
  }>`
    select encode(m.member_key, 'hex') as key, m.member_dn as dn, who.kind,
      case when who.kind in ('group', 'dynamic-group') then who.id when who.included then who.person_id end as id,
      who.display_name as "displayName", mail.address as "primaryAddress"
    from (
      select m.*, g.integration_id from directory_member m join directory_object g on g.id = m.group_id
      where m.group_id = ${id} and m.member_key > decode(${after}, 'hex')
      order by m.member_key limit ${limit + 1}) m
    ${namedBy(sql`m.member_key`, sql`m.integration_id`, 'who')}
    left join lateral (select a.address from directory_address a where a.object_id = who.id and a.is_primary limit 1) mail on true
    order by m.member_key`.execute(tx);
  const page = keysetPage(rows, limit, (row) => row.key);
  return {
    ...page,
    items: page.items.map(({ dn, kind, id: member, displayName, primaryAddress }) => ({
      dn,
      kind: memberKind(kind),
      id: member,
      displayName,
      primaryAddress,
    })),
  };
}

const memberKind = (kind: string | null): GroupMemberView['kind'] =>
  kind === null ? 'pending' : kind === 'group' || kind === 'dynamic-group' ? 'group' : 'person';
