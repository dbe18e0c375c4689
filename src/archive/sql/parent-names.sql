-- Names of the objects that others are in: $1 GUIDs, $2 integration, $3 epoch of a reading or null. For a reading only those
-- that it has seen, or that a change has told of since it began: of others the source's word is newer than what is stored.
select o.guid, o.dn, s.told_epoch >= $3 as told, s.usn, s.invocation_id
from unnest($1::uuid[]) as wanted (guid)
cross join lateral (select * from directory_object o where o.integration_id = $2 and o.guid = wanted.guid limit 1) o
cross join lateral (select * from directory_sighting s where s.object_id = o.id limit 1) s
where o.in_source and ($3::bigint is null or s.epoch = $3 or s.told_epoch >= $3)
