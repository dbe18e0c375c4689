/** What is in a mailbox now, by an index alone. */
import { sql } from 'kysely';
import type { MailboxId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';

export interface MailboxCounts {
  readonly folders: number;
  /** Items that are kept. */
  readonly items: number;
  /** Items of which only the ids are kept. */
  readonly leftOut: number;
  /** Of items that are kept, as the source says. */
  readonly bytes: number;
}

export async function countMailbox(tx: OrganisationTransaction, mailbox: MailboxId): Promise<MailboxCounts> {
  const { rows: [counts] } = await sql<{ folders: string; items: string; left_out: string; bytes: string }>`
    select count(*) filter (where left_out is null) as items, count(*) filter (where left_out is not null) as left_out,
      coalesce(sum(size) filter (where left_out is null), 0) as bytes,
      (select count(*) from folder where mailbox_id = ${mailbox} and closed_pass is null) as folders
    from item where mailbox_id = ${mailbox} and folder_id is not null`.execute(tx);
  return { folders: Number(counts?.folders ?? 0), items: Number(counts?.items ?? 0), leftOut: Number(counts?.left_out ?? 0), bytes: Number(counts?.bytes ?? 0) };
}
