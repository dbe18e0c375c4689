-- Nobody of the same directory names a deleted object any more, as in the source: $1 keys of names, $2 integration.
with left_groups as (
  delete from directory_member m
  using directory_object g
  where m.org_id = current_setting('lockstep.org')::uuid and m.member_key = any ($1::bytea[])
    and g.id = m.group_id and g.integration_id = $2
)
update directory_object o set manager_key = null, attributes = o.attributes - 'manager'
where o.org_id = current_setting('lockstep.org')::uuid and o.manager_key = any ($1::bytea[]) and o.integration_id = $2
