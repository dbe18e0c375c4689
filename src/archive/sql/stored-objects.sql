-- What is stored of the objects of one page: $1 objects (jsonb array of {guid, content_hash}), $2 integration. The
-- content only of those that differ.
select o.guid, o.missing_since is not null as missing, differs,
  case when differs then o.dn end as dn,
  case when differs then o.included end as included,
  case when differs then o.attributes end as attributes
from jsonb_to_recordset($1::jsonb) as x (guid uuid, content_hash text)
cross join lateral (select * from directory_object o where o.integration_id = $2 and o.guid = x.guid limit 1) o
cross join lateral (select o.content_hash <> decode(x.content_hash, 'hex') as differs) as compared
