-- Objects that are one person with others, or were until now, as far as they are connected with $1 (ids): by SIDs that they
-- claim, by their GUID in another directory, or because they are linked to one person. One row an object, with its neighbours.
-- Whoever has no neighbour is not given: that is nearly everybody. Where nobody says anything of SIDs, or there is one directory
-- only, nobody is looked for by them.
with recursive organisation as materialized (
  -- The first in the order of an index: else any organisation's may be looked through.
  select coalesce((select true from directory_sid order by org_id, sid limit 1), false) as says_sids,
    exists (select from directory_integration a join directory_integration b on b.id > a.id) as has_directories
),
reached (id, other, rule) as (
  select o.id, null::bigint, null::text
  from unnest($1::bigint[]) as given (id)
  cross join lateral (select id, kind from directory_object o where o.id = given.id limit 1) o
  where o.kind in ('user', 'contact', 'public-folder')
  union
  select next.id, o.id, next.rule
  from reached r
  cross join lateral (select id, integration_id, guid, kind, sid from directory_object o where o.id = r.id limit 1) o
  cross join lateral (
    select b.object_id as id, 'together' as rule
    from person_link a join person_link b on b.person_id = a.person_id and b.until is null
    where a.object_id = o.id and a.until is null
    union all
    select s.object_id, case s.role when 'master' then 'master-account-sid' else 'sid-history' end
    from directory_sid s where (select says_sids from organisation) and s.sid = o.sid and o.kind = 'user'
    union all
    select a.id, case s.role when 'master' then 'master-account-sid' else 'sid-history' end
    from directory_sid s
    cross join lateral (select id, kind from directory_object a where a.sid = s.sid offset 0) a
    where (select says_sids from organisation) and s.object_id = o.id and a.kind = 'user'
    union all
    select b.object_id, case when 'master' in (a.role, b.role) then 'master-account-sid' else 'sid-history' end
    from directory_sid a join directory_sid b on b.sid = a.sid
    where (select says_sids from organisation) and a.object_id = o.id
    union all
    select twin.id, 'moved'
    from directory_integration i
    cross join lateral (select t.id, t.kind from directory_object t where t.integration_id = i.id and t.guid = o.guid limit 1) twin
    where (select has_directories from organisation) and i.id <> o.integration_id and twin.kind = o.kind
  ) next
  where next.id <> o.id
),
neighbours as (
  select id, jsonb_agg(jsonb_build_object('id', other::text, 'rule', rule)) as neighbours
  from reached where other is not null
  group by id
)
select n.id::text, n.neighbours, o.guid, o.integration_id, o.kind, o.recipient_type, o.sort_key, o.account_disabled,
  o.listed, o.missing_since, o.in_source, o.source_created, l.person_id, l.own_person_id, l.rule,
  coalesce((select true from directory_sid s where s.object_id = o.id and s.role = 'master' limit 1), false) as is_resource
from neighbours n
cross join lateral (select * from directory_object o where o.id = n.id limit 1) o
left join lateral (select * from person_link l where l.object_id = n.id and l.until is null limit 1) l on true
