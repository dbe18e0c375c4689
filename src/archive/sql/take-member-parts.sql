-- The parts of lists that are whole now: $1 GUIDs of groups, $2 teller.
delete from directory_member_part where teller_id = $2 and guid = any ($1::uuid[])
returning guid, encode(member_key, 'hex') as key, member_dn as dn
