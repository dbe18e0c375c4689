-- What is stored of the objects of one page: $1 objects (jsonb array of {guid, content_hash, dn, manager_key}),
-- $2 integration. The content only of those that differ.
select o.guid, o.listed, o.missing_since is not null as missing, differs,
  case when differs then o.dn end as dn,
  case when differs then o.included end as included,
  case when differs then o.attributes end as attributes
from jsonb_to_recordset($1::jsonb) as x (guid uuid, content_hash text, dn text, manager_key text)
cross join lateral (select * from directory_object o where o.integration_id = $2 and o.guid = x.guid limit 1) o
cross join lateral (
  select o.content_hash <> decode(x.content_hash, 'hex') or o.dn <> x.dn
    or o.manager_key is distinct from decode(x.manager_key, 'hex') as differs) as compared
