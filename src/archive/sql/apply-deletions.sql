-- Objects that a change says were deleted: $1 objects (jsonb array of {guid, usn}), $2 integration, $3 epoch, $4 invocationId of
-- the controller or null. One that was never read is remembered, for a page that was read before may still bring it; so is the
-- name of one that was. Gives those that are gone now, known ones told again included.
with input as materialized (
  select * from jsonb_to_recordset($1::jsonb) as x (guid uuid, usn bigint)
),
before as materialized (
  select x.guid, x.usn, o.id, o.in_source, o.listed, o.missing_since, o.dn, o.dn_key,
    coalesce(s.invocation_id = $4::uuid and x.usn < s.usn, false) as stale
  from input x
  left join lateral (select * from directory_object o where o.integration_id = $2 and o.guid = x.guid limit 1) o on true
  left join lateral (select * from directory_sighting s where s.object_id = o.id limit 1) s on true
),
gone as (
  update directory_object o set in_source = false, in_scope = false, changed_at = now()
  where o.id = any (array(select id from before where in_source and not stale))
),
stamped as (
  update directory_sighting s set
    usn = b.usn, invocation_id = case when b.usn is null then null else $4::uuid end, told_epoch = $3
  from before b
  where s.object_id = b.id and not b.stale
),
nameless as (
  insert into directory_former_name (integration_id, dn_key, object_id, org_id)
  select $2, dn_key, id, current_setting('lockstep.org')::uuid from before where id is not null and not stale
  on conflict (integration_id, dn_key, object_id) do update set until = now()
),
buried as (
  insert into directory_tombstone as t (integration_id, guid, org_id, usn, invocation_id, told_epoch)
  select $2, guid, current_setting('lockstep.org')::uuid, usn, $4::uuid, $3 from before where id is null
  on conflict (integration_id, guid) do update set
    usn = excluded.usn, invocation_id = excluded.invocation_id, told_epoch = excluded.told_epoch
)
select id::text, guid, dn, dn_key, listed and missing_since is null as leaves from before where id is not null and not stale
