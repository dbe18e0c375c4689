-- Objects whose groups may have changed, with the groups that they are in: $1 keys of their names, $2 integration, $3 names of
-- groups, of which everybody who says to be in one is meant too.
with candidates as materialized (
  select o.id from directory_object o
  where o.dn_key = any ($1::bytea[]) and o.integration_id = $2 and o.in_source
  union
  select o.id from directory_object o
  where o.integration_id = $2 and o.in_source and cardinality($3::text[]) > 0
    and (o.attributes -> 'memberOf' ?| $3::text[] or o.attributes -> 'memberof' ?| $3::text[])
)
select o.guid, o.dn, o.attributes, s.usn, s.invocation_id, array(
    select g.dn
    from directory_member m
    cross join lateral (select * from directory_object g where g.id = m.group_id limit 1) g
    where m.org_id = o.org_id and m.member_key = o.dn_key and g.integration_id = $2 and g.in_source) as groups
from candidates c
cross join lateral (select * from directory_object o where o.id = c.id limit 1) o
cross join lateral (select * from directory_sighting s where s.object_id = c.id limit 1) s
