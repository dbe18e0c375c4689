-- Who would join groups and who would leave: the members in the copy of the tables (shadow-tables.ts) against those in the tables.
-- One row a group that differs, of many members on a side the first 100. Who is named anew stays a member.
create temporary table plan_member on commit drop as
with gone as materialized (
  select b.group_id, b.member_key, b.member_dn
  from public.directory_member b
  left join pg_temp.directory_member a on a.group_id = b.group_id and a.member_key = b.member_key
  where a.group_id is null
),
came as materialized (
  select a.group_id, a.member_key, a.member_dn
  from pg_temp.directory_member a
  left join public.directory_member b on b.group_id = a.group_id and b.member_key = a.member_key
  where b.group_id is null
),
leaving as (
  select group_id, member_dn, coalesce((
      select o.id::text from public.directory_object o
      where o.dn_key = gone.member_key
      order by not o.in_source, o.integration_id <> g.integration_id, o.id desc limit 1), encode(member_key, 'hex')) as who
  from gone
  cross join lateral (select integration_id from pg_temp.directory_object g where g.id = gone.group_id limit 1) g
),
joining as (
  select group_id, member_dn, coalesce((
      select o.id::text from pg_temp.directory_object o
      where o.dn_key = came.member_key
      order by not o.in_source, o.integration_id <> g.integration_id, o.id desc limit 1), encode(member_key, 'hex')) as who
  from came
  cross join lateral (select integration_id from pg_temp.directory_object g where g.id = came.group_id limit 1) g
),
sides as (
  select group_id, 'before' as side, member_dn from leaving where (group_id, who) not in (select group_id, who from joining)
  union all
  select group_id, 'after', member_dn from joining where (group_id, who) not in (select group_id, who from leaving)
),
numbered as (
  select group_id, side, member_dn, row_number() over (partition by group_id, side order by member_dn collate "C") as n from sides
),
lists as (
  select group_id, side,
    jsonb_agg(member_dn order by n) filter (where n <= 100)
      || case when count(*) > 100 then jsonb_build_array(format('… and %s more', count(*) - 100)) else '[]' end as members
  from numbered
  group by group_id, side
)
select group_id,
  coalesce((jsonb_agg(members) filter (where side = 'before')) -> 0, '[]') as before,
  coalesce((jsonb_agg(members) filter (where side = 'after')) -> 0, '[]') as after
from lists
group by group_id
