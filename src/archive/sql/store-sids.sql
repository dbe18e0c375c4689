-- What the objects of a page say of other SIDs: $1 their GUIDs, $2 claims (jsonb array of {guid, sid, role}), $3 integration,
-- $4 ids of the objects that were written. Gives the ids of those that say another thing than before.
with objects as materialized (
  select o.id, o.guid
  from unnest($1::uuid[]) as given (guid)
  cross join lateral (select * from directory_object o where o.integration_id = $3 and o.guid = given.guid limit 1) o
  where o.id = any ($4::bigint[])
),
claims as materialized (
  select o.id, x.sid, x.role
  from jsonb_to_recordset($2::jsonb) as x (guid uuid, sid text, role text)
  join objects o on o.guid = x.guid
),
dropped as (
  delete from directory_sid s
  where s.object_id = any (array(select id from objects)) and (s.object_id, s.sid, s.role) not in (select id, sid, role from claims)
  returning s.object_id
),
said as (
  insert into directory_sid (object_id, org_id, sid, role)
  select id, current_setting('lockstep.org')::uuid, sid, role from claims
  on conflict do nothing
  returning object_id
)
select object_id::text as id from dropped union select object_id::text from said
