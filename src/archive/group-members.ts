/**
 * Members of groups: the direct ones, or with those of the groups in it (effective). A group may have any number, so they are walked
 * through by the keys of their names, and what a page looks at is bounded by it. Where dynamic groups are concerned, the
 * objects of the directories are walked through after that: see dynamic-groups.ts.
 */
import { sql } from 'kysely';
import type { DirectoryObjectId, PersonId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { memberKeysOf, namedBy } from './directory-relations.ts';
import { findRecipients, type RecipientPosition, recipientPosition, recipientPositionOf } from './group-recipients.ts';
import { groupsInside, type GroupsInside } from './group-nesting.ts';
import { groupId } from './groups.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { loadPeople } from './person-objects.ts';
import type { PersonState } from './person-parts.ts';
import { InvalidInputError } from './record-errors.ts';

export interface GroupMemberView {
  dn: string;
  /** pending: the object is not (yet) known. */
  kind: 'person' | 'group' | 'pending';
  /** Null when pending, and for who is known and no person of the archive (without an address, left out by a filter). */
  id: string | null;
  displayName: string | null;
  primaryAddress: string | null;
  /** Null where `id` is. */
  state: PersonState | null;
  /** Why it is one. */
  by: 'member' | 'primary-group' | 'filter';
}

export interface MembersQuery {
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
  /** Not the groups in it but their members, through all levels; nobody twice. */
  readonly effective?: boolean | undefined;
}

/**
 * Members of a group, in an order that has no meaning but stays. A page may have fewer than `limit` and still have a `next`.
 * @throws NotFoundError, InvalidInputError when `after` is none of this list's
 * @throws ConflictError `group.name-ambiguous`, `group.filter-unreadable`
 */
export async function listGroupMembers(
  tx: OrganisationTransaction,
  idOrAddressOrName: string,
  { after = '', limit, effective = false }: MembersQuery,
): Promise<KeysetPage<GroupMemberView>> {
  const id = await groupId(tx, idOrAddressOrName);
  const position = positionOf(after);
  const inside = await groupsInside(tx, id, effective);
  const page = typeof position === 'string' ? await namedMembers(tx, inside.listed, position, limit) : await recipientsOf(tx, inside, position, limit);
  const next = page.next ?? (typeof position === 'string' && inside.dynamic.length > 0 ? recipientPosition() : null);
  return { items: await asViews(tx, effective ? await withoutRepetitions(tx, inside, page.items) : page.items), next };
}

/** A key of a name in hex ('': the beginning), or where the recipients of dynamic groups are looked for. */
function positionOf(after: string): string | RecipientPosition {
  const position = /^(?:[0-9a-f]{32})?$/.test(after) ? after : recipientPositionOf(after);
  if (position === undefined) throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
  return position;
}

interface Member {
  /** In hex; null for who is found by a filter. */
  readonly key: string | null;
  readonly dn: string;
  readonly by: GroupMemberView['by'];
  /** Null: pending. */
  readonly id: DirectoryObjectId | null;
  readonly is_group: boolean | null;
  readonly person_id: PersonId | null;
  readonly display_name: string | null;
  readonly primary_address: string | null;
  /** Of a group. */
  readonly listed: boolean | null;
  readonly missing: boolean | null;
}

async function namedMembers(
  tx: OrganisationTransaction,
  groups: readonly DirectoryObjectId[],
  after: string,
  limit: number,
): Promise<KeysetPage<Member>> {
  const { rows } = await sql<Member & { readonly key: string }>`
    with groups as materialized (
      select g.id, g.sid, g.integration_id
      from unnest(${groups}::bigint[]) as given (id)
      cross join lateral (select * from directory_object g where g.id = given.id limit 1) g
    ),
    keys as materialized (
      select distinct on (m.key) m.key, m.dn, m.by, g.integration_id
      from groups g
      cross join lateral (
        (select m.member_key as key, m.member_dn as dn, 'member' as by
          from directory_member m
          where m.group_id = g.id and m.member_key > decode(${after}, 'hex')
          order by m.member_key limit ${limit + 1})
        union all
        (select o.dn_key, o.dn, 'primary-group'
          from directory_object o
          where o.primary_group_sid = g.sid and o.dn_key > decode(${after}, 'hex') and o.in_source
          order by o.dn_key limit ${limit + 1})) m
      order by m.key, m.by, g.integration_id
      limit ${limit + 1}
    )
    select encode(k.key, 'hex') as key, k.dn, k.by, who.id, who.kind in ('group', 'dynamic-group') as is_group, who.person_id,
      who.display_name, mail.address as primary_address, who.listed, who.missing_since is not null as missing
    from keys k
    ${namedBy(sql`k.key`, sql`k.integration_id`, 'who')}
    left join lateral (select a.address from directory_address a where a.object_id = who.id and a.is_primary limit 1) mail on true
    order by k.key`.execute(tx);
  return keysetPage(rows, limit, (row) => row.key);
}

async function recipientsOf(
  tx: OrganisationTransaction,
  { dynamic }: GroupsInside,
  position: RecipientPosition,
  limit: number,
): Promise<KeysetPage<Member>> {
  const { found, next } = await findRecipients(tx, dynamic, position, limit);
  const items = found.map((object): Member => ({ ...object, key: null, by: 'filter', listed: true, missing: false }));
  return { items, next };
}

/**
 * Only who is no group, and nobody who came before: by another name (of another of the objects that a person is, or of a foreign principal), or
 * by a name at all when found by a filter.
 */
async function withoutRepetitions(tx: OrganisationTransaction, { listed }: GroupsInside, members: readonly Member[]): Promise<Member[]> {
  const others = members.filter(({ is_group }) => is_group !== true);
  const known = others.flatMap(({ key, id, person_id: person }, place) => (id === null ? [] : [{ place, key, id, person }]));
  if (known.length === 0) return others;
  const { rows } = await sql<{ place: number }>`
    select x.place
    from jsonb_to_recordset(${JSON.stringify(known)}::jsonb) as x (place integer, key text, id bigint, person bigint)
    cross join lateral (
      select coalesce(array_agg(l.object_id), array[x.id]) as ids from person_link l where l.person_id = x.person and l.until is null) objects
    where exists (
      select from ${memberKeysOf(sql`objects.ids`)} k
      where (x.key is null or k.dn_key < decode(x.key, 'hex')) and (
        exists (
          select from (select m.group_id from directory_member m where m.member_key = k.dn_key offset 0) m
          where m.group_id = any (${listed}::bigint[]))
        or exists (
          select from (select * from directory_object o where o.dn_key = k.dn_key and o.in_source and o.primary_group_sid is not null offset 0) o
          cross join lateral (select g.id from directory_object g where g.sid = o.primary_group_sid offset 0) g
          where g.id = any (${listed}::bigint[]))))`.execute(tx);
  const repeated = new Set(rows.map(({ place }) => place));
  return others.filter((_, place) => !repeated.has(place));
}

async function asViews(tx: OrganisationTransaction, members: readonly Member[]): Promise<GroupMemberView[]> {
  const people = await loadPeople(tx, [...new Set(members.flatMap(({ person_id }) => person_id ?? []))]);
  return members.map(({ dn, by, id, is_group, person_id, display_name, primary_address, listed, missing }): GroupMemberView => {
    if (id === null) return { dn, kind: 'pending', id: null, displayName: null, primaryAddress: null, state: null, by };
    if (is_group === true) {
      const known = { dn, kind: 'group', displayName: display_name, primaryAddress: primary_address, by } as const;
      return listed === true ? { ...known, id, state: missing === true ? 'missing' : 'enabled' } : { ...known, id: null, state: null };
    }
    const person = person_id === null ? undefined : people.get(person_id);
    if (person === undefined) return { dn, kind: 'person', id: null, displayName: display_name, primaryAddress: primary_address, state: null, by };
    return { dn, kind: 'person', id: person.id, displayName: person.displayName, primaryAddress: person.primaryAddress, state: person.state, by };
  });
}
