-- Exchange: connections, tasks, and the mailboxes that are replicated.

create table exchange_connection (
  id                    uuid primary key,
  org_id                uuid not null references organisation,
  site_id               uuid not null references site,
  name                  text not null check (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  description           text not null default '',
  settings              jsonb not null,     -- ConnectionSettings
  -- As of a directory integration: sealed to the site, then encrypted with the organisation's key.
  credential            bytea,
  credential_changed_at timestamptz,
  -- Change hints of folders were wrong once: every pass reads every folder.
  hints_trusted         boolean not null default true,
  -- Exchange refused the sign-in: ticks wait until somebody changes the connection, since more tries could lock the account.
  refused_at            timestamptz,
  refused_error         jsonb,              -- ErrorReport
  created_at            timestamptz not null default now(),
  changed_at            timestamptz not null default now(),
  unique (org_id, name)
);

-- Settings of one feature, for any number of tasks.
create table definition (
  id          uuid primary key,
  org_id      uuid not null references organisation,
  name        text not null check (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  description text not null default '',
  feature     text not null check (feature in ('folder-replication')),
  settings    jsonb not null,
  created_at  timestamptz not null default now(),
  changed_at  timestamptz not null default now(),
  unique (org_id, name)
);

create table task_schedule (
  id             uuid primary key,
  org_id         uuid not null references organisation,
  name           text not null check (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  description    text not null default '',
  schedule       jsonb not null,            -- Schedule
  jitter_seconds integer not null default 60 check (jitter_seconds between 0 and 3600),
  created_at     timestamptz not null default now(),
  changed_at     timestamptz not null default now(),
  unique (org_id, name)
);

create table mailbox_group (
  id          uuid primary key,
  org_id      uuid not null references organisation,
  name        text not null check (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  description text not null default '',
  source      jsonb not null,               -- MailboxGroupSource
  created_at  timestamptz not null default now(),
  changed_at  timestamptz not null default now(),
  unique (org_id, name)
);

create table task (
  id            uuid primary key,
  org_id        uuid not null references organisation,
  site_id       uuid not null references site,
  name          text not null check (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  description   text not null default '',
  feature       text not null check (feature in ('folder-replication')),
  definition_id uuid not null references definition,
  schedule_id   uuid references task_schedule,   -- null: only when somebody asks
  group_id      uuid not null references mailbox_group,
  state         text not null default 'active' check (state in ('active', 'paused')),
  skipped_ticks bigint not null default 0,
  created_at    timestamptz not null default now(),
  changed_at    timestamptz not null default now(),
  unique (org_id, name)
);
create index task_definition on task (definition_id);
create index task_schedule_users on task (schedule_id) where schedule_id is not null;
create index task_group on task (group_id);
create index task_site on task (site_id);

-- Members of a task's group, as resolved last, that have no mailbox to work on: SkippedMember. Their reason is their state.
create table task_skipped_member (
  task_id uuid not null references task,
  position integer not null,
  org_id  uuid not null,
  name    text not null,
  address text,
  reason  text not null,
  primary key (task_id, position)
);

-- A run belongs to a directory, a task, or a connection that is tested.
alter table run alter column integration_id drop not null;
alter table run add column task_id uuid references task;
alter table run add column connection_id uuid references exchange_connection;
-- Of a resync: how far it reaches (TaskRunScope); null: a run of the whole task by changes. Of a connection test: whom it impersonates.
alter table run add column task_scope jsonb;
alter table run add column test_address text;
-- When its list of mailboxes was made.
alter table run add column planned_at timestamptz;
alter table run add constraint run_subject check (num_nonnulls(integration_id, task_id, connection_id) = 1);
alter table run drop constraint run_kind_check;
alter table run add constraint run_kind_check check (kind in ('directory-sync', 'directory-plan', 'directory-test', 'directory-object', 'exchange-task', 'connection-test'));
create unique index run_open_task on run (task_id, coalesce(task_scope, 'null'::jsonb)) where task_id is not null and state in ('queued', 'running');
create unique index run_open_connection on run (connection_id) where connection_id is not null and state in ('queued', 'running');
create index run_by_task on run (task_id, number desc) where task_id is not null;
create index run_by_connection on run (connection_id, number desc) where connection_id is not null;

create or replace function platform_find_run(wanted uuid) returns table (id uuid, org_id uuid, integration_id uuid, site_id uuid, kind text, state text)
  language sql stable security definer set search_path = public, pg_temp
  as $$ select r.id, r.org_id, r.integration_id, coalesce(i.site_id, t.site_id, c.site_id), r.kind, r.state
        from run r
        left join directory_integration i on i.id = r.integration_id
        left join task t on t.id = r.task_id
        left join exchange_connection c on c.id = r.connection_id
        where r.id = wanted $$;

-- A mailbox, once seen, for good. Known by its Exchange GUID; where the directory has none, by its address.
create table mailbox (
  id             bigint generated always as identity primary key,
  org_id         uuid not null references organisation,
  -- As sites know it, and the owner of its cursors.
  key            uuid not null unique default gen_random_uuid(),
  exchange_guid  uuid,
  address        text collate "C" not null, -- primary, as last seen: whom the connection impersonates
  display_name   text not null,
  recipient_type text not null,
  -- The directory object that says who it is; null: typed by hand and not found.
  object_id      bigint,
  connection_id  uuid references exchange_connection,
  -- A pass is one walk over its folders. What the pass that is under way has brought is not shown before it is complete.
  open_pass      bigint not null default 0,
  completed_pass bigint not null default 0,
  -- Every folder was read whatever the hints said: once a day.
  verified_at    timestamptz,
  -- What the last completed pass left in it. Bytes are those that the source says items take.
  folders        bigint not null default 0,
  items          bigint not null default 0,
  left_out       bigint not null default 0,
  bytes          bigint not null default 0,
  created_at     timestamptz not null default now()
);
create index mailbox_listed on mailbox (org_id, address, id);
create unique index mailbox_guid on mailbox (org_id, exchange_guid) where exchange_guid is not null;
create unique index mailbox_address on mailbox (org_id, address) where exchange_guid is null;
create index mailbox_object on mailbox (object_id) where object_id is not null;
create index mailbox_connection on mailbox (connection_id) where connection_id is not null;

-- One task does a feature of a mailbox.
create table mailbox_owner (
  mailbox_id bigint not null references mailbox,
  feature    text not null,
  org_id     uuid not null,
  task_id    uuid not null references task,
  since      timestamptz not null default now(),
  primary key (mailbox_id, feature)
);
create index mailbox_owner_task on mailbox_owner (task_id);

-- How a mailbox fares in a task. A row stays when the mailbox leaves the group, with the state of then.
create table task_mailbox (
  task_id         uuid not null references task,
  mailbox_id      bigint not null references mailbox,
  org_id          uuid not null,
  state           text not null check (state in ('pending', 'healthy', 'duplicate', 'skipped', 'attention')),
  error           jsonb,                    -- ErrorReport: reason and next step
  in_group        boolean not null default true,
  first_done_at   timestamptz,
  last_success_at timestamptz,
  last_run_id     uuid,
  changed_at      timestamptz not null default now(),
  primary key (task_id, mailbox_id)
);
create index task_mailbox_state on task_mailbox (task_id, state, mailbox_id) where in_group;
create index task_mailbox_of on task_mailbox (mailbox_id);

-- The mailboxes of one run, in the order of their ordinals.
create table run_mailbox (
  run_id     uuid not null references run,
  ordinal    integer not null,
  org_id     uuid not null,
  mailbox_id bigint not null references mailbox,
  -- null: not begun; deferred: left by a sweep; waiting: an attempt failed with `error`, another follows; superseded: another run took it.
  outcome    text check (outcome in ('quiet', 'finished', 'failed', 'deferred', 'waiting', 'superseded')),
  -- Of the attempt that works on it; a later attempt takes it over.
  lease      uuid,
  leased_at  timestamptz,
  error      jsonb,
  -- Attempts in a row that failed and brought nothing.
  fruitless  integer not null default 0,
  -- What this run committed of it.
  pages      bigint not null default 0,
  items      bigint not null default 0,
  primary key (run_id, ordinal)
);
create index run_mailbox_of on run_mailbox (mailbox_id, run_id);

create table pass (
  mailbox_id   bigint not null references mailbox,
  number       bigint not null,
  org_id       uuid not null,
  run_id       uuid,
  opened_at    timestamptz not null default now(),
  completed_at timestamptz,
  primary key (mailbox_id, number)
);
create index pass_completed on pass (mailbox_id, completed_at) where completed_at is not null;

-- A folder of people's, as it is now. Hidden and search folders have no row. One that comes back after it was gone is another row.
create table folder (
  id          bigint generated always as identity primary key,
  org_id      uuid not null,
  mailbox_id  bigint not null references mailbox,
  -- First 16 bytes of SHA-256 of source_id, as of items.
  source_hash bytea not null,
  source_id   text not null,
  parent_hash bytea not null,               -- of a parent that is no folder here: the root
  name        text not null,
  folder_class text not null,
  well_known  text,
  opened_pass bigint not null,
  -- In which its name and parent became what they are.
  named_pass  bigint not null,
  closed_pass bigint,
  epoch       bigint not null,              -- of the hierarchy's reading that saw it last
  hint        text,
  -- Of the rules and the place by which its items were last left out: another one asks which of them are wanted now.
  rules_hash  bytea,
  error       jsonb                         -- ErrorReport: it could not be read in the last pass
);
create unique index folder_source on folder (mailbox_id, source_hash) where closed_pass is null;
create index folder_of on folder (mailbox_id, source_hash);
-- What a folder was called, and where it was, until a pass.
create table former_folder (
  folder_id   bigint not null references folder,
  mailbox_id  bigint not null,
  org_id      uuid not null,
  until_pass  bigint not null,
  since_pass  bigint not null,
  parent_hash bytea not null,
  name        text not null,
  primary key (folder_id, until_pass)
);

-- An item as it is now, and where. What it was and where it was is in former_version and former_placement. Everything of a mailbox is in
-- one partition.
create table item (
  id          bigint generated always as identity,
  mailbox_id  bigint not null,
  org_id      uuid not null,
  source_hash bytea not null,
  source_id   text not null,
  change_key  text not null,
  search_key  bytea,
  source_key  bytea,
  folder_id   bigint,                       -- null: in no folder now
  placed_pass bigint not null,
  version_pass bigint not null,
  first_pass  bigint not null,
  -- Why nothing is kept but its ids, change key and what rules look at; null: it is kept.
  left_out    text,
  item_class  text not null,
  size        bigint not null,
  -- By which a folder is listed: when it was received, else made.
  sort_at     timestamptz not null,
  properties  jsonb not null,               -- ItemProperties
  -- Of what MIME holds: content is fetched again only when this changes.
  signature   bytea not null,
  content_id  bigint,
  -- Of the state whose content was read: with another than the row's, somebody changed the item between the readings.
  content_key text,
  -- 'wanted' whether or not a definition asks for content: one that begins to has nothing to read again.
  content_state text not null default 'wanted' check (content_state in ('wanted', 'stored', 'unreadable', 'not-wanted')),
  primary key (mailbox_id, id),
  unique (mailbox_id, source_hash)
) partition by hash (mailbox_id);
create index item_listed on item (mailbox_id, folder_id, sort_at desc, id desc) where left_out is null;
create index item_left_out on item (mailbox_id, folder_id, version_pass) where left_out is not null;
-- Answers how many there are, and how large, without a look at the rows.
create index item_counted on item (mailbox_id, folder_id) include (placed_pass, version_pass, left_out, size);
create index item_content on item (mailbox_id, sort_at desc, id desc)
  where content_state in ('wanted', 'unreadable') and folder_id is not null and left_out is null;
-- Those by which a moved item is recognised.
create index item_new on item (mailbox_id, first_pass);
create index item_key on item (mailbox_id, search_key) where search_key is not null;

create table former_version (
  mailbox_id bigint not null,
  item_id    bigint not null,
  org_id     uuid not null,
  since_pass bigint not null,
  until_pass bigint not null,
  change_key text not null,
  left_out   text,
  properties jsonb not null,
  content_id bigint,
  -- Since and until are the same of one that no completed pass shows, kept for its content.
  primary key (mailbox_id, item_id, until_pass, since_pass)
) partition by hash (mailbox_id);

create table former_placement (
  mailbox_id bigint not null,
  item_id    bigint not null,
  org_id     uuid not null,
  folder_id  bigint not null,
  opened_pass bigint not null,
  closed_pass bigint not null,
  reason     text not null check (reason in ('moved', 'deleted', 'folder-deleted', 'left-scope', 'resync-missing')),
  sort_at    timestamptz not null,          -- of the item
  primary key (mailbox_id, item_id, closed_pass, opened_pass, folder_id)
) partition by hash (mailbox_id);
create index former_placement_listed on former_placement (mailbox_id, folder_id, sort_at desc, item_id desc);
create index former_placement_folder on former_placement (mailbox_id, folder_id, closed_pass);
create index former_placement_pass on former_placement (mailbox_id, closed_pass);

-- Messages as they were first read, one row for all items of an organisation that are the very same bytes. Their bytes are in the blob
-- store: whole, or in parts once rebuilding them was proven to give the same.
create table content (
  id        bigint generated always as identity primary key,
  org_id    uuid not null references organisation,
  -- Of the MIME as it was first read: the `.eml`.
  sha256    bytea not null,
  bytes     bigint not null,
  -- Over the decoded parts, in a version that says how; null: it cannot be taken apart.
  digest    bytea,
  digest_version smallint not null,
  stored_as text not null default 'whole' check (stored_as in ('whole', 'parts')),
  -- The blob of stored_as: the message, or what is left of it without its shared parts.
  blob      bytea not null,
  -- It has parts worth sharing, and nobody looked yet.
  to_share  boolean not null,
  created_at timestamptz not null default now(),
  unique (org_id, sha256)
);
create index content_to_share on content (id) where to_share;
create index content_digest on content (org_id, digest) where digest is not null;
create index content_blob on content (org_id, blob);

-- Leaf parts of messages, in their order.
create table content_part (
  content_id   bigint not null references content,
  number       integer not null,
  org_id       uuid not null,
  -- Of the decoded part; the blob where it is shared.
  sha256       bytea not null,
  bytes        bigint not null,
  content_type text not null,
  charset      text,
  name         text,
  disposition  text,
  cid          text,                       -- Content-ID without brackets
  -- Where its base64 is in the message, where our own would be the same.
  base64_at     bigint,
  base64_length bigint,
  shared       boolean not null default false,
  primary key (content_id, number)
);
create index content_part_blob on content_part (org_id, sha256) where shared;

-- What a second full reading of a folder has seen: dropped when it is over. The first has nothing to compare with.
create table seen_item (
  folder_id   bigint not null,
  epoch       bigint not null,
  source_hash bytea not null,
  org_id      uuid not null,
  primary key (folder_id, epoch, source_hash)
);

create table item_problem (
  mailbox_id  bigint not null,
  source_hash bytea not null,
  -- Which of an item's readings failed.
  part        text not null default 'metadata' check (part in ('metadata', 'content')),
  org_id      uuid not null,
  source_id   text not null,
  folder_id   bigint not null,
  code        text not null,
  detail      text not null,
  attempts    integer not null default 1,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  -- Not tried again before.
  next_at     timestamptz not null default now(),
  resolved_at timestamptz,
  primary key (mailbox_id, source_hash, part)
);
create index item_problem_open on item_problem (org_id, mailbox_id, source_hash) where resolved_at is null;

-- What is in the blob store. Bytes come first, then this row, then what refers to them.
create table blob (
  org_id      uuid not null references organisation,
  sha256      bytea not null check (length(sha256) = 32),
  bytes       bigint not null,
  stored_bytes bigint not null,             -- packed and encrypted
  created_at  timestamptz not null default now(),
  -- Since when nothing refers to it, as far as is known; null: something does. Collected after a week.
  unreferenced_since timestamptz default now(),
  -- Its bytes are about to be deleted: no reference is taken any more, an upload brings it back.
  condemned   boolean not null default false,
  primary key (org_id, sha256)
);
create index blob_unreferenced on blob (org_id, unreferenced_since) where unreferenced_since is not null;

-- Every reference to a blob, and the content that has it (item.content_id).
create view referenced_blob with (security_invoker = true) as
  select org_id, blob as sha256, id as content_id from content
  union all
  select org_id, sha256, content_id from content_part where shared;
grant select on referenced_blob to lockstep_app;

-- Items that their owner marked Personal or Private are left out.
alter table organisation add column leave_out_private boolean not null default true;

-- Who decided what. Rows are added only; each holds a hash over the one before it and itself.
create table audit (
  org_id   uuid not null references organisation,
  number   bigint not null,
  at       timestamptz not null,
  by_token uuid not null,
  by_label text not null,                   -- of then
  action   text not null,
  subject  text not null,
  before   jsonb,
  after    jsonb,
  hash     bytea not null,
  primary key (org_id, number)
);
alter table audit enable row level security;
create policy organisation on audit using (org_id = (select nullif(current_setting('lockstep.org', true), '')::uuid));
grant select, insert on audit to lockstep_app;

do $$
declare t text;
begin
  foreach t in array array['item', 'former_version', 'former_placement'] loop
    for part in 0..15 loop
      execute format('create table %I partition of %I for values with (modulus 16, remainder %s)', t || '_' || part, t, part);
    end loop;
  end loop;
  foreach t in array array['exchange_connection', 'definition', 'task_schedule', 'mailbox_group', 'task', 'task_skipped_member', 'mailbox', 'mailbox_owner',
    'task_mailbox', 'run_mailbox', 'pass', 'folder', 'former_folder', 'item', 'former_version', 'former_placement', 'content', 'content_part', 'seen_item', 'item_problem',
    'blob'] loop
    execute format('alter table %I enable row level security', t);
    execute format($p$create policy organisation on %I using (org_id = (select nullif(current_setting('lockstep.org', true), '')::uuid))$p$, t);
    execute format('grant select, insert, update, delete on %I to lockstep_app', t);
    -- As in 0001_foundation.sql.
    execute format('alter table %I alter column org_id set (n_distinct = 2)', t);
  end loop;
end $$;
grant usage on all sequences in schema public to lockstep_app;

-- Whose mailbox a site asks for, found without knowing the organisation.
create function platform_find_mailbox(wanted uuid) returns table (id bigint, org_id uuid)
  language sql stable security definer set search_path = public, pg_temp
  as $$ select id, org_id from mailbox where key = wanted $$;
revoke execute on function platform_find_mailbox(uuid) from public;
grant execute on function platform_find_mailbox(uuid) to lockstep_app;

-- Contents whose parts are to be shared, of all organisations.
create function platform_contents_to_share(after bigint, most integer) returns table (id bigint, org_id uuid)
  language sql stable security definer set search_path = public, pg_temp
  as $$ select id, org_id from content where to_share and id > after order by id limit most $$;
revoke execute on function platform_contents_to_share(bigint, integer) from public;
grant execute on function platform_contents_to_share(bigint, integer) to lockstep_app;
