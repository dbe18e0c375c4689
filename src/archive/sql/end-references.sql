-- Nobody of the same directory names a deleted object any more, as in the source: $1 keys of names, $2 integration. A name that
-- another object has by now is that one's.
with keys as materialized (
  select key from unnest($1::bytea[]) as k (key)
  where not exists (
    select from directory_object heir
    where heir.dn_key = k.key and heir.integration_id = $2 and heir.in_source)
),
left_groups as (
  delete from directory_member m
  using directory_object g
  where m.member_key = any (array(select key from keys))
    and g.id = m.group_id and g.integration_id = $2
)
update directory_object o set manager_key = null, attributes = o.attributes - 'manager'
where o.manager_key = any (array(select key from keys)) and o.integration_id = $2
