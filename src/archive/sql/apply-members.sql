-- Members of the groups of one page: $1 groups (jsonb array of {guid, last, usn, members: [{key, dn}]}), $2 integration,
-- $3 epoch, $4 stamp (the epoch; of a page of changes, which gives whole lists only, one that no list has), $5 invocationId of
-- the controller or null, $6 true for a page of changes.
--
-- A group's members may come in parts. Those of a part that is not the last are stamped with the epoch; the last part
-- removes who is neither in it nor stamped. So a group that fits one part rewrites only what differs, and parts of an
-- attempt that died keep nobody. Parts of one page were merged before. Of a list that is older than the stored one nothing is
-- taken, see apply-objects.sql.
--
-- A group that members join or leave has changed, also when nothing else of it did. Gives the groups that are not known, and
-- those that count as changed by this page and did not before. For `lateral`, `any (array …)` and `not in` see
-- apply-objects.sql.
with input as materialized (
  select g.id, x.guid, x.last, x.usn, x.members, s.epoch = $3 and s.outcome = 'same' and not $6::boolean as unchanged_yet
  from jsonb_to_recordset($1::jsonb) as x (guid uuid, last boolean, usn bigint, members jsonb)
  left join lateral (
    select o.id from directory_object o
    where o.integration_id = $2 and o.guid = x.guid and o.kind in ('group', 'dynamic-group') limit 1) g on true
  left join lateral (select * from directory_sighting s where s.object_id = g.id limit 1) s on true
  where not coalesce(
    s.members_invocation_id = $5::uuid and x.usn < s.members_usn and ($6::boolean or s.members_told_epoch >= $3), false)
),
members as materialized (
  select i.id as group_id, i.last, decode(m.key, 'hex') as member_key, m.dn, was.member_dn as dn_before, was.epoch as epoch_before
  from input i
  cross join lateral jsonb_to_recordset(i.members) as m (key text, dn text)
  left join lateral (
    select w.* from directory_member w where w.group_id = i.id and w.member_key = decode(m.key, 'hex') limit 1) was on true
  where i.id is not null
),
written as (
  insert into directory_member as m (group_id, member_key, org_id, member_dn, epoch)
  select group_id, member_key, current_setting('lockstep.org')::uuid, dn, $4
  from members
  where dn_before is null or dn_before <> dn or (not last and epoch_before <> $4)
  on conflict (group_id, member_key) do update set member_dn = excluded.member_dn, epoch = excluded.epoch
),
left_group as (
  delete from directory_member m
  where m.group_id = any (array(select i.id from input i where i.last and i.id is not null)) and m.epoch <> $4
    and (m.group_id, m.member_key) not in (select x.group_id, x.member_key from members x)
  returning m.group_id
),
changed as materialized (
  select group_id from members where dn_before is null union select group_id from left_group
),
counted as materialized (
  select i.id from input i join changed c on c.group_id = i.id where i.unchanged_yet
),
stamped as (
  update directory_sighting s set
    outcome = case when i.id in (select id from counted) then 'changed' else s.outcome end,
    members_usn = case when i.last then i.usn else s.members_usn end,
    members_invocation_id = case when i.last then case when i.usn is null then null else $5::uuid end else s.members_invocation_id end,
    members_told_epoch = case when $6::boolean then $3 else s.members_told_epoch end
  from input i
  where s.object_id = i.id and (i.id in (select id from counted) or $6::boolean
    or i.last and (s.members_usn, s.members_invocation_id) is distinct from (i.usn, case when i.usn is null then null else $5::uuid end))
),
touched as (
  update directory_object o set changed_at = now()
  where o.id = any (array(select id from counted union select group_id from changed where $6::boolean))
)
select guid, 'unknown' as what from input where id is null
union all
select i.guid, 'changed' from counted c join input i using (id)
