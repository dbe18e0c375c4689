-- One page of objects: $1 rows (jsonb array), $2 integration, $3 epoch, $4 first epoch of the run.
--
-- Only objects that are new, differ or were missing are written, with their addresses, name endings and, when new, with a person
-- each; an object that is as it was costs one stamp. Gives what the page adds to the totals of the run. An object that
-- was met before in this epoch (searches may overlap) is not counted again; what an earlier attempt of the same run did
-- to it remains this run's outcome.
--
-- All parts see the tables as they were before the statement; the cursor's lock keeps other pages of the integration
-- away. What the planner may get wrong is not left to it, since it cannot know how many rows a parameter holds:
-- `lateral … limit 1` and `any (array …)` are look-ups in an index, and `not in` (of columns that are never null) is
-- one hashed list where `not exists` may become a nested loop over both sides.
with input as materialized (
  select * from jsonb_to_recordset($1::jsonb) as x (
    guid uuid, kind text, recipient_type text, dn text, dn_key text, sid text, mailbox_guid uuid, display_name text,
    sort_key text, account_name text, principal_name text, account_disabled boolean, included boolean, manager_key text,
    attributes jsonb, source_created timestamptz, content_hash text, addresses jsonb,
    name_endings jsonb)
),
before as materialized (
  select x.guid, o.id, o.missing_since, o.content_hash <> decode(x.content_hash, 'hex') as differs, s.epoch, s.outcome
  from input x
  cross join lateral (select * from directory_object o where o.integration_id = $2 and o.guid = x.guid limit 1) o
  left join lateral (select * from directory_sighting s where s.object_id = o.id limit 1) s on true
),
written as (
  insert into directory_object as o (
    org_id, integration_id, guid, kind, recipient_type, dn, dn_key, sid, mailbox_guid, display_name, sort_key,
    account_name, principal_name, account_disabled, included, manager_key, attributes, source_created, content_hash)
  select current_setting('lockstep.org')::uuid, $2, x.guid, x.kind, x.recipient_type, x.dn, decode(x.dn_key, 'hex'),
    x.sid, x.mailbox_guid, x.display_name, x.sort_key, x.account_name, x.principal_name, x.account_disabled, x.included,
    decode(x.manager_key, 'hex'), x.attributes, x.source_created, decode(x.content_hash, 'hex')
  from input x
  left join before b on b.guid = x.guid
  where b.id is null or b.differs or b.missing_since is not null
  on conflict (integration_id, guid) do update set
    kind = excluded.kind, recipient_type = excluded.recipient_type, dn = excluded.dn, dn_key = excluded.dn_key,
    sid = excluded.sid, mailbox_guid = excluded.mailbox_guid, display_name = excluded.display_name,
    sort_key = excluded.sort_key, account_name = excluded.account_name, principal_name = excluded.principal_name,
    account_disabled = excluded.account_disabled, included = excluded.included, manager_key = excluded.manager_key,
    attributes = excluded.attributes, source_created = excluded.source_created, content_hash = excluded.content_hash,
    changed_at = now(), missing_since = null
  returning o.id, o.guid, o.kind
),
outcomes as materialized (
  select coalesce(b.id, w.id) as id, b.epoch as epoch_before, b.outcome as outcome_before,
    case
      when b.epoch >= $4 and b.outcome in ('added', 'changed', 'returned') then b.outcome
      when b.id is null then 'added'
      when b.missing_since is not null then 'returned'
      when b.differs then 'changed'
      else 'same'
    end as outcome
  from input x
  left join before b on b.guid = x.guid
  left join written w on w.guid = x.guid
),
stamped as (
  insert into directory_sighting as s (object_id, org_id, integration_id, epoch, outcome)
  select id, current_setting('lockstep.org')::uuid, $2, $3, outcome from outcomes
  on conflict (object_id) do update set epoch = excluded.epoch, outcome = excluded.outcome
),
claims as materialized (
  select w.id, a.address, a."primary" as is_primary
  from written w
  join input x on x.guid = w.guid
  cross join lateral jsonb_to_recordset(x.addresses) as a (address text, "primary" boolean)
),
dropped_claims as (
  delete from directory_address a
  where a.object_id = any (array(select b.id from before b where b.differs))
    and (a.object_id, a.address) not in (select c.id, c.address from claims c)
),
kept_claims as (
  insert into directory_address as a (object_id, org_id, address, is_primary)
  select id, current_setting('lockstep.org')::uuid, address, is_primary from claims
  on conflict (object_id, address) do update set is_primary = excluded.is_primary
  where a.is_primary <> excluded.is_primary
),
endings as materialized (
  select w.id, e.ending
  from written w
  join input x on x.guid = w.guid
  cross join lateral jsonb_array_elements_text(x.name_endings) as e (ending)
),
dropped_endings as (
  delete from directory_name_ending n
  where n.object_id = any (array(select b.id from before b where b.differs))
    and (n.object_id, n.ending) not in (select e.id, e.ending from endings e)
),
kept_endings as (
  insert into directory_name_ending (object_id, org_id, ending)
  select id, current_setting('lockstep.org')::uuid, ending from endings
  on conflict (object_id, ending) do nothing
),
-- A new object that is no group is a person of its own. Their ids are drawn here, because pairing rows that an insert
-- returned with objects by number is a nested loop (measured: two thirds of the whole statement).
newcomers as materialized (
  select w.id, nextval(pg_get_serial_sequence('person', 'id')) as person_id
  from written w
  left join before b on b.guid = w.guid
  where b.id is null and w.kind not in ('group', 'dynamic-group')
),
persons as (
  insert into person (id, org_id) overriding system value
  select person_id, current_setting('lockstep.org')::uuid from newcomers
),
linked as (
  insert into person_link (org_id, person_id, object_id, rule)
  select current_setting('lockstep.org')::uuid, person_id, id, 'self' from newcomers
)
select
  count(*) filter (where epoch_before is distinct from $3) as seen,
  count(*) filter (where outcome = 'added') - count(*) filter (where epoch_before = $3 and outcome_before = 'added') as added,
  count(*) filter (where outcome = 'changed') - count(*) filter (where epoch_before = $3 and outcome_before = 'changed') as changed,
  count(*) filter (where outcome = 'returned') - count(*) filter (where epoch_before = $3 and outcome_before = 'returned') as returned,
  count(*) filter (where outcome = 'same') - count(*) filter (where epoch_before = $3 and outcome_before = 'same') as unchanged
from outcomes
