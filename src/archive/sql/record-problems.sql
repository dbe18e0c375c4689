-- Problems of one page: $1 problems (jsonb array, each key once), $2 integration, $3 run (null for changes), $4 epoch. One met before is seen
-- again, or open again.
insert into directory_problem as p (org_id, integration_id, guid, subject, code, detail, first_run, last_run, epoch)
select current_setting('lockstep.org')::uuid, $2, x.guid, x.subject, x.code, x.detail, $3, $3, $4
from jsonb_to_recordset($1::jsonb) as x (guid uuid, subject text, code text, detail text)
on conflict (integration_id, code, coalesce(guid, '00000000-0000-0000-0000-000000000000'), md5(subject)) do update set
  detail = excluded.detail, last_run = coalesce(excluded.last_run, p.last_run), epoch = excluded.epoch, last_seen_at = now(), resolved_at = null
