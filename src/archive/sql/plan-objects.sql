-- Objects of which anybody would see a difference: the copy of the tables (shadow-tables.ts) against the tables. An object is
-- never deleted, so all are in the copy. Their content only of those that are seen before and after.
declare plan_objects no scroll cursor for
select a.guid, a.kind, i.name as directory, a.display_name, a.sort_key,
  (select d.address from pg_temp.directory_address d where d.object_id = a.id and d.is_primary limit 1) as address,
  coalesce(b.listed, false) as known, s.was_seen, s.is_seen,
  case when s.was_seen and s.is_seen then b.dn end as dn_before,
  case when s.was_seen and s.is_seen then b.attributes end as attributes_before,
  case when s.was_seen and s.is_seen then a.dn end as dn_after,
  case when s.was_seen and s.is_seen then a.attributes end as attributes_after,
  m.before as members_before, m.after as members_after
from pg_temp.directory_object a
join pg_temp.directory_integration i on i.id = a.integration_id
left join public.directory_object b on b.id = a.id
cross join lateral (
  select coalesce(b.listed and b.missing_since is null, false) as was_seen,
    a.listed and a.missing_since is null as is_seen) s
left join pg_temp.plan_member m on m.group_id = a.id
where s.was_seen <> s.is_seen
  or s.is_seen and (a.content_hash <> b.content_hash or a.dn <> b.dn or a.manager_key is distinct from b.manager_key
    or m.group_id is not null)
