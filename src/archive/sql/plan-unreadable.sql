-- Objects that were seen but could not be read or kept would stay as they are: $1 run, $2 integration, $3 GUIDs, $4
-- keys of distinguished names.
insert into directory_plan_entry (run_id, org_id, guid, action, subject)
select $1::uuid, o.org_id, o.guid, 'same', o.display_name
from directory_object o
where o.integration_id = $2 and o.guid = any ($3::uuid[]) and o.listed and o.missing_since is null
union
select $1::uuid, o.org_id, o.guid, 'same', o.display_name
from directory_object o
where o.dn_key = any ($4::bytea[]) and o.integration_id = $2 and o.listed and o.missing_since is null
on conflict do nothing
