-- Objects that were seen but could not be read or kept: $1 integration, $2 epoch, $3 first epoch of the run, $4 GUIDs,
-- $5 keys of distinguished names (when not even the GUID was readable). They stay as they are and do not go missing.
update directory_sighting s
set epoch = $2,
  outcome = case when s.epoch >= $3 and s.outcome in ('added', 'changed', 'returned') then s.outcome else 'same' end
where s.epoch <> $2 and s.object_id = any (array(
  select o.id from directory_object o
  where o.integration_id = $1 and o.guid = any ($4::uuid[]) and o.in_source
  union all
  select o.id from directory_object o
  where o.dn_key = any ($5::bytea[]) and o.integration_id = $1 and o.in_source))
