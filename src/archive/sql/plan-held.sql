-- Objects that would be held: $1 run. From the copy of the tables (shadow-tables.ts).
insert into pg_temp.plan_entry (action, kind, directory, guid, subject, sort_key, detail)
select 'held', o.kind, i.name, o.guid,
  coalesce((select format('%s <%s>', o.display_name, d.address) from pg_temp.directory_address d
    where d.object_id = o.id and d.is_primary limit 1), o.display_name),
  o.sort_key, format('%s: %s', h.kind, s.reason)
from pg_temp.held_change h
join pg_temp.held_set s on s.run_id = h.run_id and s.kind = h.kind
join pg_temp.directory_object o on o.id = h.object_id
join pg_temp.directory_integration i on i.id = o.integration_id
where h.run_id = $1
