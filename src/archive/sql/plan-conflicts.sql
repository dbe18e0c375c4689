-- Addresses that two objects would claim, with who holds them: $1 integration. Of other directories only what would be new. From
-- the copy of the tables (shadow-tables.ts).
insert into pg_temp.plan_entry (action, kind, directory, guid, subject, sort_key, detail)
select 'conflict', o.kind, i.name, o.guid, format('%s: %s', p.subject, o.display_name), o.sort_key, p.detail
from pg_temp.directory_problem p
join pg_temp.directory_object o on o.integration_id = p.integration_id and o.guid = p.guid
join pg_temp.directory_integration i on i.id = p.integration_id
where p.code = 'address.claimed-twice' and p.resolved_at is null and (p.integration_id = $1 or not exists (
  select from public.directory_problem b
  where b.integration_id = p.integration_id and b.guid = p.guid and b.subject = p.subject and b.code = p.code
    and b.resolved_at is null))
