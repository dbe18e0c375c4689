-- Folders that are gone, with what is in them: $1 their ids, $2 mailbox, $3 open pass, $4 reason. Their items stay at their last known folder
-- in the past.
with closed as (
  update folder set closed_pass = $3, hint = null, error = null where mailbox_id = $2 and id = any ($1::bigint[]) and closed_pass is null
),
gone as materialized (
  select i.id, i.folder_id, i.placed_pass, i.sort_at from item i where i.mailbox_id = $2 and i.folder_id = any ($1::bigint[])
),
kept as (
  insert into former_placement (mailbox_id, item_id, org_id, folder_id, opened_pass, closed_pass, reason, sort_at)
  select $2, id, current_setting('lockstep.org')::uuid, folder_id, placed_pass, $3, $4, sort_at from gone
  on conflict do nothing
),
solved as (
  update item_problem set resolved_at = now() where mailbox_id = $2 and folder_id = any ($1::bigint[]) and resolved_at is null
),
forgotten as (
  delete from seen_item where folder_id = any ($1::bigint[])
)
update item set folder_id = null where mailbox_id = $2 and id = any (array(select id from gone))
