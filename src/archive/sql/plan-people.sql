-- People of whose objects one differs, by the object that each is by itself: the copy of the tables (shadow-tables.ts) against the
-- tables. With the person that this object was, and is.
declare plan_people no scroll cursor for
with differing as materialized (
  select a.id
  from pg_temp.directory_object a
  join public.directory_object b on b.id = a.id
  join pg_temp.directory_integration i on i.id = a.integration_id
  join public.directory_integration j on j.id = a.integration_id
  where a.content_hash <> b.content_hash or a.disabled <> b.disabled or a.in_source <> b.in_source or a.listed <> b.listed
    or (a.missing_since is null) <> (b.missing_since is null)
    or i.settings -> 'acknowledgeDisabled' is distinct from j.settings -> 'acknowledgeDisabled'
  union
  select object_id
  from (select * from public.person_link where until is null) b
  full join (select * from pg_temp.person_link where until is null) a using (object_id)
  where a.person_id is distinct from b.person_id
),
people as materialized (
  select l.person_id from pg_temp.person_link l join differing d on d.id = l.object_id where l.until is null
  union
  select l.person_id from public.person_link l join differing d on d.id = l.object_id where l.until is null
)
select o.guid, o.kind, i.name as directory, o.display_name, o.sort_key, b.person_id as person_before, a.person_id as person_after
from people p
join pg_temp.person_link a on a.person_id = p.person_id and a.until is null and a.rule = 'self'
join public.person_link b on b.object_id = a.object_id and b.until is null
join pg_temp.directory_object o on o.id = a.object_id
join pg_temp.directory_integration i on i.id = o.integration_id
