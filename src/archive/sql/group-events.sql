-- What happened to a group, newest first: $1 group, $2 microseconds and $3 place of the last event that was given (or a large
-- number), $4 how many. Its own changes; members that joined and left, but for those that it was first read with.
with self as materialized (select * from directory_object o where o.id = $1 limit 1),
memberships as materialized (
  select m.member_key, m.member_dn, m.since, m.since_run, null::timestamptz as until, null::uuid as until_run
  from directory_member m where m.group_id = $1
    and (m.since_run is distinct from (select first_run from self) or m.since_run is null)
  union all
  select m.member_key, m.member_dn, m.since, m.since_run, m.past_until, m.past_run from directory_member_past m where m.group_id = $1
),
-- Under another name it is the same member: of two names in one moment, whose objects are one.
renamed as materialized (
  select a.member_key as before, b.member_key as after, a.until as at
  from memberships a join memberships b on b.since = a.until
  where a.member_key <> b.member_key and exists (
    select from directory_object_past p
    cross join lateral (select * from directory_object o where o.id = p.id limit 1) o
    where p.dn_key = a.member_key and (o.dn_key = b.member_key or exists (
      select from directory_object_past q where q.id = p.id and q.dn_key = b.member_key)))
),
events as (
  select 'added' as what, s.first_seen_at as at, s.id::text as ref, s.first_run as run, null::bytea as member_key, null::text as member_dn from self s
  union all
  select 'changed', c.past_until, c.past_id::text, c.past_run, null, null from directory_object_past c where c.id = $1
  union all
  select 'joined', m.since, encode(m.member_key, 'hex'), m.since_run, m.member_key, m.member_dn
  from memberships m
  where m.since_run is distinct from (select first_run from self)
    and not exists (select from renamed r where r.after = m.member_key and r.at = m.since)
  union all
  select 'left', m.until, encode(m.member_key, 'hex'), m.until_run, m.member_key, m.member_dn
  from memberships m
  where m.until is not null and not exists (select from renamed r where r.before = m.member_key and r.at = m.until)
),
placed as (
  select *, (extract(epoch from at) * 1000000)::bigint as micros, what || ' ' || ref as place from events
)
select what, at, micros::text, place, ref, null::text as object_id, run, encode(member_key, 'hex') as member_key, member_dn
from placed
where (micros, place) < ($2::bigint, $3)
order by micros desc, place desc
limit $4
