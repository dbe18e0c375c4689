-- Members of the groups of one page: $1 groups (jsonb array of {guid, last, members: [{key, dn}]}), $2 integration, $3 epoch.
--
-- A group's members may come in parts. Those of a part that is not the last are stamped with the epoch; the last part
-- removes who is neither in it nor stamped. So a group that fits one part rewrites only what differs, and parts of an
-- attempt that died keep nobody. A group that the page gives is whole in it: parts of one page were merged before.
-- Gives the groups that are not known. `lateral … limit 1`: one look-up a row, whatever the planner thinks of their number.
with input as materialized (
  select g.id, x.guid, x.last, x.members
  from jsonb_to_recordset($1::jsonb) as x (guid uuid, last boolean, members jsonb)
  left join lateral (
    select o.id from directory_object o
    where o.integration_id = $2 and o.guid = x.guid and o.kind in ('group', 'dynamic-group') limit 1) g on true
),
members as materialized (
  select i.id as group_id, i.last, decode(m.key, 'hex') as member_key, m.dn
  from input i
  cross join lateral jsonb_to_recordset(i.members) as m (key text, dn text)
  where i.id is not null
),
written as (
  insert into directory_member as m (group_id, member_key, org_id, member_dn, epoch)
  select x.group_id, x.member_key, current_setting('lockstep.org')::uuid, x.dn, $3
  from members x
  left join lateral (
    select w.* from directory_member w where w.group_id = x.group_id and w.member_key = x.member_key limit 1) was on true
  where was.group_id is null or was.member_dn <> x.dn or (not x.last and was.epoch <> $3)
  on conflict (group_id, member_key) do update set member_dn = excluded.member_dn, epoch = excluded.epoch
),
left_group as (
  delete from directory_member m
  using input i
  where i.last and m.group_id = i.id and m.epoch <> $3
    and not exists (select from members x where x.group_id = m.group_id and x.member_key = m.member_key)
)
select guid from input where id is null
