-- One page of a folder's items: $1 rows (jsonb array, each item once), $2 mailbox, $3 folder, $4 open pass.
--
-- An item that is as it was is not written. What an item was in a completed pass is kept as a former version, and where it was as a former
-- placement; what the open pass itself brought and replaces is not, since no completed pass shows it, except versions with
-- content. Gives how many items are new, how many changed, how many of the page are left out, and which are let in.
--
-- `lateral … limit 1` is a look-up in an index whatever the planner believes about the number of rows.
with input as materialized (
  select decode(hash, 'hex') as source_hash, source_id, change_key, decode(search_key, 'base64') as search_key,
    decode(source_key, 'base64') as source_key, left_out, item_class, size, sort_at, properties, decode(signature, 'hex') as signature
  from jsonb_to_recordset($1::jsonb) as x (hash text, source_id text, change_key text, search_key text, source_key text,
    left_out text, item_class text, size bigint, sort_at timestamptz, properties jsonb, signature text)
),
before as materialized (
  select x.source_hash, i.id, i.folder_id, i.placed_pass, i.version_pass, i.sort_at, i.change_key, i.left_out, i.properties, i.content_id,
    i.content_state, i.change_key <> x.change_key as rekeyed,
    i.properties <> x.properties or i.left_out is distinct from x.left_out as differs, i.left_out is null and x.left_out is not null as leaves,
    -- What was read of the item last may be newer than the row: then it is of the state that comes now.
    (i.signature = x.signature or i.content_key = x.change_key) and i.left_out is null and x.left_out is null as same_content,
    i.signature <> x.signature and i.content_key = x.change_key as content_is_later
  from input x
  cross join lateral (select * from item i where i.mailbox_id = $2 and i.source_hash = x.source_hash limit 1) i
),
kept_versions as (
  insert into former_version (mailbox_id, item_id, org_id, since_pass, until_pass, change_key, left_out, properties, content_id)
  select $2, id, current_setting('lockstep.org')::uuid, version_pass, $4, change_key, left_out, properties,
    case when content_is_later then null else content_id end
  from before
  where differs and (version_pass < $4 or content_id is not null and content_is_later is not true)
  on conflict do nothing
),
-- It was taken for gone earlier in this pass.
returned as (
  delete from former_placement p
  using before b
  where p.mailbox_id = $2 and p.item_id = b.id and p.closed_pass = $4 and p.folder_id = $3 and b.folder_id is distinct from $3
  returning p.item_id, p.opened_pass
),
left_places as (
  insert into former_placement (mailbox_id, item_id, org_id, folder_id, opened_pass, closed_pass, reason, sort_at)
  select $2, id, current_setting('lockstep.org')::uuid, folder_id, placed_pass, $4, case when folder_id = $3 then 'left-scope' else 'moved' end, sort_at
  from before
  where folder_id <> $3 or leaves and placed_pass < $4
  on conflict do nothing
),
-- Its removal from where it was came first.
moved as (
  update former_placement p set reason = 'moved'
  from before b
  where p.mailbox_id = $2 and p.item_id = b.id and p.closed_pass = $4 and p.folder_id <> $3 and b.folder_id is null and p.reason = 'deleted'
),
written as (
  insert into item as i (mailbox_id, org_id, source_hash, source_id, change_key, search_key, source_key, folder_id, placed_pass,
    version_pass, first_pass, left_out, item_class, size, sort_at, properties, signature, content_state)
  select $2, current_setting('lockstep.org')::uuid, x.source_hash, x.source_id, x.change_key, x.search_key, x.source_key, $3,
    case when b.folder_id = $3 and not b.leaves then b.placed_pass else coalesce((select min(r.opened_pass) from returned r where r.item_id = b.id), $4) end,
    case when b.differs = false then b.version_pass else $4 end,
    $4, x.left_out, x.item_class, x.size, x.sort_at, x.properties, x.signature,
    case when x.left_out is not null then 'not-wanted' when b.same_content then b.content_state else 'wanted' end
  from input x
  left join before b on b.source_hash = x.source_hash
  where b.id is null or b.differs or b.rekeyed or b.folder_id is distinct from $3
  on conflict (mailbox_id, source_hash) do update set
    change_key = excluded.change_key, search_key = excluded.search_key, source_key = excluded.source_key, folder_id = excluded.folder_id,
    placed_pass = excluded.placed_pass, version_pass = excluded.version_pass, left_out = excluded.left_out, item_class = excluded.item_class,
    size = excluded.size, sort_at = case when i.left_out is null or excluded.left_out = 'private' then i.sort_at else excluded.sort_at end,
    properties = excluded.properties, signature = excluded.signature, content_state = excluded.content_state,
    content_id = case when (i.signature = excluded.signature or i.content_key = excluded.change_key)
      and i.left_out is null and excluded.left_out is null then i.content_id end
  returning i.id
),
solved as (
  update item_problem p set resolved_at = now()
  where p.mailbox_id = $2 and p.source_hash = any (array(select source_hash from input)) and p.part = 'metadata' and p.resolved_at is null
),
-- Nobody asks for anything of what is left out.
dropped as (
  update item_problem p set resolved_at = now()
  where p.mailbox_id = $2 and p.source_hash = any (array(select source_hash from input where left_out is not null)) and p.part <> 'metadata'
    and p.resolved_at is null
)
select
  (select count(*) from input x where x.source_hash not in (select b.source_hash from before b))::int as added,
  (select count(*) from before where differs)::int as changed,
  (select count(*) from input where left_out is not null)::int as left_out,
  (select count(*) from written)::int as written,
  array(select b.id from before b join input x on x.source_hash = b.source_hash where b.left_out is not null and x.left_out is null) as admitted
