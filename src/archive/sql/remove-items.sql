-- Items that are not in a folder any more: $1 their hashes, $2 mailbox, $3 folder, $4 open pass, $5 reason.
with gone as materialized (
  select i.id, i.placed_pass, i.sort_at
  from unnest($1::bytea[]) as x (source_hash)
  cross join lateral (select * from item i where i.mailbox_id = $2 and i.source_hash = x.source_hash limit 1) i
  where i.folder_id = $3
),
kept as (
  insert into former_placement (mailbox_id, item_id, org_id, folder_id, opened_pass, closed_pass, reason, sort_at)
  select $2, id, current_setting('lockstep.org')::uuid, $3, placed_pass, $4, $5, sort_at from gone
  on conflict do nothing
),
-- What cannot be read need not be tried any more.
solved as (
  update item_problem set resolved_at = now()
  where mailbox_id = $2 and folder_id = $3 and source_hash = any ($1::bytea[]) and resolved_at is null
)
update item set folder_id = null where mailbox_id = $2 and id = any (array(select id from gone))
