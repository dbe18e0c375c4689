-- Items that are not wanted any more and were: $1 their ids, $2 the reasons, $3 mailbox, $4 open pass. They are where they were; what was kept of them stays, in a version and a placement that end.
with before as materialized (
  select i.id, x.reason, i.source_hash, i.folder_id, i.placed_pass, i.version_pass, i.sort_at, i.change_key, i.properties, i.content_id
  from unnest($1::bigint[], $2::text[]) as x (id, reason)
  join item i on i.mailbox_id = $3 and i.id = x.id
),
kept_versions as (
  insert into former_version (mailbox_id, item_id, org_id, since_pass, until_pass, change_key, properties, content_id)
  select $3, id, current_setting('lockstep.org')::uuid, version_pass, $4, change_key, properties, content_id
  from before
  where version_pass < $4 or content_id is not null
  on conflict do nothing
),
left_places as (
  insert into former_placement (mailbox_id, item_id, org_id, folder_id, opened_pass, closed_pass, reason, sort_at)
  select $3, id, current_setting('lockstep.org')::uuid, folder_id, placed_pass, $4, 'left-scope', sort_at
  from before
  where placed_pass < $4
  on conflict do nothing
),
-- Nobody asks for what is left out.
solved as (
  update item_problem p set resolved_at = now()
  where p.mailbox_id = $3 and p.source_hash = any (array(select source_hash from before)) and p.resolved_at is null
)
update item i set left_out = b.reason, version_pass = $4, placed_pass = $4, content_id = null, content_state = 'not-wanted', signature = '',
  item_class = case when b.reason = 'private' then '' else i.item_class end, size = case when b.reason = 'private' then 0 else i.size end,
  -- What rules look at.
  properties = case when b.reason <> 'private' and b.properties ->> 'sensitivity' in ('private', 'personal')
    then jsonb_build_object('sensitivity', b.properties -> 'sensitivity') else '{}' end
from before b
where i.mailbox_id = $3 and i.id = b.id
