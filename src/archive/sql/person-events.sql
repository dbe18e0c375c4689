-- What happened to a person, newest first: $1 person, $2 microseconds and $3 place of the last event that was given (or a large
-- number), $4 how many. Changes of the objects that are the person, while they are; who was linked to whom; groups that its
-- objects joined and left.
--
-- A group that names a renamed object anew has not changed: its interval ends in the moment in which that under the other name begins.
with links as materialized (
  select l.id, l.object_id, l.rule, l.since, l.until, l.since_run, l.until_run from person_link l where l.person_id = $1
),
objects as materialized (select distinct object_id from links),
keys as materialized (
  select o.dn_key from objects l cross join lateral (select * from directory_object o where o.id = l.object_id limit 1) o
  union
  select p.dn_key from objects l cross join lateral (select * from directory_object_past p where p.id = l.object_id offset 0) p
),
memberships as materialized (
  select m.group_id, m.member_key, m.since, m.since_run, null::timestamptz as until, null::uuid as until_run
  from keys k cross join lateral (select * from directory_member m where m.member_key = k.dn_key offset 0) m
  union all
  select m.group_id, m.member_key, m.since, m.since_run, m.past_until, m.past_run
  from keys k cross join lateral (select * from directory_member_past m where m.member_key = k.dn_key offset 0) m
),
events as (
  select 'added' as what, o.first_seen_at as at, o.id as ref, o.id as object_id, o.first_run as run, null::bigint as group_id, null::text as rule
  from links l cross join lateral (select * from directory_object o where o.id = l.object_id limit 1) o
  where l.rule = 'self' and l.since = o.first_seen_at
  union all
  select 'changed', c.past_until, c.past_id, c.id, c.past_run, null, null
  from links l
  cross join lateral (
    select * from directory_object_past c
    where c.id = l.object_id and c.past_until >= l.since and (l.until is null or c.past_until < l.until) offset 0) c
  union all
  select 'linked', l.since, l.id, l.object_id, l.since_run, null, l.rule from links l where l.rule <> 'self'
  union all
  select 'unlinked', l.until, l.id, l.object_id, l.until_run, null, l.rule from links l where l.until is not null and l.rule <> 'self'
  union all
  select 'joined', m.since, m.group_id, null, m.since_run, m.group_id, null
  from memberships m
  where not exists (select from memberships b where b.group_id = m.group_id and b.until = m.since)
  union all
  select 'left', m.until, m.group_id, null, m.until_run, m.group_id, null
  from memberships m
  where m.until is not null and not exists (select from memberships b where b.group_id = m.group_id and b.since = m.until)
),
placed as (
  select *, (extract(epoch from at) * 1000000)::bigint as micros, what || ' ' || ref as place from events
)
select what, at, micros::text, place, ref::text, object_id::text, run, group_id::text, rule
from placed
where (micros, place) < ($2::bigint, $3)
order by micros desc, place desc
limit $4
