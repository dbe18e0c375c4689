-- Addresses that two objects of the organisation claim: $1 run (null for changes), $2 epoch, for the rows that are new;
-- $3 addresses to look at, or null for all. The older object (source_created, guid) holds the address, each other has a
-- problem that names it and the holder. Of a person of several objects only the one that gives the mail attributes claims any. Computed from all that is present, so the result does not depend on who was read first; problems that are no longer true are resolved.
-- Several directories may be read at once: the caller holds the organisation's lock.
with contested as (
  select address from directory_address
  where $3::text[] is null or address = any ($3::text[])
  group by address having count(*) > 1
),
claims as materialized (
  select a.address, o.guid, o.integration_id,
    first_value(o.display_name) over older as holder, first_value(o.guid) over older as holder_guid
  from contested
  join directory_address a using (address)
  join directory_object o on o.id = a.object_id
  left join lateral (
    select p.mail_object from person_link l join person p on p.id = l.person_id where l.object_id = o.id and l.until is null limit 1) person on true
  where o.listed and o.missing_since is null and coalesce(person.mail_object, o.id) = o.id
  window older as (partition by a.address order by o.source_created nulls last, o.guid)
),
losers as materialized (
  select * from claims where guid <> holder_guid
),
recorded as (
  insert into directory_problem as p (org_id, integration_id, guid, subject, code, detail, first_run, last_run, epoch)
  select current_setting('lockstep.org')::uuid, integration_id, guid, address, 'address.claimed-twice',
    format('The older object "%s" (%s) holds this address.', holder, holder_guid), $1, $1, $2
  from losers
  on conflict (integration_id, code, coalesce(guid, '00000000-0000-0000-0000-000000000000'), md5(subject)) do update set
    detail = excluded.detail, last_run = coalesce(excluded.last_run, p.last_run), epoch = excluded.epoch, last_seen_at = now(), resolved_at = null
)
update directory_problem p set resolved_at = now()
where p.code = 'address.claimed-twice' and p.resolved_at is null and ($3::text[] is null or p.subject = any ($3::text[]))
  and not exists (select from losers l where l.integration_id = p.integration_id and l.guid = p.guid and l.address = p.subject)
