-- Who joined groups: $1 groups (jsonb array of {guid, usn, added: [{key, dn}]}), $2 integration, $3 invocationId of the
-- controller or null, $4 epoch of the reading that began last. As remove-members.sql, and both are told by now.
with input as materialized (
  select g.id, x.usn, x.added
  from jsonb_to_recordset($1::jsonb) as x (guid uuid, usn bigint, added jsonb)
  cross join lateral (
    select * from directory_object o
    where o.integration_id = $2 and o.guid = x.guid and o.kind in ('group', 'dynamic-group') limit 1) g
  cross join lateral (select * from directory_sighting s where s.object_id = g.id limit 1) s
  where not coalesce(s.members_invocation_id = $3::uuid and x.usn < s.members_usn, false)
),
joined as (
  insert into directory_member as m (group_id, member_key, org_id, member_dn, epoch)
  select i.id, decode(a.key, 'hex'), current_setting('lockstep.org')::uuid, a.dn, 0
  from input i
  cross join lateral jsonb_to_recordset(i.added) as a (key text, dn text)
  on conflict (group_id, member_key) do nothing
  returning m.group_id
),
told as (
  update directory_sighting s set
    members_usn = i.usn, members_invocation_id = case when i.usn is null then null else $3::uuid end, members_told_epoch = $4
  from input i
  where s.object_id = i.id
)
update directory_object o set changed_at = now() where o.id = any (array(select group_id from joined))
