/** Mailboxes as they are known: by their Exchange GUID; where the directory has none, by the object or address that names them. */
import { sql } from 'kysely';
import type { MailboxId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import type { ResolvedMailbox } from './group-mailboxes.ts';
import { currentOrganisation } from './mailbox-lease.ts';

/**
 * Brings the rows of these mailboxes up to date, and makes those that are new. One that was known without a GUID gets it and stays the same.
 * @returns their ids, each once
 */
export async function saveMailboxes(tx: OrganisationTransaction, mailboxes: readonly ResolvedMailbox[]): Promise<readonly MailboxId[]> {
  const given = JSON.stringify(
    mailboxes.map(({ objectId, guid, address, displayName, recipientType }) => ({
      object_id: objectId, guid, address, display_name: displayName, recipient_type: recipientType,
    })),
  );
  const found = sql`
    select distinct on (m.id) m.id, x.*
    from jsonb_to_recordset(${given}::jsonb) as x (object_id bigint, guid uuid, address text, display_name text, recipient_type text)
    cross join lateral (
      select * from (
        (select 1 as rank, k.id from mailbox k where k.org_id = ${currentOrganisation} and k.exchange_guid = x.guid limit 1)
        union all
        (select 2, k.id from mailbox k where k.object_id = x.object_id and (k.exchange_guid is null or x.guid is null) order by k.id limit 1)
        union all
        (select 3, k.id from mailbox k where k.org_id = ${currentOrganisation} and k.exchange_guid is null and k.address = x.address
          and (k.object_id is null or x.object_id is null) limit 1)
      ) k
      order by k.rank limit 1) m
    order by m.id`;
  // Another task may make the same ones at this moment: whoever comes second finds them.
  await sql`
    insert into mailbox (org_id, exchange_guid, address, display_name, recipient_type, object_id)
    select ${currentOrganisation}, x.guid, x.address, x.display_name, x.recipient_type, x.object_id
    from jsonb_to_recordset(${given}::jsonb) as x (object_id bigint, guid uuid, address text, display_name text, recipient_type text)
    where not exists (select from mailbox k where k.org_id = ${currentOrganisation} and k.exchange_guid = x.guid)
      and not exists (select from mailbox k where k.object_id = x.object_id and (k.exchange_guid is null or x.guid is null))
      and not exists (select from mailbox k where k.org_id = ${currentOrganisation} and k.exchange_guid is null and k.address = x.address
        and (k.object_id is null or x.object_id is null))
    order by x.address
    on conflict do nothing`.execute(tx);
  const { rows } = await sql<{ id: MailboxId }>`
    with found as materialized (${found}), changed as (
      update mailbox m set exchange_guid = coalesce(m.exchange_guid, f.guid), display_name = f.display_name, recipient_type = f.recipient_type,
        object_id = coalesce(f.object_id, m.object_id),
        -- Of two without a GUID one cannot have the other's address.
        address = case when coalesce(m.exchange_guid, f.guid) is null and exists (
          select from mailbox k where k.org_id = m.org_id and k.exchange_guid is null and k.address = f.address and k.id <> m.id) then m.address else f.address end
      from found f
      where m.id = f.id and (m.address, m.display_name, m.recipient_type, m.object_id, m.exchange_guid)
        is distinct from (f.address, f.display_name, f.recipient_type, coalesce(f.object_id, m.object_id), coalesce(m.exchange_guid, f.guid)))
    select id from found`.execute(tx);
  return rows.map(({ id }) => id);
}
