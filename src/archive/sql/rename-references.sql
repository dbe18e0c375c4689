-- Those who name a renamed object name it anew, as the source does without telling: $1 renames (jsonb array of {id, before,
-- key, dn}, keys in hex), $2 integration, $3 true for a page of
-- changes. In other directories too, unless the name means an object of their own there.
--
-- A reading does not say when an object got its new name. Where another object has the old one by now, those who were read in
-- the same reading mean that one, and all will have been read in the end: so they are left alone.
--
-- All renames at once, since one may take the name of another; the window makes the deletions happen before the insertions.
with renames as materialized (
  select id, decode(before, 'hex') as before, decode(key, 'hex') as key, dn
  from jsonb_to_recordset($1::jsonb) as x (id bigint, before text, key text, dn text)
  where $3::boolean or not exists (
    select from directory_object heir
    where heir.dn_key = decode(x.before, 'hex')
      and heir.integration_id = $2 and heir.in_source)
),
named as materialized (
  select m.group_id, m.member_key, m.org_id, m.epoch, r.key, r.dn
  from renames r
  cross join lateral (
    select * from directory_member m
    where m.member_key = r.before offset 0) m
  cross join lateral (select * from directory_object g where g.id = m.group_id limit 1) g
  where g.integration_id = $2 or not exists (
    select from directory_object own
    where own.org_id = m.org_id and own.dn_key = r.before and own.integration_id = g.integration_id and own.in_source)
),
gone as (
  delete from directory_member m using named n where m.group_id = n.group_id and m.member_key = n.member_key
  returning m.group_id, n.org_id, n.key, n.dn, n.epoch
),
all_gone as materialized (
  select *, count(*) over () as n from gone
),
renamed as (
  insert into directory_member (group_id, member_key, org_id, member_dn, epoch)
  select group_id, key, org_id, dn, epoch from all_gone
  on conflict (group_id, member_key) do nothing
),
reporting as (
  update directory_object o set
    manager_key = r.key, attributes = jsonb_set(o.attributes, '{manager}', jsonb_build_array(r.dn))
  from renames r
  where o.manager_key = r.before
    and (o.integration_id = $2 or not exists (
      select from directory_object own
      where own.org_id = o.org_id and own.dn_key = r.before and own.integration_id = o.integration_id and own.in_source))
)
insert into directory_former_name (integration_id, dn_key, object_id, org_id)
select $2, before, id, current_setting('lockstep.org')::uuid from renames
on conflict (integration_id, dn_key, object_id) do update set until = now()
