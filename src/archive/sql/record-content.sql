-- Items whose content was read: $1 rows (jsonb array of {item, sha256, change_key}), $2 mailbox. The content has its row. Gives those that had
-- none, and which of them are drafts.
with said as materialized (
  select i.id, i.source_hash, c.id as content_id, x.change_key
  from jsonb_to_recordset($1::jsonb) as x (item bigint, sha256 text, change_key text)
  join content c on c.org_id = current_setting('lockstep.org')::uuid and c.sha256 = decode(x.sha256, 'hex')
  join item i on i.mailbox_id = $2 and i.id = x.item
  where i.content_state in ('wanted', 'unreadable') and i.left_out is null
),
solved as (
  update item_problem set resolved_at = now()
  where mailbox_id = $2 and source_hash = any (array(select source_hash from said)) and part = 'content' and resolved_at is null
)
update item i set content_id = s.content_id, content_key = s.change_key, content_state = 'stored'
from said s
where i.mailbox_id = $2 and i.id = s.id
returning i.id, (i.properties -> 'isDraft')::boolean as is_draft
