-- The last page: objects that the epoch did not see are missing from now on. $1 integration, $2 epoch, $3 first epoch
-- of the run. Gives how many the run has found missing, those of an earlier attempt that got this far included.
with gone as (
  update directory_object o
  set missing_since = now()
  from directory_sighting s
  where s.integration_id = $1 and s.epoch < $2 and o.id = s.object_id and o.missing_since is null
  returning o.id
),
stamped as (
  update directory_sighting s set epoch = $2, outcome = 'missing' from gone where s.object_id = gone.id
)
select (select count(*) from gone)
  + (select count(*) from directory_sighting s where s.integration_id = $1 and s.outcome = 'missing' and s.epoch >= $3) as missing
