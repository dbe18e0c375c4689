-- Items of which only the read flag changed: $1 rows (jsonb array of {hash, isRead}), $2 mailbox, $3 folder, $4 open pass.
with input as materialized (
  select decode(hash, 'hex') as source_hash, "isRead" as is_read from jsonb_to_recordset($1::jsonb) as x (hash text, "isRead" boolean)
),
before as materialized (
  select i.id, i.version_pass, i.change_key, i.properties, i.content_id, x.is_read
  from input x
  cross join lateral (select * from item i where i.mailbox_id = $2 and i.source_hash = x.source_hash limit 1) i
  where i.folder_id = $3 and i.left_out is null and (i.properties -> 'isRead')::boolean <> x.is_read
),
kept as (
  insert into former_version (mailbox_id, item_id, org_id, since_pass, until_pass, change_key, properties, content_id)
  select $2, id, current_setting('lockstep.org')::uuid, version_pass, $4, change_key, properties, content_id
  from before
  where version_pass < $4
)
update item i set properties = jsonb_set(i.properties, '{isRead}', to_jsonb(b.is_read)), version_pass = $4
from before b
where i.mailbox_id = $2 and i.id = b.id
