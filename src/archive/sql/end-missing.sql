-- The last page: who is listed and no longer in scope is missing from now on. $1 integration, $2 epoch, $3 first epoch of the
-- run. Gives how many the run has found missing, those of an earlier attempt that got this far included.
with gone as (
  update directory_object
  set missing_since = now()
  where integration_id = $1 and listed and missing_since is null and not in_scope
  returning id
),
stamped as (
  update directory_sighting s set epoch = $2, outcome = 'missing' where s.object_id = any (array(select id from gone))
)
select (select count(*) from gone)
  + (select count(*) from directory_sighting s where s.integration_id = $1 and s.outcome = 'missing' and s.epoch >= $3) as missing
