-- The last page: objects that the epoch did not see are no longer in the source. $1 integration, $2 epoch, $3 USN of the
-- watermark and $4 invocationId of its controller, or null. One that a change told since the reading began may have come too late
-- to be seen; but not in a state from before the watermark.
update directory_object o
set in_source = false, in_scope = false
from directory_sighting s
where s.integration_id = $1 and s.epoch < $2 and (s.told_epoch < $2 or s.invocation_id = $4::uuid and s.usn <= $3::bigint) and o.id = s.object_id and o.in_source
returning o.id::text
