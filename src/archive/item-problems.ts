/** Items that could not be read: recorded, and asked for again in later runs, less and less often. */
import { sql } from 'kysely';
import type { FolderId } from '../shared/ids.ts';
import type { ItemProblem } from '../shared/mailbox.ts';
import type { OrganisationTransaction } from './database.ts';
import { cutText, storable } from './directory-text.ts';
import { sourceHash } from './item-mapping.ts';
import { currentOrganisation, type LeasedMailbox } from './mailbox-lease.ts';

/** A quarter of an hour, an hour, four hours … up to a week: an item that is broken for good costs a request a week. */
const FIRST_WAIT_MINUTES = 15;
const GROWTH = 4;
const LONGEST_WAIT_MINUTES = 7 * 24 * 60;
const DETAIL_MAX_LENGTH = 1000;

export interface UnreadableItem extends ItemProblem {
  readonly folder: FolderId;
}

export async function recordItemProblems(
  tx: OrganisationTransaction, mailbox: Pick<LeasedMailbox, 'id'>, part: 'metadata' | 'content', problems: readonly UnreadableItem[],
): Promise<void> {
  if (problems.length === 0) return;
  const rows = problems.map(({ id, folder, code, detail }) => ({
    hash: sourceHash(id).toString('hex'), source_id: storable(id), folder, code, detail: storable(cutText(detail, DETAIL_MAX_LENGTH)),
  }));
  const once = [...new Map(rows.map((row) => [row.hash, row])).values()];
  await sql`
    insert into item_problem as p (mailbox_id, source_hash, part, org_id, source_id, folder_id, code, detail, next_at)
    select ${mailbox.id}, decode(hash, 'hex'), ${part}, ${currentOrganisation}, source_id, folder, code, detail, now() + ${FIRST_WAIT_MINUTES} * interval '1 minute'
    from jsonb_to_recordset(${JSON.stringify(once)}::jsonb) as x (hash text, source_id text, folder bigint, code text, detail text)
    on conflict (mailbox_id, source_hash, part) do update set
      folder_id = excluded.folder_id, code = excluded.code, detail = excluded.detail, last_seen_at = now(), resolved_at = null,
      attempts = case when p.resolved_at is null then p.attempts + 1 else 1 end,
      next_at = now() + interval '1 minute' * case when p.resolved_at is null
        then least(${FIRST_WAIT_MINUTES} * power(${GROWTH}::numeric, least(p.attempts, 20)), ${LONGEST_WAIT_MINUTES}) else ${FIRST_WAIT_MINUTES} end`.execute(tx);
}
