-- What objects are called now that had these names a short while ago: $1 keys of names, $2 integration. A name that another
-- object has taken since is that one's.
select encode(f.dn_key, 'hex') as former, encode(o.dn_key, 'hex') as key, o.dn
from directory_former_name f
cross join lateral (select * from directory_object o where o.id = f.object_id limit 1) o
where f.integration_id = $2 and f.dn_key = any ($1::bytea[]) and o.in_source and o.dn_key <> f.dn_key
  and not exists (
    select from directory_object heir
    where heir.org_id = o.org_id and heir.dn_key = f.dn_key and heir.integration_id = $2 and heir.in_source)
