-- The directory as it was. Whatever the tables of what people see hold, their former rows are kept beside them, and the schema
-- `past` has views under the same names that show what the tables held at the moment that the transaction names
-- (lockstep.at): a question about the past is the same statement as one about today, with another search path.
--
--   directory_object       what is                 past.directory_object   what was at lockstep.at:
--   directory_object_past  what was, until when      rows that were there then and are as they were,
--                                                    and of those that are not, the first former row that ended later
--
-- Former rows are written by triggers, so that no statement can forget it, in the transaction of the change and with the run that
-- made it (lockstep.run; none: told as a change between runs). Their plans are kept from the first few rows that a session
-- changes, so nested loops are out: for forty thousand rows they took a minute (measured). Rows that differ only in what nobody sees are no history.
--
-- A column that is added to one of these tables is added to its _past table and to the view by the same migration.

-- The run that made a row; null: told as a change between runs.
alter table directory_object add column first_run uuid default nullif(current_setting('lockstep.run', true), '')::uuid;
alter table directory_member add column since timestamptz not null default now();
alter table directory_member add column since_run uuid default nullif(current_setting('lockstep.run', true), '')::uuid;
alter table person_link add column since_run uuid default nullif(current_setting('lockstep.run', true), '')::uuid;
alter table person_link add column until_run uuid;
alter table directory_address add column since timestamptz not null default now();
alter table directory_name_ending add column since timestamptz not null default now();
alter table directory_sid add column since timestamptz not null default now();

create schema past;
grant usage on schema past to lockstep_app;

create function past.moment() returns timestamptz language sql stable
  as $$ select current_setting('lockstep.at')::timestamptz $$;

do $$
declare
  kept record;
  columns text;   -- all, in the table's order
  news text;      -- of the new row, as far as people see it
  olds text;
  same_key text;  -- a = o, by key
begin
  for kept in
    select * from (values
      ('directory_object', 'first_seen_at', array['id'], array['content_hash', 'changed_at', 'kept_since', 'kept_enabled_since']),
      ('directory_member', 'since', array['group_id', 'member_key'], array['epoch']),
      ('directory_address', 'since', array['object_id', 'address'], array[]::text[]),
      ('directory_name_ending', 'since', array['object_id', 'ending'], array[]::text[]),
      ('directory_sid', 'since', array['object_id', 'role', 'sid'], array[]::text[]),
      ('person', 'created_at', array['id'], array[]::text[])
    ) as t (name, since, key, unseen)
  loop
    select string_agg(quote_ident(attname), ', ' order by attnum),
      string_agg('o.' || quote_ident(attname), ', ' order by attnum) filter (where attname <> all (kept.unseen)),
      string_agg('n.' || quote_ident(attname), ', ' order by attnum) filter (where attname <> all (kept.unseen))
    into columns, olds, news
    from pg_attribute where attrelid = kept.name::regclass and attnum > 0 and not attisdropped;
    select string_agg(format('a.%1$I = o.%1$I', k), ' and ') into same_key from unnest(kept.key) as k;

    execute format('create table %I (past_id bigint generated always as identity primary key, past_until timestamptz not null, past_run uuid, like %I)',
      kept.name || '_past', kept.name);
    execute format('create index %I on %I (%s, past_until)', kept.name || '_past_key', kept.name || '_past',
      (select string_agg(quote_ident(k), ', ') from unnest(kept.key) as k));
    execute format('alter table %I enable row level security', kept.name || '_past');
    execute format($p$create policy organisation on %I using (org_id = (select nullif(current_setting('lockstep.org', true), '')::uuid))$p$, kept.name || '_past');
    execute format('grant select, insert on %I to lockstep_app', kept.name || '_past');
    -- As in 0001_foundation.sql.
    execute format('alter table %I alter column org_id set (n_distinct = 2)', kept.name || '_past');

    execute format($f$
      create function %1$I() returns trigger language plpgsql set search_path = public, pg_temp set enable_nestloop = off as $body$
      begin
        if tg_op = 'DELETE' then
          insert into %2$I (past_until, past_run, %3$s)
          select now(), nullif(current_setting('lockstep.run', true), '')::uuid, %3$s from before;
        else
          insert into %2$I (past_until, past_run, %3$s)
          select now(), nullif(current_setting('lockstep.run', true), '')::uuid, %4$s
          from before o join after a on %5$s
          where (%6$s) is distinct from (%7$s);
        end if;
        return null;
      end $body$ $f$,
      'keep_' || kept.name, kept.name || '_past', columns,
      (select string_agg('o.' || quote_ident(attname), ', ' order by attnum) from pg_attribute
        where attrelid = kept.name::regclass and attnum > 0 and not attisdropped),
      same_key, olds, replace(news, 'n.', 'a.'));
    execute format('create trigger keep_former after update on %I referencing old table as before new table as after for each statement execute function %I()',
      kept.name, 'keep_' || kept.name);
    execute format('create trigger keep_gone after delete on %I referencing old table as before for each statement execute function %I()',
      kept.name, 'keep_' || kept.name);

    execute format($v$
      create view past.%1$I with (security_invoker = true) as
      select %2$s from public.%1$I a
      where a.%3$I <= past.moment()
        and not exists (select from public.%4$I o where %5$s and o.past_until > past.moment())
      union all
      select %2$s from public.%4$I a
      where a.%3$I <= past.moment() and a.past_until > past.moment()
        and not exists (select from public.%4$I o where %5$s and o.past_until > past.moment() and o.past_id < a.past_id)$v$,
      kept.name, columns, kept.since, kept.name || '_past', same_key);
    execute format('grant select on past.%I to lockstep_app', kept.name);
  end loop;
end $$;

-- Look-ups as in the present.
create index directory_object_past_name on directory_object_past (org_id, dn_key);
create index directory_object_past_sid on directory_object_past (org_id, sid) where sid is not null;
create index directory_object_past_primary_group on directory_object_past (org_id, primary_group_sid, dn_key) where primary_group_sid is not null;
create index directory_object_past_manager on directory_object_past (org_id, manager_key) where manager_key is not null;
create index directory_object_past_groups on directory_object_past (org_id, sort_key, id) where listed and kind in ('group', 'dynamic-group');
create index directory_address_past_lookup on directory_address_past (org_id, address);
create index directory_name_ending_past_lookup on directory_name_ending_past (org_id, ending, object_id);
create index directory_member_past_of on directory_member_past (org_id, member_key);
create index directory_sid_past_lookup on directory_sid_past (org_id, sid);
create index person_past_list on person_past (org_id, sort_key, id) where sort_key is not null;
-- By whom somebody was linked, and when it ended.
create index person_link_ended on person_link (object_id) where until is not null;
create index person_link_ended_person on person_link (person_id) where until is not null;

-- Links have their intervals in themselves.
create view past.person_link with (security_invoker = true) as
  select id, org_id, person_id, object_id, rule, own_person_id, since, null::timestamptz as until
  from public.person_link where since <= past.moment() and (until is null or until > past.moment());
grant select on past.person_link to lockstep_app;

revoke execute on function past.moment() from public;
grant execute on function past.moment() to lockstep_app;
grant usage on all sequences in schema public to lockstep_app;
