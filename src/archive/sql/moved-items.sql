-- Items that the open pass took for gone and that are there again under another id: $1 mailbox, $2 pass, $3 most pairs.
-- They are the same when their search key is unique on both sides, since copies share it.
select e.id as ended, f.id as fresh
from (
  select i.search_key, min(i.id) as id
  from former_placement p
  join item i on i.mailbox_id = p.mailbox_id and i.id = p.item_id
  where p.mailbox_id = $1 and p.closed_pass = $2 and i.folder_id is null and i.search_key is not null
  group by i.search_key
  having count(distinct i.id) = 1
) e
cross join lateral (
  select min(n.id) as id
  from item n
  where n.mailbox_id = $1 and n.search_key = e.search_key and n.first_pass = $2 and n.folder_id is not null
  having count(*) = 1
) f
limit $3
