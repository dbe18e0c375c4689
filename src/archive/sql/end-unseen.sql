-- The last page: objects that the epoch did not see, and of which no change told since it began, are no longer in the source.
-- $1 integration, $2 epoch.
update directory_object o
set in_source = false, in_scope = false
from directory_sighting s
where s.integration_id = $1 and s.epoch < $2 and s.told_epoch < $2 and o.id = s.object_id and o.in_source
