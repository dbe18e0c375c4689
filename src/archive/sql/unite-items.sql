-- Second of three steps: the item of an earlier pass takes over what the row of the open pass says of it. $1 and $2: ids of pairs, earlier and of
-- the open pass, $3 mailbox, $4 pass. Before it (set-aside) the later rows have given up their hashes, after it they are deleted.
with pairs as materialized (
  select o.id, n.id as fresh_id, o.folder_id, o.version_pass, o.change_key, o.left_out, o.properties, o.content_id, o.content_state,
    o.sort_at as old_sort_at, o.properties <> n.properties or o.left_out is distinct from n.left_out as differs,
    o.signature = n.signature and o.left_out is null and n.left_out is null and (o.content_state = 'stored' or n.content_state <> 'stored') as same_content
  from unnest($1::bigint[], $2::bigint[]) as x (ended, fresh)
  join item o on o.mailbox_id = $3 and o.id = x.ended
  join item n on n.mailbox_id = $3 and n.id = x.fresh
),
kept as (
  insert into former_version (mailbox_id, item_id, org_id, since_pass, until_pass, change_key, left_out, properties, content_id)
  select $3, id, current_setting('lockstep.org')::uuid, version_pass, $4, change_key, left_out, properties, content_id
  from pairs
  where differs and (version_pass < $4 or content_id is not null)
  on conflict do nothing
),
-- Back where it was before the pass: it never left.
returned as (
  delete from former_placement p
  using pairs x, item n
  where n.mailbox_id = $3 and n.id = x.fresh_id and p.mailbox_id = $3 and p.item_id = x.id and p.closed_pass = $4 and p.folder_id = n.folder_id
  returning p.item_id, p.opened_pass, p.folder_id
),
moved as (
  update former_placement p set reason = 'moved'
  from pairs x, item n
  where n.mailbox_id = $3 and n.id = x.fresh_id and p.mailbox_id = $3 and p.item_id = x.id and p.closed_pass = $4 and p.folder_id <> n.folder_id
),
taken as (
  insert into former_placement (mailbox_id, item_id, org_id, folder_id, opened_pass, closed_pass, reason, sort_at)
  select $3, x.id, p.org_id, p.folder_id, p.opened_pass, p.closed_pass, p.reason, x.old_sort_at
  from pairs x
  join former_placement p on p.mailbox_id = $3 and p.item_id = x.fresh_id
  on conflict do nothing
),
taken_versions as (
  insert into former_version (mailbox_id, item_id, org_id, since_pass, until_pass, change_key, left_out, properties, content_id)
  select $3, x.id, v.org_id, v.since_pass, v.until_pass, v.change_key, v.left_out, v.properties, v.content_id
  from pairs x
  join former_version v on v.mailbox_id = $3 and v.item_id = x.fresh_id
  on conflict do nothing
)
update item o set
  source_hash = substring(n.source_hash for 16), source_id = n.source_id, change_key = n.change_key, source_key = n.source_key,
  folder_id = n.folder_id,
  placed_pass = coalesce((select min(r.opened_pass) from returned r where r.item_id = x.id), n.placed_pass),
  version_pass = case when x.differs then $4 else o.version_pass end,
  left_out = n.left_out, item_class = n.item_class, size = n.size, properties = n.properties, signature = n.signature,
  sort_at = case when o.left_out is null or n.left_out = 'private' then o.sort_at else n.sort_at end,
  content_id = case when x.same_content then o.content_id else n.content_id end,
  content_key = case when x.same_content then o.content_key else n.content_key end,
  content_state = case when x.same_content then o.content_state else n.content_state end
from pairs x
join item n on n.mailbox_id = $3 and n.id = x.fresh_id
where o.mailbox_id = $3 and o.id = x.id
