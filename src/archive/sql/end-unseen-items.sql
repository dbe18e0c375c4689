-- Ends a second full reading of a folder: $1 mailbox, $2 folder, $3 open pass, $4 epoch. What it did not see is not there any more.
with gone as materialized (
  select i.id, i.placed_pass, i.sort_at
  from item i
  where i.mailbox_id = $1 and i.folder_id = $2
    and i.source_hash not in (select s.source_hash from seen_item s where s.folder_id = $2 and s.epoch = $4)
),
kept as (
  insert into former_placement (mailbox_id, item_id, org_id, folder_id, opened_pass, closed_pass, reason, sort_at)
  select $1, id, current_setting('lockstep.org')::uuid, $2, placed_pass, $3, 'resync-missing', sort_at from gone
  on conflict do nothing
),
forgotten as (
  delete from seen_item where folder_id = $2 and epoch <= $4
)
update item set folder_id = null where mailbox_id = $1 and id = any (array(select id from gone))
