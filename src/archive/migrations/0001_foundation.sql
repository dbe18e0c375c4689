-- Organisations, access, sites, keys, directory, runs.
-- Every table of an organisation has org_id and row-level security; lockstep_app can never leave the organisation that
-- its transaction names with set_config('lockstep.org', …, true). What must look across organisations (a token, a site,
-- the list of schedules) is a function of the owner, below, that answers exactly one question.

create table organisation (
  id              uuid primary key,
  name            text not null unique check (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  display_name    text not null,
  next_run_number bigint not null default 1,
  created_at      timestamptz not null default now()
);

-- Wrapped keys. org_id null = installation key. Rotation adds a row and retires the old one; nothing is overwritten,
-- because every ciphertext names its key.
create table encryption_key (
  id         uuid primary key,
  org_id     uuid references organisation,
  purpose    text not null,                 -- 'organisation' | 'codec' | 'token'
  wrapped_by text not null,                 -- fingerprint of the master key
  wrapped    bytea not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz
);
create unique index encryption_key_active on encryption_key (coalesce(org_id, '00000000-0000-0000-0000-000000000000'), purpose) where retired_at is null;

-- org_id null = installation token: may create organisations and their first token, reads nothing of theirs.
create table api_token (
  id           uuid primary key,
  org_id       uuid references organisation,
  label        text not null,
  token_hash   bytea not null unique,       -- SHA-256; the token itself has 256 random bits
  scopes       text[] not null,
  created_at   timestamptz not null default now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz
);
create index api_token_org on api_token (org_id, created_at);

create table site (
  id              uuid primary key,
  org_id          uuid not null references organisation,
  name            text not null check (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  description     text not null default '',
  state           text not null default 'pending' check (state in ('pending', 'enrolled', 'disabled')),
  sign_public_key text,
  seal_public_key bytea,
  version         text,
  contract        text,
  created_at      timestamptz not null default now(),
  enrolled_at     timestamptz,
  last_seen_at    timestamptz,
  unique (org_id, name)
);

create table site_node (
  site_id      uuid not null references site,
  org_id       uuid not null references organisation,
  node         text not null,
  version      text not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  primary key (site_id, node)
);

create table site_enrolment_code (
  code_hash  bytea primary key,
  org_id     uuid not null references organisation,
  site_id    uuid not null references site,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at    timestamptz
);

-- An assertion is good once (RFC 7523 §3, jti).
create table site_assertion (
  site_id    uuid not null,
  jti        text not null,
  expires_at timestamptz not null,
  primary key (site_id, jti)
);

-- One-time links that open the Temporal UI (src/api/temporal-ui).
create table ui_link (
  code_hash  bytea primary key,
  expires_at timestamptz not null
);

create table directory_integration (
  id                   uuid primary key,
  org_id               uuid not null references organisation,
  site_id              uuid not null references site,
  name                 text not null check (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  description          text not null default '',
  settings             jsonb not null,
  -- Sealed to the site, then encrypted with the organisation's key: the platform cannot open it.
  credential           bytea,
  credential_changed_at timestamptz,
  schedule             jsonb,
  jitter_seconds       integer not null default 60 check (jitter_seconds between 0 and 3600),
  state                text not null default 'active' check (state in ('active', 'paused')),
  -- DirectoryChangeTracking of the last full reading.
  change_tracking      jsonb,
  -- DirectoryFindings of the last reading or test.
  findings             jsonb,
  -- Code of the doubt about a reading that an administrator has set aside: the next reading passes that check, once.
  accepted_doubt       text,
  -- When its watcher last asked what to do, and why it waits (ErrorReport).
  watched_at           timestamptz,
  watch_error          jsonb,
  -- A full reading that its watcher needs ({code, detail}) and that is not asked for before.
  reconcile_reason     jsonb,
  reconcile_at         timestamptz,
  -- Ticks that found a run still open or the schedule parked (those that Temporal skipped are counted in the schedule itself).
  skipped_ticks        bigint not null default 0,
  created_at           timestamptz not null default now(),
  changed_at           timestamptz not null default now(),
  -- When settings changed that decide what a reading does: src/archive/settings-change.ts.
  scope_changed_at     timestamptz,
  unique (org_id, name)
);

create table run (
  id             uuid primary key,
  org_id         uuid not null references organisation,
  integration_id uuid not null references directory_integration,
  number         bigint not null,
  kind           text not null check (kind in ('directory-sync', 'directory-plan', 'directory-test', 'directory-object')),
  trigger        text not null check (trigger in ('schedule', 'manual', 'reconcile')),
  reason         jsonb,                     -- of a reconcile: {code, detail}
  state          text not null check (state in ('queued', 'running', 'succeeded', 'partial', 'held', 'failed', 'cancelled', 'interrupted', 'skipped')),
  workflow_id    text not null,
  requested_at   timestamptz not null default now(),
  started_at     timestamptz,
  -- When the site last asked for work or posted a page.
  progress_at    timestamptz,
  finished_at    timestamptz,
  epoch          bigint,                    -- epoch of its reading
  first_epoch    bigint,                    -- of its first attempt: what earlier attempts of this run did counts as this run's
  totals         jsonb not null default '{}',
  error          jsonb,                     -- ErrorReport
  report         jsonb,                     -- steps of a test, or of one object
  object         jsonb,                     -- of directory-object: which one, {by, value}
  read_settings  jsonb,                     -- with which its last attempt reads
  -- Of a plan: settings that are not saved (null: those of the integration), whether it is made from what is stored, how many
  -- entries of which action it has (null: not computed yet), and when the entries were forgotten.
  settings          jsonb,
  from_stored       boolean not null default false,
  plan_counts       jsonb,                  -- {action: {people, groups}}
  plan_forgotten_at timestamptz,
  unique (org_id, number)
);
-- "Synchronise now" joins the run that is open. Of single objects several may be read at once.
create unique index run_open on run (integration_id, kind) where state in ('queued', 'running') and kind <> 'directory-object';
create index run_unfinished on run (org_id, requested_at) where state in ('queued', 'running');
create index run_by_integration on run (integration_id, number desc);
create index run_by_state on run (org_id, state, number desc);
create index run_finished on run (finished_at) where finished_at is not null;

-- The position of a reading. See docs/architecture.md, "Pages and cursors". Never compare `value`: after a reset it repeats.
create table page_cursor (
  owner           uuid not null,
  scope           text not null,
  org_id          uuid not null references organisation,
  epoch           bigint not null,
  seq             bigint not null,
  phase           text not null check (phase in ('full', 'delta')),
  value           bytea,
  page_hash       bytea,
  opened_at       timestamptz not null default now(),
  completed_epoch bigint not null default 0,
  primary key (owner, scope)
);

-- What was read, one row an object. Never deleted by a sync.
--
-- What the source says and what follows from it are kept apart, so that what would take people away can be held back:
-- in_source and in_scope are facts, renewed with everything that is read; listed and missing_since are the consequences.
--   never shown   not listed                                     (a container, somebody without an address)
--   present       listed and missing_since is null
--   would leave   listed and missing_since is null and not in_scope
--   missing       missing_since is not null; a group is then no longer listed, nor is a person after the days that the settings give
-- Likewise account_disabled is the fact and disabled the consequence: it ends with the fact, but begins only by the rules of
-- src/archive/directory-removals.ts. What an administrator has decided to keep is kept until the fact ends.
create table directory_object (
  id               bigint generated always as identity primary key,
  org_id           uuid not null,
  integration_id   uuid not null references directory_integration,
  guid             uuid not null,
  kind             text not null,
  recipient_type   text not null,
  -- rdn, and the name of the object parent_guid where that is known: see src/archive/directory-names.ts.
  dn               text not null,
  dn_key           bytea not null,          -- first 16 bytes of SHA-256 of the normalised DN
  rdn              text not null,           -- as the source writes it: CN=Doe\, John
  parent_guid      uuid,
  sid              text,
  primary_group_sid text,                   -- the group whose member a user is without the group saying so
  mailbox_guid     uuid,
  display_name     text not null,
  sort_key         text collate "C" not null,
  account_name     text,
  principal_name   text,
  account_disabled boolean not null,        -- as the source says
  disabled         boolean not null default false, -- what follows: see src/archive/directory-removals.ts
  in_source        boolean not null default true,
  in_scope         boolean not null,        -- in the source, and within search bases, filter, mail domains and what Lockstep takes
  listed           boolean not null,        -- was in scope once
  missing_since    timestamptz,
  kept_since       timestamptz,             -- from being removed
  kept_enabled_since timestamptz,           -- from being disabled
  manager_key      bytea,
  attributes       jsonb not null,
  source_created   timestamptz,
  -- Of everything above but what follows from other objects (dn, manager) and from the settings (in_scope).
  content_hash     bytea not null,
  first_seen_at    timestamptz not null default now(),
  changed_at       timestamptz not null default now(),
  unique (integration_id, guid)
);
create index directory_object_dn on directory_object (org_id, dn_key);
create index directory_object_children on directory_object (integration_id, parent_guid) where parent_guid is not null;
create index directory_object_groups on directory_object (org_id, sort_key, id) where listed and kind in ('group', 'dynamic-group');
-- People, groups and missing objects of an integration are counted without reading them.
create index directory_object_counts on directory_object (integration_id, kind, listed, missing_since);
create index directory_object_gone on directory_object (integration_id) where not in_source;
-- Usually empty: what would leave, and has not yet.
create index directory_object_leaving on directory_object (integration_id) where listed and missing_since is null and not in_scope;
-- As empty: accounts that are to be disabled, and are not.
create index directory_object_disabling on directory_object (integration_id)
  where missing_since is null and kind = 'user' and (account_disabled or not in_source) and not disabled;
create index directory_object_sid on directory_object (org_id, sid) where sid is not null;
create index directory_object_primary_group on directory_object (org_id, primary_group_sid, dn_key) where primary_group_sid is not null;
create index directory_object_manager on directory_object (org_id, manager_key) where manager_key is not null;

-- What was last said of it: apart, so that a reading that finds nothing new rewrites these few bytes only. The outcome is
-- that of the run, which may take several epochs: an object added by an attempt that died stays `added`.
create table directory_sighting (
  object_id      bigint primary key,
  org_id         uuid not null,
  integration_id uuid not null,
  epoch          bigint not null,
  outcome        text not null,             -- 'added' | 'changed' | 'returned' | 'same' | 'missing' | 'outside'
  -- The state that is stored: uSNChanged on the controller with this invocationId. Of an older one nothing is taken. The
  -- list of a group's members comes and changes by itself, so it has its own.
  usn            bigint,
  invocation_id  uuid,
  members_usn    bigint,
  members_invocation_id uuid,
  -- The epoch of the reading during which (or after which) a change was told, not a whole object.
  told_epoch     bigint not null default 0,
  members_told_epoch bigint not null default 0
) with (fillfactor = 70);
create index directory_sighting_integration on directory_sighting (integration_id);

-- Names that an object had until a short while ago. A page may have been read before a rename and arrive after it.
create table directory_former_name (
  integration_id uuid not null,
  dn_key         bytea not null,
  object_id      bigint not null,
  org_id         uuid not null,
  until          timestamptz not null default now(),
  primary key (integration_id, dn_key, object_id)
);
-- Objects that were gone before they were read: a page may have been read before and arrive after.
create table directory_tombstone (
  integration_id uuid not null,
  guid           uuid not null,
  org_id         uuid not null,
  usn            bigint,
  invocation_id  uuid,
  told_epoch     bigint not null,
  primary key (integration_id, guid)
);

-- Every claim to an address. Two objects may claim one: the older object (source_created, guid) holds it, the other has a
-- recorded problem. So the result does not depend on the order of pages.
create table directory_address (
  object_id  bigint not null,
  org_id     uuid not null,
  address    text collate "C" not null,     -- lower case
  is_primary boolean not null,
  primary key (object_id, address)
);
create index directory_address_lookup on directory_address (org_id, address);

-- The rest of a sort_key from each of its words but the first, and then what comes before it: by these somebody is found by the
-- last name too.
create table directory_name_ending (
  object_id bigint not null,
  org_id    uuid not null,
  ending    text collate "C" not null,
  primary key (object_id, ending)
);
create index directory_name_ending_lookup on directory_name_ending (org_id, ending, object_id);

-- Direct members as the source names them; resolved by dn_key when read, so that either side may come first.
create table directory_member (
  group_id   bigint not null,
  member_key bytea not null,
  org_id     uuid not null,
  member_dn  text not null,
  epoch      bigint not null,
  primary key (group_id, member_key)
);
create index directory_member_of on directory_member (org_id, member_key);

-- Parts of a list that a page of changes gives, until its last part.
create table directory_member_part (
  teller_id      uuid not null,             -- the integration, for its watcher; or the run that reads one object
  guid           uuid not null,
  member_key     bytea not null,
  org_id         uuid not null,
  member_dn      text not null,
  primary key (teller_id, guid, member_key)
);

-- SIDs by which an object says to be the same person as another: `former` ones of an account (sIDHistory), and the `master`
-- account that a disabled account with a mailbox belongs to (msExchMasterAccountSid). Its own is in directory_object.
create table directory_sid (
  object_id bigint not null,
  org_id    uuid not null,
  sid       text not null,
  role      text not null check (role in ('former', 'master')),
  primary key (object_id, role, sid)
);
create index directory_sid_lookup on directory_sid (org_id, sid);

-- What changes removed lately, by kind: counted against the limit together with what is about to go.
create table removed_by_changes (
  id             bigint generated always as identity primary key,
  org_id         uuid not null,
  integration_id uuid not null references directory_integration,
  kind           text not null check (kind in ('deletion', 'disable', 'group-removal')),
  objects        integer not null,
  at             timestamptz not null default now()
);
create index removed_by_changes_recent on removed_by_changes (integration_id, kind, at);

-- What a run would have done and did not: all of one kind, or ('reading') everything, because the reading itself is doubtful.
create table held_set (
  run_id         uuid not null references run,
  kind           text not null check (kind in ('deletion', 'disable', 'group-removal', 'reading')),
  org_id         uuid not null,
  integration_id uuid not null references directory_integration,
  objects        bigint not null,
  reason         text not null,             -- a sentence
  state          text not null default 'open' check (state in ('open', 'approved', 'rejected', 'replaced')),
  held_at        timestamptz not null default now(),
  resolved_at    timestamptz,
  resolved_by    uuid,                      -- api_token; null for what was replaced
  resolved_objects bigint,                  -- how many it was still true of
  primary key (run_id, kind)
);
create unique index held_set_open on held_set (integration_id, kind) where state = 'open';
create index held_set_of_organisation on held_set (org_id) where state = 'open';
-- The objects of a set, until it is replaced.
create table held_change (
  run_id    uuid not null references run,
  kind      text not null,
  object_id bigint not null,
  org_id    uuid not null,
  primary key (run_id, kind, object_id)
);

create table person (
  id          bigint generated always as identity primary key,
  org_id      uuid not null,
  created_at  timestamptz not null default now(),
  -- The person that this one is, while its object is linked to another's: always one that is not merged itself.
  merged_into bigint,
  -- Under which it is listed: that of the object that names it. Null: none of its objects is listed.
  sort_key    text collate "C",
  -- Of several objects the one that gives the mail attributes: no address of another is the person's. Null: it is of one.
  mail_object bigint
);
create index person_list on person (org_id, sort_key, id) where sort_key is not null;

-- Who an object is. Every object that is listed has a person of its own (own_person_id); it is linked to that one or to another
-- object's: see src/archive/person-linking.ts. An account that is not listed is linked only to others. Rows that ended are the past.
-- No foreign keys: checked row by row they would be a tenth of the time that linking takes of a first reading (measured).
create table person_link (
  id        bigint generated always as identity primary key,
  org_id    uuid not null,
  person_id bigint not null,
  object_id bigint not null,
  rule      text not null check (rule in ('self', 'master-account-sid', 'sid-history', 'moved')),
  own_person_id bigint,
  since     timestamptz not null default now(),
  until     timestamptz
);
create unique index person_link_object on person_link (object_id) where until is null;
create index person_link_person on person_link (person_id) where until is null;

-- Objects that could not be read or applied.
create table directory_problem (
  id             bigint generated always as identity primary key,
  org_id         uuid not null,
  integration_id uuid not null references directory_integration,
  guid           uuid,
  subject        text not null,
  code           text not null,
  detail         text not null,
  first_run      uuid,                      -- null: met in changes, outside of a run
  last_run       uuid,
  epoch          bigint not null,           -- in which it was met last
  first_seen_at  timestamptz not null default now(),
  last_seen_at   timestamptz not null default now(),
  resolved_at    timestamptz
);
create unique index directory_problem_key on directory_problem
  (integration_id, code, coalesce(guid, '00000000-0000-0000-0000-000000000000'), md5(subject));
create index directory_problem_open on directory_problem (org_id, integration_id, id) where resolved_at is null;

-- Pages of a plan that is being read: applied to copies of the tables when all are there (src/archive/plan-rehearsal.ts).
create table directory_plan_page (
  run_id uuid not null references run,
  seq    bigint not null,
  org_id uuid not null,
  page   bytea not null,                    -- gzip of the JSON
  primary key (run_id, seq)
);
alter table directory_plan_page alter column page set storage external;

-- What a plan would do, in the order in which it is shown. An object may be met by several actions.
create table directory_plan_entry (
  run_id    uuid not null references run,
  position  bigint not null,
  org_id    uuid not null,
  action    text not null check (action in (
    'held', 'conflict', 'removed', 'disabled', 'unlinked', 'linked', 'enabled', 'returned', 'added', 'changed')),
  kind      text not null,                  -- of the object
  directory text not null,                  -- name of the integration whose object it is
  guid      uuid not null,
  subject   text not null,
  detail    text,                           -- a sentence, where the action alone does not say it
  changes   jsonb not null default '[]',    -- [{attribute, before, after}]
  primary key (run_id, position)
);
create index directory_plan_entry_action on directory_plan_entry (run_id, action, position);

do $$
declare t text;
begin
  foreach t in array array['api_token', 'site', 'site_node', 'site_enrolment_code', 'directory_integration', 'run',
    'page_cursor', 'directory_object', 'directory_sighting', 'directory_former_name', 'directory_tombstone', 'directory_address',
    'directory_name_ending', 'directory_member', 'directory_member_part', 'directory_sid', 'person',
    'person_link', 'directory_problem', 'directory_plan_page', 'directory_plan_entry',
    'removed_by_changes', 'held_set', 'held_change'] loop
    execute format('alter table %I enable row level security', t);
    execute format($p$create policy organisation on %I using (org_id = (select nullif(current_setting('lockstep.org', true), '')::uuid))$p$, t);
  end loop;
end $$;
alter table organisation enable row level security;
create policy organisation on organisation using (id = nullif(current_setting('lockstep.org', true), '')::uuid);
-- Installation keys are wrapped by the master key and readable by every server process.
alter table encryption_key enable row level security;
create policy organisation on encryption_key using (org_id is null or org_id = nullif(current_setting('lockstep.org', true), '')::uuid);
-- Only through the functions below.
alter table site_assertion enable row level security;
alter table ui_link enable row level security;

grant select, insert, update, delete on all tables in schema public to lockstep_app;
revoke all on site_assertion, ui_link from lockstep_app;
grant usage on all sequences in schema public to lockstep_app;
-- A plan is computed in copies of the tables. Everybody may make temporary tables unless that was taken away.
do $$ begin
  execute format('grant temporary on database %I to lockstep_app', current_database());
exception when insufficient_privilege then null;
end $$;

-- Questions that look across organisations, each answered by one function of the owner.

create function platform_organisations() returns table (id uuid, name text, display_name text, created_at timestamptz)
  language sql stable security definer set search_path = public, pg_temp
  as $$ select id, name, display_name, created_at from organisation order by name $$;

create function platform_find_token(hash bytea) returns table (id uuid, org_id uuid, scopes text[], label text)
  language sql stable security definer set search_path = public, pg_temp
  as $$ select id, org_id, scopes, label from api_token
        where token_hash = hash and revoked_at is null and (expires_at is null or expires_at > now()) $$;

create function platform_token_used(token uuid) returns void
  language sql security definer set search_path = public, pg_temp
  as $$ update api_token set last_used_at = now()
        where id = token and (last_used_at is null or last_used_at < now() - interval '1 minute') $$;

create function platform_add_installation_token(token uuid, token_label text, hash bytea, token_scopes text[]) returns void
  language sql security definer set search_path = public, pg_temp
  as $$ insert into api_token (id, org_id, label, token_hash, scopes) values (token, null, token_label, hash, token_scopes) $$;

create function platform_find_site(wanted uuid) returns table (id uuid, org_id uuid, org_name text, name text, state text, sign_public_key text, seal_public_key bytea)
  language sql stable security definer set search_path = public, pg_temp
  as $$ select s.id, s.org_id, o.name, s.name, s.state, s.sign_public_key, s.seal_public_key
        from site s join organisation o on o.id = s.org_id where s.id = wanted $$;

-- Uses a code up. Answers nothing when it is unknown, used or expired.
create function platform_use_enrolment_code(hash bytea) returns table (site_id uuid, org_id uuid)
  language sql security definer set search_path = public, pg_temp
  as $$ update site_enrolment_code set used_at = now()
        where code_hash = hash and used_at is null and expires_at > now() returning site_id, org_id $$;

-- False when the assertion was used before. Forgets the expired.
create function platform_use_assertion(site uuid, assertion_id text, valid_until timestamptz) returns boolean
  language plpgsql security definer set search_path = public, pg_temp
  as $$ begin
    delete from site_assertion where expires_at < now() - interval '5 minutes';
    insert into site_assertion (site_id, jti, expires_at) values (site, assertion_id, valid_until);
    return true;
  exception when unique_violation then return false;
  end $$;

create function platform_add_ui_link(hash bytea, seconds integer) returns timestamptz
  language sql security definer set search_path = public, pg_temp
  as $$ insert into ui_link (code_hash, expires_at) values (hash, now() + make_interval(secs => seconds)) returning expires_at $$;

-- Uses a link up; true when it was good. Forgets the expired.
create function platform_use_ui_link(hash bytea) returns boolean
  language sql security definer set search_path = public, pg_temp
  as $$ with gone as (delete from ui_link where code_hash = hash or expires_at < now() returning code_hash, expires_at)
        select exists (select from gone where code_hash = hash and expires_at >= now()) $$;

create function platform_find_run(wanted uuid) returns table (id uuid, org_id uuid, integration_id uuid, site_id uuid, kind text, state text)
  language sql stable security definer set search_path = public, pg_temp
  as $$ select r.id, r.org_id, r.integration_id, i.site_id, r.kind, r.state
        from run r join directory_integration i on i.id = r.integration_id where r.id = wanted $$;

-- Counts of the whole installation for its metrics: no names, nothing of one organisation.
create function platform_counts() returns table (what text, label text, count bigint)
  language sql stable security definer set search_path = public, pg_temp
  as $$ select 'open-runs', state, count(*) from run where state in ('queued', 'running') group by state
        union all
        select 'ended-runs', state, count(*) from run where finished_at > now() - interval '1 day' group by state
        union all
        select 'sites', case when state <> 'enrolled' then state
                             when last_seen_at > now() - interval '2 minutes' then 'online' else 'offline' end, count(*)
          from site group by 2
        union all
        select 'open-problems', '', count(*) from directory_problem where resolved_at is null $$;

-- Statistics for tables that have grown to three times what they were. Every index that begins with the organisation looks as
-- good as any other to a planner without statistics, and a first reading is over before autovacuum comes: measured, minutes
-- instead of seconds. Analysing needs the owner. Cheap when there is nothing to do.
-- How much of a table an organisation or a directory is, the planner must not take from the values it knows: one that is not among
-- them is taken for one row, and then every index that begins with it looks as good as the one that finds a row (measured: a second
-- organisation's first reading looked at five hundred times as many rows). The policies compare with what a subquery gives, so that
-- any organisation is taken for as large as the largest, at most half of all; any directory for one of two hundred.
do $$
declare c record;
begin
  for c in
    select a.attrelid::regclass as t, a.attname as n
    from pg_attribute a join pg_class r on r.oid = a.attrelid
    where r.relkind = 'r' and r.relnamespace = 'public'::regnamespace and a.attname in ('org_id', 'integration_id') and a.attnum > 0
  loop
    execute format(case c.n when 'org_id' then 'alter table %s alter column %I set (n_distinct = 2)' else 'alter table %s alter column %I set statistics 0' end, c.t, c.n);
  end loop;
end $$;
alter table directory_object alter column attributes set statistics 0;
-- One container may hold nearly everything, and nearly all objects hold nothing: a mean of the first would have all of them
-- read for each look below one of the others. By name: what several objects have is one manager, and never a tenth of them.
alter table directory_object alter column parent_guid set (n_distinct = -0.05);
alter table directory_object alter column manager_key set (n_distinct = -0.05);
-- Nearly all are in one, and nearly all groups are nobody's.
alter table directory_object alter column primary_group_sid set (n_distinct = -0.05);
alter table directory_plan_entry alter column changes set statistics 0;
create function platform_refresh_statistics() returns void
  language plpgsql security definer set search_path = public, pg_temp
  as $$
  declare grown regclass;
  begin
    if not pg_try_advisory_xact_lock(hashtextextended('platform_refresh_statistics', 0)) then return; end if;
    for grown in
      select c.oid from pg_class c
      where c.oid in ('directory_object'::regclass, 'directory_sighting'::regclass, 'directory_address'::regclass,
          'directory_member'::regclass, 'directory_former_name'::regclass, 'directory_sid'::regclass, 'person'::regclass, 'person_link'::regclass, 'directory_problem'::regclass,
          'directory_object_past'::regclass, 'directory_address_past'::regclass, 'directory_member_past'::regclass, 'person_past'::regclass,
          'directory_plan_entry'::regclass, 'held_change'::regclass)
        and pg_relation_size(c.oid) > 3 * greatest(c.relpages, 4) * current_setting('block_size')::bigint
    loop
      execute format('analyze %s', grown);
    end loop;
  end $$;

revoke execute on all functions in schema public from public;
grant execute on all functions in schema public to lockstep_app;
