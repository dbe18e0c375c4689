-- Objects below renamed ones whose own names do not say so yet: $1 GUIDs of the renamed, $2 integration. Where a child's name
-- is right already, so are those below it. 200 levels are more than any directory has.
with recursive tree as (
  select o.id, o.guid, o.dn_key, o.in_scope, o.rdn || ',' || p.dn as dn, 1 as depth
  from unnest($1::uuid[]) as renamed (guid)
  cross join lateral (select * from directory_object p where p.integration_id = $2 and p.guid = renamed.guid limit 1) p
  cross join lateral (
    select * from directory_object o where o.integration_id = $2 and o.parent_guid = p.guid offset 0) o
  where o.in_source and o.dn <> o.rdn || ',' || p.dn
  union all
  select o.id, o.guid, o.dn_key, o.in_scope, o.rdn || ',' || t.dn, t.depth + 1
  from tree t
  cross join lateral (
    select * from directory_object o where o.integration_id = $2 and o.parent_guid = t.guid offset 0) o
  where o.in_source and o.dn <> o.rdn || ',' || t.dn and t.depth < 200
)
-- Both a container and one above it may have been renamed: the path from the uppermost is whole.
select distinct on (id) id, encode(dn_key, 'hex') as before, in_scope, dn from tree order by id, depth desc
