-- Mailboxes whose account has another one: $1 ids of objects that were looked at, $2 those of them that are meant (jsonb array of
-- {id, counts: the mailbox that is shown}). Each has a problem for as long as that is so.
with extra as materialized (
  select o.org_id, o.integration_id, o.guid, o.dn,
    format('Its account has another mailbox too, "%s" (%s), whose addresses count.', other.dn, other.guid) as detail
  from jsonb_to_recordset($2::jsonb) as x (id bigint, counts bigint)
  cross join lateral (select * from directory_object o where o.id = x.id limit 1) o
  cross join lateral (select * from directory_object o where o.id = x.counts limit 1) other
),
recorded as (
  insert into directory_problem as p (org_id, integration_id, guid, subject, code, detail, epoch)
  select org_id, integration_id, guid, dn, 'person.two-mailboxes', detail, 0 from extra
  on conflict (integration_id, code, coalesce(guid, '00000000-0000-0000-0000-000000000000'), md5(subject)) do update set
    detail = excluded.detail, last_seen_at = now(), resolved_at = null
  where p.resolved_at is not null or p.detail <> excluded.detail
),
settled as materialized (
  select p.id
  from unnest($1::bigint[]) as given (id)
  cross join lateral (select * from directory_object o where o.id = given.id limit 1) o
  cross join lateral (
    select * from directory_problem p
    where p.integration_id = o.integration_id and p.code = 'person.two-mailboxes'
      and coalesce(p.guid, '00000000-0000-0000-0000-000000000000') = o.guid offset 0) p
  where p.resolved_at is null and (p.guid, p.subject) not in (select guid, dn from extra)
)
update directory_problem set resolved_at = now() where id = any (array(select id from settled))
