-- Who left groups: $1 groups (jsonb array of {guid, usn, removed: [key]}), $2 integration, $3 invocationId of the controller or
-- null. Of a change that is older than the stored list nothing is taken. For `any (array …)` see apply-objects.sql.
with input as materialized (
  select g.id, x.removed
  from jsonb_to_recordset($1::jsonb) as x (guid uuid, usn bigint, removed jsonb)
  cross join lateral (
    select * from directory_object o
    where o.integration_id = $2 and o.guid = x.guid and o.kind in ('group', 'dynamic-group') limit 1) g
  cross join lateral (select * from directory_sighting s where s.object_id = g.id limit 1) s
  where not coalesce(s.members_invocation_id = $3::uuid and x.usn < s.members_usn, false)
),
names as materialized (
  select i.id, decode(k.key, 'hex') as key from input i cross join lateral jsonb_array_elements_text(i.removed) as k (key)
),
gone as (
  delete from directory_member m
  where m.group_id = any (array(select id from names)) and m.member_key = any (array(select key from names))
    and (m.group_id, m.member_key) in (select n.id, n.key from names n)
  returning m.group_id
)
update directory_object o set changed_at = now() where o.id = any (array(select group_id from gone))
