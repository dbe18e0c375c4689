-- One page of objects: $1 rows (jsonb array, each object once), $2 integration, $3 epoch, $4 first epoch of the run,
-- $5 invocationId of the controller or null, $6 true for a page of changes.
--
-- Only objects that are new, differ, were gone or enter or leave the scope are written, with their addresses and name endings; an object that is
-- as it was costs one stamp. Who they are is decided when all are written: src/archive/person-linking.ts. Of an object whose
-- stored state is newer nothing is taken: a page of a reading may have been read before a change that was told during it.
--
-- Gives what the page adds to the totals of the run, and what follows for others. An object that was met before in this epoch
-- (searches may overlap) is not counted again; what an earlier attempt of the same run did to it remains this run's outcome.
--
-- All parts see the tables as they were before the statement; the cursor's lock keeps other pages of the integration away.
-- What the planner may get wrong is not left to it, since it cannot know how many rows a parameter holds: `lateral … limit 1`
-- and `any (array …)` are look-ups in an index, and `not in` (of columns that are never null) is one hashed list where
-- `not exists` may become a nested loop over both sides.
with input as materialized (
  select * from jsonb_to_recordset($1::jsonb) as x (
    guid uuid, kind text, recipient_type text, dn text, dn_key text, rdn text, parent_guid uuid, sid text,
    primary_group_sid text, mailbox_guid uuid, display_name text, sort_key text, account_name text, principal_name text, account_disabled boolean,
    in_scope boolean, manager_key text, attributes jsonb, source_created timestamptz, usn bigint, content_hash text,
    addresses jsonb, name_endings jsonb)
),
before as materialized (
  select x.guid, o.id, o.listed, o.missing_since, o.disabled,
    -- An account that is not listed may be that of a mailbox in another directory.
    not o.listed and x.account_disabled and not o.disabled and x.kind = 'user'
      and exists (select from person_link l where l.object_id = o.id and l.until is null) as is_somebodys, o.in_source, o.in_scope, o.dn <> x.dn as moved, o.dn_key,
    o.content_hash <> decode(x.content_hash, 'hex') or o.dn <> x.dn
      or o.manager_key is distinct from decode(x.manager_key, 'hex') as differs,
    (o.kind, o.recipient_type, o.sid, o.account_disabled, o.in_scope, o.sort_key, o.source_created)
      is distinct from (x.kind, x.recipient_type, x.sid, x.account_disabled, x.in_scope, x.sort_key, x.source_created)
      or not o.in_source or o.missing_since is not null as may_be_another,
    coalesce(s.invocation_id = $5::uuid and x.usn < s.usn and ($6::boolean or s.told_epoch >= $3), false) as stale,
    s.epoch, s.outcome, s.usn
  from input x
  cross join lateral (select * from directory_object o where o.integration_id = $2 and o.guid = x.guid limit 1) o
  left join lateral (select * from directory_sighting s where s.object_id = o.id limit 1) s on true
),
buried as materialized (
  select t.guid
  from directory_tombstone t
  join input x on x.guid = t.guid
  where t.integration_id = $2 and t.guid = any (array(select guid from input))
    and t.invocation_id = $5::uuid and x.usn < t.usn and ($6::boolean or t.told_epoch >= $3)
),
written as (
  insert into directory_object as o (
    org_id, integration_id, guid, kind, recipient_type, dn, dn_key, rdn, parent_guid, sid, primary_group_sid,
    mailbox_guid, display_name, sort_key, account_name, principal_name, account_disabled, disabled, in_scope, listed,
    manager_key, attributes, source_created, content_hash)
  select current_setting('lockstep.org')::uuid, $2, x.guid, x.kind, x.recipient_type, x.dn, decode(x.dn_key, 'hex'), x.rdn,
    x.parent_guid, x.sid, x.primary_group_sid, x.mailbox_guid, x.display_name, x.sort_key, x.account_name,
    x.principal_name, x.account_disabled,
    -- That somebody's account is disabled follows by the rules for removals; that it is not, or how one is that is new or returns, at once.
    case
      when b.id is null then x.account_disabled
      when b.missing_since is not null and not x.in_scope then b.disabled
      else x.account_disabled and (b.disabled or b.missing_since is not null or not b.listed and (x.in_scope or not b.is_somebodys))
    end, x.in_scope, x.in_scope, decode(x.manager_key, 'hex'), x.attributes,
    x.source_created, decode(x.content_hash, 'hex')
  from input x
  left join before b on b.guid = x.guid
  where x.guid not in (select guid from buried)
    and (b.id is null or not b.stale and (
      b.differs or not b.in_source or b.in_scope <> x.in_scope or x.in_scope and b.missing_since is not null))
  on conflict (integration_id, guid) do update set
    kind = excluded.kind, recipient_type = excluded.recipient_type, dn = excluded.dn, dn_key = excluded.dn_key,
    rdn = excluded.rdn, parent_guid = excluded.parent_guid, sid = excluded.sid,
    primary_group_sid = excluded.primary_group_sid, mailbox_guid = excluded.mailbox_guid,
    display_name = excluded.display_name, sort_key = excluded.sort_key, account_name = excluded.account_name,
    principal_name = excluded.principal_name, account_disabled = excluded.account_disabled,
    disabled = excluded.disabled,
    kept_since = case when excluded.in_scope then null else o.kept_since end,
    kept_enabled_since = case when excluded.account_disabled then o.kept_enabled_since end,
    in_source = true, in_scope = excluded.in_scope, listed = o.listed or excluded.in_scope,
    missing_since = case when excluded.in_scope then null else o.missing_since end,
    manager_key = excluded.manager_key, attributes = excluded.attributes, source_created = excluded.source_created,
    content_hash = excluded.content_hash, changed_at = now()
  returning o.id, o.guid, o.kind
),
outcomes as materialized (
  select coalesce(b.id, w.id) as id, b.epoch as epoch_before, b.outcome as outcome_before, coalesce(b.stale, false) as stale,
    case when b.stale then b.usn else x.usn end as usn,
    case
      when b.stale then case when b.listed and b.missing_since is null then 'same' else 'outside' end
      when not x.in_scope then 'outside'
      when b.epoch >= $4 and b.outcome in ('added', 'changed', 'returned') then b.outcome
      when b.missing_since is not null then 'returned'
      when b.id is null or not b.listed then 'added'
      when b.differs then 'changed'
      else 'same'
    end as outcome
  from input x
  left join before b on b.guid = x.guid
  left join written w on w.guid = x.guid
  where x.guid not in (select guid from buried)
),
-- A change is no sighting of the reading: it only keeps the object from counting as unseen.
stamped as (
  insert into directory_sighting as s (object_id, org_id, integration_id, epoch, outcome, usn, invocation_id, told_epoch)
  select id, current_setting('lockstep.org')::uuid, $2, case when $6::boolean then 0 else $3 end,
    case when $6::boolean then 'outside' else outcome end, usn, case when usn is null then null else $5::uuid end,
    case when $6::boolean then $3 else 0 end
  from outcomes
  where not ($6::boolean and stale)
  on conflict (object_id) do update set
    epoch = case when $6::boolean then s.epoch else excluded.epoch end,
    outcome = case when $6::boolean then s.outcome else excluded.outcome end,
    usn = excluded.usn, invocation_id = excluded.invocation_id,
    told_epoch = case when $6::boolean then excluded.told_epoch else s.told_epoch end
),
claims as materialized (
  select w.id, a.address, a."primary" as is_primary
  from written w
  join input x on x.guid = w.guid
  cross join lateral jsonb_to_recordset(x.addresses) as a (address text, "primary" boolean)
),
dropped_claims as (
  delete from directory_address a
  where a.object_id = any (array(select b.id from before b join written w on w.id = b.id where b.differs))
    and (a.object_id, a.address) not in (select c.id, c.address from claims c)
  returning a.address
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
  where n.object_id = any (array(select b.id from before b join written w on w.id = b.id where b.differs))
    and (n.object_id, n.ending) not in (select e.id, e.ending from endings e)
),
kept_endings as (
  insert into directory_name_ending (object_id, org_id, ending)
  select id, current_setting('lockstep.org')::uuid, ending from endings
  on conflict (object_id, ending) do nothing
),
arrived as materialized (
  select w.id, x.guid, x.kind, x.dn_key, b.id is null or not b.in_source as fresh, encode(b.dn_key, 'hex') as key_before
  from written w
  join input x on x.guid = w.guid
  left join before b on b.guid = w.guid
  where b.id is null or not b.in_source or b.moved
)
select
  count(*) filter (where outcome <> 'outside')
    - count(*) filter (where epoch_before = $3 and outcome_before not in ('outside', 'missing')) as seen,
  count(*) filter (where outcome = 'added') - count(*) filter (where epoch_before = $3 and outcome_before = 'added') as added,
  count(*) filter (where outcome = 'changed') - count(*) filter (where epoch_before = $3 and outcome_before = 'changed') as changed,
  count(*) filter (where outcome = 'returned') - count(*) filter (where epoch_before = $3 and outcome_before = 'returned') as returned,
  count(*) filter (where outcome = 'same') - count(*) filter (where epoch_before = $3 and outcome_before = 'same') as unchanged,
  -- Objects under another name than before.
  (select coalesce(jsonb_agg(jsonb_build_object('id', id::text, 'guid', guid, 'before', key_before)), '[]')
    from arrived where not fresh and key_before is not null) as moved,
  (select coalesce(jsonb_agg(guid), '[]') from arrived where fresh and kind = 'container') as fresh_containers,
  -- Objects whose name now belongs to one of this page: they must have another by now, which is not told yet.
  (select coalesce(jsonb_agg(jsonb_build_object('id', o.id::text, 'guid', o.guid, 'dn', o.dn, 'before', encode(o.dn_key, 'hex'),
      'in_scope', o.in_scope)), '[]')
    from arrived a
    cross join lateral (
      select * from directory_object o
      where o.dn_key = decode(a.dn_key, 'hex')
        and o.integration_id = $2 and o.in_source and o.guid <> a.guid offset 0) o
    where o.guid not in (select guid from input)) as displaced,
  (select coalesce(jsonb_agg(b.id::text), '[]') from before b join input x using (guid)
    where b.listed and b.missing_since is null and not b.stale and not x.in_scope) as left_scope,
  (select coalesce(jsonb_agg(id::text), '[]') from written) as written,
  -- Of these: who they are, or as whom they are listed, may have changed.
  (select coalesce(jsonb_agg(w.id::text), '[]') from written w left join before b on b.guid = w.guid
    where b.id is null or b.may_be_another) as maybe_others,
  (select coalesce(jsonb_agg(address), '[]') from dropped_claims) as dropped_addresses
from outcomes
