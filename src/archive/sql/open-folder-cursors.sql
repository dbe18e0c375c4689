-- Folders are to be read from their beginning: $1 their ids, $2 owner of the cursors.
insert into page_cursor as c (owner, scope, org_id, epoch, seq, phase)
select $2, 'folder:' || id, current_setting('lockstep.org')::uuid, 1, 0, 'full' from unnest($1::bigint[]) as x (id)
on conflict (owner, scope) do update set epoch = c.epoch + 1, seq = 0, phase = 'full', value = null, page_hash = null, opened_at = now()
