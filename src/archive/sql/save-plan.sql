-- The entries of a plan in the order in which they are shown: $1 run, $2 actions in this order. Gives how many there are of each.
with saved as (
  insert into public.directory_plan_entry (run_id, position, org_id, action, kind, directory, guid, subject, detail, changes)
  select $1, row_number() over (order by array_position($2::text[], action), sort_key, guid, detail), current_setting('lockstep.org')::uuid,
    action, kind, directory, guid, subject, detail, changes
  from pg_temp.plan_entry
  returning action, kind
)
select action, count(*) filter (where kind not in ('group', 'dynamic-group')) as people,
  count(*) filter (where kind in ('group', 'dynamic-group')) as groups
from saved
group by action
order by array_position($2::text[], action)
