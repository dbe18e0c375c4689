-- Parts of lists of members that are not the last: $1 groups (jsonb array of {guid, members: [{key, dn}]}), $2 teller.
insert into directory_member_part (teller_id, guid, member_key, org_id, member_dn)
select $2, x.guid, decode(m.key, 'hex'), current_setting('lockstep.org')::uuid, m.dn
from jsonb_to_recordset($1::jsonb) as x (guid uuid, members jsonb)
cross join lateral jsonb_to_recordset(x.members) as m (key text, dn text)
on conflict (teller_id, guid, member_key) do nothing
