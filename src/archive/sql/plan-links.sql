-- Objects that would become, or be no longer, one person with another object. From the copy of the tables
-- (shadow-tables.ts) against the tables.
insert into pg_temp.plan_entry (action, kind, directory, guid, subject, sort_key, detail)
with differing as materialized (
  select object_id, b.person_id as person_before, b.rule as rule_before, a.person_id as person_after, a.rule as rule_after
  from (select * from public.person_link where until is null) b
  full join (select * from pg_temp.person_link where until is null) a using (object_id)
  where (a.person_id, a.rule) is distinct from (b.person_id, b.rule)
),
sides as (
  select object_id, 'linked' as action, rule_after as rule, (
      select o.display_name from pg_temp.person_link l join pg_temp.directory_object o on o.id = l.object_id
      where l.person_id = d.person_after and l.until is null and l.rule = 'self' limit 1) as other
  from differing d where rule_after <> 'self'
  union all
  select object_id, 'unlinked', rule_before, (
      select o.display_name from public.person_link l join public.directory_object o on o.id = l.object_id
      where l.person_id = d.person_before and l.until is null and l.rule = 'self' limit 1)
  from differing d where rule_before <> 'self'
)
select s.action, o.kind, i.name, o.guid, o.display_name, o.sort_key, format(
    case s.action when 'linked' then 'One person with "%s" (%s).' else 'No longer one person with "%s" (%s).' end,
    coalesce(s.other, '?'), s.rule)
from sides s
join pg_temp.directory_object o on o.id = s.object_id
join pg_temp.directory_integration i on i.id = o.integration_id
