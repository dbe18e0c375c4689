-- Which of these names are groups of the directory, those included that are gone: $1 keys of names, $2 integration.
select distinct encode(o.dn_key, 'hex') as key
from directory_object o
where o.dn_key = any ($1::bytea[]) and o.integration_id = $2
