-- Items of the open pass that are those of an earlier pass which were gone since: $1 mailbox, $2 pass, $3 most pairs. As moved-items.sql,
-- after it: a key of which the pass itself ended something is not looked at.
select e.id as ended, f.id as fresh
from (
  select n.search_key, min(n.id) as id
  from item n
  where n.mailbox_id = $1 and n.first_pass = $2 and n.folder_id is not null and n.search_key is not null
  group by n.search_key
  having count(*) = 1
) f
cross join lateral (
  select min(i.id) as id
  from item i
  where i.mailbox_id = $1 and i.search_key = f.search_key and i.folder_id is null
  having count(*) = 1
) e
where not exists (select from former_placement p where p.mailbox_id = $1 and p.item_id = e.id and p.closed_pass = $2)
limit $3
