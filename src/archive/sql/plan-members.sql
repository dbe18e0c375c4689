-- Members of the groups of one page of a plan: $1 groups (jsonb array of {guid, last, members: [{key, dn}]}), $2 run,
-- $3 integration.
--
-- Members of parts that are not the last wait in directory_plan_member; with the last part it is known who would join
-- and who would leave. That becomes a change `member` of the group's entry: before = who leaves, after = who joins, of
-- many only the first. Gives how many groups count as changed by it alone, as in apply-members.sql.
with input as materialized (
  select x.guid, x.last, x.members, g.id
  from jsonb_to_recordset($1::jsonb) as x (guid uuid, last boolean, members jsonb)
  left join lateral (
    select o.id from directory_object o
    where o.integration_id = $3 and o.guid = x.guid and o.kind in ('group', 'dynamic-group') limit 1) g on true
),
members as materialized (
  select i.guid, i.id as group_id, i.last, decode(m.key, 'hex') as member_key, m.dn
  from input i
  cross join lateral jsonb_to_recordset(i.members) as m (key text, dn text)
),
waiting as (
  insert into directory_plan_member (run_id, guid, member_key, org_id, member_dn)
  select $2, guid, member_key, current_setting('lockstep.org')::uuid, dn from members where not last
  on conflict do nothing
),
waited as (
  delete from directory_plan_member p
  where p.run_id = $2 and p.guid = any (array(select i.guid from input i where i.last))
  returning p.guid, p.member_key, p.member_dn as dn
),
planned as materialized (
  select guid, group_id, member_key, dn from members where last and group_id is not null
  union
  select w.guid, i.id, w.member_key, w.dn from waited w join input i using (guid) where i.id is not null
),
joining as (
  select p.guid, p.dn
  from planned p
  left join lateral (
    select 1 as there from directory_member m where m.group_id = p.group_id and m.member_key = p.member_key limit 1) m on true
  where m.there is null
),
leaving as (
  select i.guid, m.member_dn as dn
  from input i
  cross join lateral (select * from directory_member m where m.group_id = i.id offset 0) m
  where i.last and (m.group_id, m.member_key) not in (select p.group_id, p.member_key from planned p)
),
sides as (
  select guid, dn, 'after' as side, row_number() over (partition by guid order by dn) as n from joining
  union all
  select guid, dn, 'before', row_number() over (partition by guid order by dn) from leaving
),
lists as (
  select guid, side,
    jsonb_agg(dn order by n) filter (where n <= 100)
      || case when count(*) > 100 then jsonb_build_array(format('… and %s more', count(*) - 100)) else '[]' end as dns
  from sides
  group by guid, side
),
changes as (
  select guid, jsonb_build_array(jsonb_build_object(
      'attribute', 'member',
      'before', coalesce(min(dns::text) filter (where side = 'before'), '[]')::jsonb,
      'after', coalesce(min(dns::text) filter (where side = 'after'), '[]')::jsonb)) as change
  from lists
  group by guid
),
before as materialized (
  select e.guid, e.action from directory_plan_entry e
  where e.run_id = $2 and e.guid = any (array(select guid from changes))
),
entered as (
  update directory_plan_entry e
  set changes = e.changes || c.change, action = case e.action when 'same' then 'changed' else e.action end
  from changes c
  where e.run_id = $2 and e.guid = c.guid
)
select count(*) as changed from before where action = 'same'
