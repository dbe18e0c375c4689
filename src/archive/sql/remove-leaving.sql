-- Those of $1 (ids) who are listed and not in scope are missing from now on.
update directory_object set missing_since = now()
where id = any ($1::bigint[]) and listed and missing_since is null and not in_scope
