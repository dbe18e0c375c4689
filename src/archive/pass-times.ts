/** When passes of a mailbox were complete. */
import { sql } from 'kysely';
import type { MailboxId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';

/** Those that are not complete are absent. */
export async function passTimes(tx: OrganisationTransaction, mailbox: MailboxId, passes: readonly number[]): Promise<Map<number, Date>> {
  const { rows } = await sql<{ number: string; completed_at: Date }>`
    select number, completed_at from pass
    where mailbox_id = ${mailbox} and number = any (${[...new Set(passes)]}::bigint[]) and completed_at is not null`.execute(tx);
  return new Map(rows.map(({ number, completed_at: at }) => [Number(number), at]));
}
