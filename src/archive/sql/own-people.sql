-- Objects that are listed are people: $1 ids. One that is no person yet becomes one of its own, linked to it unless it is linked
-- to another's already; the name under which a person of one object is listed follows the object.
--
-- Ids are drawn here, because pairing rows that an insert returned with objects by number is a nested loop (measured). For `lateral`
-- and `any (array …)` see apply-objects.sql.
with objects as materialized (
  select o.id, case when o.listed then o.sort_key end as sort_key, l.id as link_id, l.person_id,
    case when o.listed and l.own_person_id is null then nextval(pg_get_serial_sequence('person', 'id')) end as new_person_id
  from unnest($1::bigint[]) as given (id)
  cross join lateral (select * from directory_object o where o.id = given.id limit 1) o
  left join lateral (select * from person_link l where l.object_id = given.id and l.until is null limit 1) l on true
  where o.kind in ('user', 'contact', 'public-folder')
),
renamed as materialized (
  select o.person_id, o.sort_key
  from objects o
  cross join lateral (select * from person p where p.id = o.person_id limit 1) p
  cross join lateral (
    select count(*) as links from (select from person_link l where l.person_id = o.person_id and l.until is null limit 2) counted) linked
  where linked.links = 1 and p.sort_key is distinct from o.sort_key
),
made as (
  insert into person (id, org_id, sort_key) overriding system value
  select new_person_id, current_setting('lockstep.org')::uuid, case when link_id is null then sort_key end
  from objects where new_person_id is not null
),
linked as (
  insert into person_link (org_id, person_id, object_id, rule, own_person_id)
  select current_setting('lockstep.org')::uuid, new_person_id, id, 'self', new_person_id
  from objects where new_person_id is not null and link_id is null
),
owned as (
  update person_link l set own_person_id = o.new_person_id
  from objects o
  where l.id = any (array(select link_id from objects where new_person_id is not null and link_id is not null)) and l.id = o.link_id
)
update person p set sort_key = r.sort_key
from renamed r
where p.id = any (array(select person_id from renamed)) and p.id = r.person_id
