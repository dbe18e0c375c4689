-- Two states of an object around each change: $1 past_ids of what it was before. What it was after is the former row that ended later,
-- or the present.
select p.past_id::text, i.name as integration,
  p.dn as dn_before, p.listed as listed_before, p.missing_since is not null as missing_before, p.disabled as disabled_before,
  p.attributes as attributes_before,
  n.dn, n.listed, n.missing_since is not null as missing, n.disabled, n.attributes
from unnest($1::bigint[]) as given (past_id)
cross join lateral (select * from directory_object_past p where p.past_id = given.past_id limit 1) p
join directory_integration i on i.id = p.integration_id
cross join lateral (
  select * from (
    (select dn, listed, missing_since, disabled, attributes, past_id from directory_object_past n
      where n.id = p.id and n.past_until <> p.past_until and n.past_id > p.past_id order by n.past_id limit 1)
    union all
    select dn, listed, missing_since, disabled, attributes, null from directory_object o where o.id = p.id) either
  order by either.past_id nulls last limit 1) n
