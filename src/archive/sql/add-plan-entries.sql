-- Entries of a plan from one page: $1 entries (jsonb array, each object once), $2 run. An object met again replaces its
-- entry. Gives how many entries of each action there are more than before.
with input as materialized (
  select * from jsonb_to_recordset($1::jsonb) as x (guid uuid, action text, subject text, changes jsonb)
),
before as materialized (
  select e.guid, e.action from directory_plan_entry e
  where e.run_id = $2 and e.guid = any (array(select guid from input))
),
written as (
  insert into directory_plan_entry as e (run_id, org_id, guid, action, subject, changes)
  select $2, current_setting('lockstep.org')::uuid, guid, action, subject, changes from input
  on conflict (run_id, guid) do update set
    action = excluded.action, subject = excluded.subject, changes = excluded.changes
)
select action, sum(n) as count
from (select action, 1 as n from input union all select action, -1 from before) as changed
group by action
