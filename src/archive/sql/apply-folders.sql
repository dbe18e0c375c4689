-- One page of a mailbox's folders: $1 rows (jsonb array, each folder once), $2 mailbox, $3 open pass, $4 epoch of the hierarchy.
--
-- A folder that this pass itself has closed is opened again. Gives the folders that are to be read from their beginning.
with input as materialized (
  select decode(hash, 'hex') as source_hash, source_id, decode(parent_hash, 'hex') as parent_hash, name, folder_class, well_known
  from jsonb_to_recordset($1::jsonb) as x (hash text, source_id text, parent_hash text, name text, folder_class text, well_known text)
),
before as materialized (
  select x.source_hash, f.id, f.closed_pass, f.named_pass, f.parent_hash, f.name, (f.parent_hash, f.name) <> (x.parent_hash, x.name) as renamed
  from input x
  cross join lateral (
    select * from folder f
    where f.mailbox_id = $2 and f.source_hash = x.source_hash and (f.closed_pass is null or f.closed_pass = $3)
    order by f.closed_pass desc nulls first limit 1) f
),
kept as (
  insert into former_folder (folder_id, mailbox_id, org_id, until_pass, since_pass, parent_hash, name)
  select id, $2, current_setting('lockstep.org')::uuid, $3, named_pass, parent_hash, name from before where renamed and named_pass < $3
),
changed as (
  update folder f set parent_hash = x.parent_hash, name = x.name, folder_class = x.folder_class, well_known = x.well_known, epoch = $4,
    named_pass = case when b.renamed then $3 else f.named_pass end, closed_pass = null
  from before b
  join input x on x.source_hash = b.source_hash
  where f.id = b.id
),
made as (
  insert into folder (org_id, mailbox_id, source_hash, source_id, parent_hash, name, folder_class, well_known, opened_pass, named_pass, epoch)
  select current_setting('lockstep.org')::uuid, $2, source_hash, source_id, parent_hash, name, folder_class, well_known, $3, $3, $4
  from input
  where source_hash not in (select source_hash from before)
  returning id
)
select id from made
union all
select id from before where closed_pass is not null
