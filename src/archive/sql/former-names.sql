-- What objects are called now that had these names a short while ago, and which are gone (key null): $1 keys of names, $2 integration. A name that another
-- object has taken since is that one's. A reading that began after a name went out of use never means who had it; but another
-- directory may still say the name, of whom it does not tell that he is gone.
select encode(f.dn_key, 'hex') as former, case when o.in_source then encode(o.dn_key, 'hex') end as key, o.dn
from directory_integration i
cross join lateral (
  select * from directory_former_name f where f.integration_id = i.id and f.dn_key = any ($1::bytea[]) offset 0) f
cross join lateral (select * from directory_object o where o.id = f.object_id limit 1) o
where (o.dn_key <> f.dn_key or not o.in_source)
  and case when i.id = $2
    then f.until >= (select c.opened_at from page_cursor c where c.owner = $2 and c.scope = 'directory-sync')
    else o.in_source end
  and not exists (
    select from directory_object heir
    where heir.org_id = o.org_id and heir.dn_key = f.dn_key and heir.integration_id in ($2, i.id) and heir.in_source)
-- The own one last: it counts.
order by i.id = $2
