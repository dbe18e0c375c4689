-- What objects are called now that had these names a short while ago, and which are gone (key null): $1 keys of names, $2 integration. A name that another
-- object has taken since is that one's.
select encode(f.dn_key, 'hex') as former, case when o.in_source then encode(o.dn_key, 'hex') end as key, o.dn
from directory_former_name f
cross join lateral (select * from directory_object o where o.id = f.object_id limit 1) o
where f.integration_id = $2 and f.dn_key = any ($1::bytea[]) and (o.dn_key <> f.dn_key or not o.in_source)
  and not exists (
    select from directory_object heir
    where heir.org_id = o.org_id and heir.dn_key = f.dn_key and heir.integration_id = $2 and heir.in_source)
