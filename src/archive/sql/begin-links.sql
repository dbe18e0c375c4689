-- Who objects are from now on: $1 links (jsonb array of {object, person, own, rule}), $2 people of these objects (jsonb array of
-- {id, merged_into, sort_key, mail_object}).
with people as materialized (
  select * from jsonb_to_recordset($2::jsonb) as x (id bigint, merged_into bigint, sort_key text, mail_object bigint)
),
linked as (
  insert into person_link (org_id, person_id, object_id, rule, own_person_id)
  select current_setting('lockstep.org')::uuid, person, object, rule, own
  from jsonb_to_recordset($1::jsonb) as x (object bigint, person bigint, own bigint, rule text)
)
update person p set merged_into = x.merged_into, sort_key = x.sort_key, mail_object = x.mail_object
from people x
where p.id = any (array(select id from people)) and p.id = x.id and (p.merged_into, p.sort_key, p.mail_object) is distinct from (x.merged_into, x.sort_key, x.mail_object)
