-- The parts of lists that are whole now: $1 GUIDs of groups, $2 integration.
delete from directory_member_part where integration_id = $2 and guid = any ($1::uuid[])
returning guid, encode(member_key, 'hex') as key, member_dn as dn
