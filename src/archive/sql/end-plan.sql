-- The last page of a plan: objects that it did not meet would go missing. $1 run, $2 integration. Gives how many
-- go, those included that were met outside of the scope.
with gone as (
  insert into directory_plan_entry (run_id, org_id, guid, action, subject)
  select $1, o.org_id, o.guid, 'missing', o.display_name
  from directory_object o
  where o.integration_id = $2 and o.listed and o.missing_since is null
    and not exists (select from directory_plan_entry e where e.run_id = $1 and e.guid = o.guid)
  returning 1
)
select (select count(*) from gone)
  + (select count(*) from directory_plan_entry where run_id = $1 and action = 'missing') as missing
