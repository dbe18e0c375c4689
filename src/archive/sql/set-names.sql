-- Objects under new names: $1 objects (jsonb array of {id, dn, dn_key, rdn (absent: as it is), in_scope}).
-- Gives those that enter or leave the scope.
with input as materialized (
  select * from jsonb_to_recordset($1::jsonb) as x (id bigint, dn text, dn_key text, rdn text, in_scope boolean)
),
before as materialized (
  select x.id, o.listed and o.missing_since is null and not x.in_scope as leaves,
    o.in_scope <> x.in_scope or x.in_scope and o.missing_since is not null as turns
  from input x
  cross join lateral (select * from directory_object o where o.id = x.id limit 1) o
),
written as (
  update directory_object o set
    dn = x.dn, dn_key = decode(x.dn_key, 'hex'), rdn = coalesce(x.rdn, o.rdn), in_scope = x.in_scope, listed = o.listed or x.in_scope,
    missing_since = case when x.in_scope then null else o.missing_since end, changed_at = now()
  from input x
  where o.id = x.id
)
select id::text, leaves from before where leaves or turns
