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

/**
 * Every address that the objects claim. The oldest claimant that is present holds one; who is not present holds it
 * while nobody else does.
 */
export async function addressesOf(
  tx: OrganisationTransaction,
  objects: readonly DirectoryObjectId[],
  disabled: boolean,
): Promise<AddressView[]> {
  const { rows } = await sql<{ address: string; primary: boolean; held: boolean }>`
    select a.address, bool_or(a.is_primary) as primary, bool_or(not exists (
        select from directory_address rival
        cross join lateral (select * from directory_object r where r.id = rival.object_id limit 1) r
        where rival.address = a.address and r.guid <> o.guid and r.listed and r.included and r.missing_since is null
          and (o.missing_since is not null or not o.listed or not o.included
            or (coalesce(r.source_created, 'infinity'), r.guid) < (coalesce(o.source_created, 'infinity'), o.guid)))) as held
    from directory_address a
    join directory_object o on o.id = a.object_id
    where a.object_id = any (${objects}::bigint[])
    group by a.address
    order by bool_or(a.is_primary) desc, a.address`.execute(tx);
  return rows.map((row) => ({ ...row, disabled }));
}

/** The object that has the address: of several claimants the one that holds it. */
export async function findHolder(
  tx: OrganisationTransaction,
  address: string,
): Promise<{ id: DirectoryObjectId; kind: DirectoryObjectKind } | undefined> {
  const { rows } = await sql<{ id: DirectoryObjectId; kind: DirectoryObjectKind }>`
    select o.id, o.kind
    from directory_address a
    cross join lateral (select * from directory_object o where o.id = a.object_id limit 1) o
    where a.address = ${address.trim().toLowerCase()} and o.listed and o.included
    order by o.missing_since is not null, o.source_created nulls last, o.guid, o.id
    limit 1`.execute(tx);
  return rows[0];
}

/** The object of this name, as a lateral join `alias` with its columns and `person_id`. */
export const namedBy = (dnKey: RawBuilder<unknown>, integration: RawBuilder<unknown>, alias: string) => sql`
  left join lateral (
    select o.*, (
      select coalesce(p.merged_into, p.id) from person_link l join person p on p.id = l.person_id
      where l.object_id = o.id and l.until is null limit 1) as person_id
    from directory_object o
    where o.dn_key = ${dnKey} and o.listed
    order by o.missing_since is not null, o.integration_id <> ${integration}, o.id desc
    limit 1) ${sql.raw(alias)} on true`;

/** Groups of whose direct members one is this object, by name. Groups that are missing are none. */
export async function memberOf(
  tx: OrganisationTransaction,
  object: DirectoryObjectId,
): Promise<{ id: string; displayName: string }[]> {
  const { rows } = await sql<{ id: string; displayName: string }>`
    select g.id, g.display_name as "displayName"
    from directory_object self
    join directory_member m on m.member_key = self.dn_key
    cross join lateral (select * from directory_object g where g.id = m.group_id limit 1) g
    where self.id = ${object} and g.listed and g.missing_since is null
      -- A name that went to another object took the memberships along.
      and (self.missing_since is null or not exists (
        select from directory_object heir where heir.dn_key = self.dn_key and heir.listed and heir.missing_since is null))
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
    select boss.display_name as "displayName", case when boss.included then boss.person_id end as "personId"
    from (values (1)) one
    ${namedBy(sql`${managerKey}`, sql`${integration}::uuid`, 'boss')}`.execute(tx);
  const [row] = rows;
  return row?.displayName == null ? undefined : { personId: row.personId, displayName: row.displayName };
}

/** People who name the object as their manager. */
export async function countDirectReports(tx: OrganisationTransaction, object: DirectoryObjectId): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(*) as count
    from directory_object self
    join directory_object o on o.manager_key = self.dn_key
    where self.id = ${object} and self.missing_since is null and o.missing_since is null
      and o.listed and o.included and o.kind in ('user', 'contact', 'public-folder')`.execute(tx);
  return Number(rows[0]?.count ?? 0);
}
