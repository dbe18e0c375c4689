-- Folders that are gone, and what is below them: $1 hashes, $2 mailbox. Exchange may tell of the uppermost only; one that was moved away first
-- is not below it any more.
with recursive gone as (
  select f.id, f.source_hash from folder f where f.mailbox_id = $2 and f.source_hash = any ($1::bytea[]) and f.closed_pass is null
  union
  select f.id, f.source_hash from gone g join folder f on f.mailbox_id = $2 and f.parent_hash = g.source_hash and f.closed_pass is null
)
select id from gone
