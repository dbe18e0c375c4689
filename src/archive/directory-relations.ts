/**
 * What an object has to do with others. A source names others by distinguished name; a name is resolved when it is
 * read, so that either side may come first. Of several objects that had a name over time (deleted and made again) the
 * one that is there counts, then the one of the same directory, then the latest.
 */
import { type RawBuilder, sql } from 'kysely';
import type { DirectoryObjectKind } from '../shared/directory.ts';
import type { DirectoryObjectId, IntegrationId, PersonId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';

export interface AddressView {
  address: string;
  primary: boolean;
  /** False when an older object holds the address. */
  held: boolean;
  disabled: boolean;
}

/** The person of an object, as a lateral join `alias`. */
const personOf = (object: RawBuilder<unknown>, alias: string) => sql`
  left join lateral (
    select p.* from person_link l join person p on p.id = l.person_id where l.object_id = ${object} and l.until is null limit 1) ${sql.raw(alias)} on true`;

/**
 * Every address that the object claims. The oldest claimant that is present holds one; who is not present holds it
 * while nobody else does. Of a person of several objects only the one that gives the mail attributes claims any.
 */
export async function addressesOf(
  tx: OrganisationTransaction,
  object: DirectoryObjectId,
  disabled: boolean,
): Promise<AddressView[]> {
  const { rows } = await sql<{ address: string; primary: boolean; held: boolean }>`
    select a.address, a.is_primary as primary, not exists (
        select from directory_address rival
        cross join lateral (select * from directory_object r where r.id = rival.object_id limit 1) r
        ${personOf(sql`r.id`, 'person')}
        where rival.address = a.address and r.id <> o.id and r.listed and r.missing_since is null
          and coalesce(person.mail_object, r.id) = r.id
          and (o.missing_since is not null or not o.listed
            or (coalesce(r.source_created, 'infinity'), r.guid, r.id) < (coalesce(o.source_created, 'infinity'), o.guid, o.id))) as held
    from directory_address a
    join directory_object o on o.id = a.object_id
    where a.object_id = ${object}
    order by a.is_primary desc, a.address`.execute(tx);
  return rows.map((row) => ({ ...row, disabled }));
}

/** The object that has the address, and the person that it is: of several claimants the one that holds it. */
export async function findHolder(
  tx: OrganisationTransaction,
  address: string,
): Promise<{ id: DirectoryObjectId; kind: DirectoryObjectKind; personId: PersonId | null } | undefined> {
  const { rows } = await sql<{ id: DirectoryObjectId; kind: DirectoryObjectKind; personId: PersonId | null }>`
    select o.id, o.kind, person.id as "personId"
    from directory_address a
    cross join lateral (select * from directory_object o where o.id = a.object_id limit 1) o
    ${personOf(sql`o.id`, 'person')}
    where a.address = ${address.trim().toLowerCase()} and o.listed
    -- An address that only another object of somebody claims is nobody's, and says all the same who that is.
    order by coalesce(person.mail_object, o.id) <> o.id, o.missing_since is not null, o.source_created nulls last, o.guid, o.id
    limit 1`.execute(tx);
  return rows[0];
}

/**
 * The object of this name, as a lateral join `alias` with its columns and `person_id`. A foreign security principal is the
 * object elsewhere that has its SID, or had it.
 */
export const namedBy = (dnKey: RawBuilder<unknown>, integration: RawBuilder<unknown>, alias: string) => sql`
  left join lateral (
    select o.*, l.person_id
    from (
      select o.* from directory_object o where o.dn_key = ${dnKey} and o.kind <> 'foreign-principal'
      union all
      select a.*
      from directory_object f
      cross join lateral (
        select a.* from directory_object a where a.sid = f.sid and a.kind <> 'foreign-principal'
        union all
        select a.* from directory_sid s
        cross join lateral (select * from directory_object a where a.id = s.object_id limit 1) a
        where s.sid = f.sid and s.role = 'former') a
      where f.dn_key = ${dnKey} and f.kind = 'foreign-principal' and f.in_source) o
    left join lateral (select l.person_id from person_link l where l.object_id = o.id and l.until is null limit 1) l on true
    where o.listed or o.in_source or l.person_id is not null
    order by not o.in_source and (not o.listed or o.missing_since is not null), o.integration_id <> ${integration},
      o.missing_since is not null, o.id desc
    limit 1) ${sql.raw(alias)} on true`;

/**
 * The names under which groups may have these objects as members, as a table (dn_key): their own and those of the foreign
 * principals that stand for them.
 */
export const memberKeysOf = (objects: RawBuilder<unknown>) => sql`(
  select self.dn_key
  from unnest(${objects}) as given (id)
  cross join lateral (select * from directory_object o where o.id = given.id limit 1) self
  -- A name that went to another object took the memberships along.
  where self.in_source or not exists (
    select from directory_object heir where heir.dn_key = self.dn_key and heir.in_source)
  union
  select f.dn_key
  from unnest(${objects}) as given (id)
  cross join lateral (
    select o.sid from directory_object o where o.id = given.id and o.sid is not null
    union all
    select s.sid from directory_sid s where s.object_id = given.id and s.role = 'former') sids
  cross join lateral (select * from directory_object f where f.sid = sids.sid offset 0) f
  where f.kind = 'foreign-principal' and f.in_source)`;

/** Groups of whose direct members one is one of these objects, by name. Groups that are missing are none. */
export async function memberOf(
  tx: OrganisationTransaction,
  objects: readonly DirectoryObjectId[],
): Promise<{ id: string; displayName: string }[]> {
  const { rows } = await sql<{ id: string; displayName: string }>`
    select g.id, g.display_name as "displayName"
    from (
      select m.group_id as id
      from ${memberKeysOf(sql`${objects}::bigint[]`)} keys
      cross join lateral (select m.group_id from directory_member m where m.member_key = keys.dn_key offset 0) m
      union
      select primary_group.id
      from unnest(${objects}::bigint[]) as given (id)
      cross join lateral (select * from directory_object o where o.id = given.id limit 1) self
      cross join lateral (select * from directory_object g where g.sid = self.primary_group_sid offset 0) primary_group
      where self.in_source and primary_group.kind = 'group') groups
    cross join lateral (select * from directory_object g where g.id = groups.id limit 1) g
    where g.listed and g.missing_since is null
    order by g.sort_key, g.id`.execute(tx);
  return rows;
}

export interface ManagerView {
  readonly personId: PersonId | null;
  readonly displayName: string;
}

/** The person whose name the object gives as its manager; undefined when that name is not known. */
export async function findManager(
  tx: OrganisationTransaction,
  { managerKey, integration }: { readonly managerKey: Buffer; readonly integration: IntegrationId },
): Promise<ManagerView | undefined> {
  const { rows } = await sql<{ displayName: string | null; personId: PersonId | null }>`
    select boss.display_name as "displayName", person.id as "personId"
    from (values (1)) one
    ${namedBy(sql`${managerKey}`, sql`${integration}::uuid`, 'boss')}
    left join person on person.id = boss.person_id and person.sort_key is not null`.execute(tx);
  const [row] = rows;
  return row?.displayName == null ? undefined : { personId: row.personId, displayName: row.displayName };
}

/** People of whose objects one that is present names one of these as its manager; nobody is a report of the person itself. */
export async function countDirectReports(
  tx: OrganisationTransaction,
  person: PersonId,
  objects: readonly DirectoryObjectId[],
): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(distinct p.id) as count
    from unnest(${objects}::bigint[]) as given (id)
    cross join lateral (select * from directory_object o where o.id = given.id limit 1) self
    cross join lateral (select * from directory_object o where o.manager_key = self.dn_key offset 0) o
    cross join lateral (select * from person_link l where l.object_id = o.id and l.until is null limit 1) l
    cross join lateral (select * from person p where p.id = l.person_id and p.sort_key is not null limit 1) p
    where (self.in_source or self.listed and self.missing_since is null) and (o.in_source or o.listed) and o.missing_since is null
      and p.id <> ${person}`.execute(tx);
  return Number(rows[0]?.count ?? 0);
}
