-- Of the contents that a draft had on a day only the last is kept: $1 mailbox, $2 items. What is said of the versions stays.
with kept as materialized (
  select i.id as item_id, i.version_pass as since_pass, null::bigint as until_pass
  from item i
  where i.mailbox_id = $1 and i.id = any ($2::bigint[]) and i.content_id is not null
  union all
  select v.item_id, v.since_pass, v.until_pass
  from former_version v
  where v.mailbox_id = $1 and v.item_id = any ($2::bigint[]) and v.content_id is not null and (v.properties -> 'isDraft')::boolean
),
earlier as materialized (
  select item_id, since_pass, until_pass
  from (
    select k.*, row_number() over (
      partition by k.item_id, (p.opened_at at time zone 'UTC')::date order by k.since_pass desc, k.until_pass desc nulls first) as place
    from kept k
    join pass p on p.mailbox_id = $1 and p.number = k.since_pass) x
  where place > 1 and until_pass is not null
),
-- No completed pass shows it.
dropped as (
  delete from former_version v
  using earlier e
  where v.mailbox_id = $1 and v.item_id = e.item_id and v.since_pass = e.since_pass and v.until_pass = e.until_pass and v.since_pass = v.until_pass
)
update former_version v set content_id = null
from earlier e
where v.mailbox_id = $1 and v.item_id = e.item_id and v.since_pass = e.since_pass and v.until_pass = e.until_pass and v.since_pass <> v.until_pass
