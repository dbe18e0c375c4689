-- Objects that are no longer who they were: $1 ids. A link of this very transaction never was.
with unmade as (
  delete from person_link where object_id = any ($1::bigint[]) and until is null and since = now()
)
update person_link set until = now(), until_run = nullif(current_setting('lockstep.run', true), '')::uuid where object_id = any ($1::bigint[]) and until is null and since < now()
