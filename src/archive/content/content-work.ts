/** Whose content is wanted: a list that the database computes from what it knows of items, so that nothing is read to find it. */
import { type RawBuilder, sql } from 'kysely';
import type { ItemId, MailboxId } from '../../shared/ids.ts';
import type { SourceItemId } from '../../shared/mailbox.ts';
import type { ContentWork } from '../../shared/mailbox-contract.ts';
import type { OrganisationTransaction } from '../database.ts';
import { keysetPage } from '../keyset.ts';
import type { LeasedMailbox } from '../mailbox-lease.ts';
import { isAfterPlace, microseconds, newestPlace } from '../newest-first.ts';

const ITEMS_A_PAGE = 200;

/** Of one that could not be read it is asked again when its time has come. */
const due = (mailbox: MailboxId): RawBuilder<unknown> => sql`
  i.mailbox_id = ${mailbox} and i.content_state in ('wanted', 'unreadable') and i.folder_id is not null and i.left_out is null
  and not coalesce((
    select p.next_at > now() from item_problem p
    where p.mailbox_id = ${mailbox} and p.source_hash = i.source_hash and p.part = 'content' and p.resolved_at is null), false)`;

export async function isContentDue(tx: OrganisationTransaction, mailbox: MailboxId): Promise<boolean> {
  const { rows } = await sql`select from item i where ${due(mailbox)} limit 1`.execute(tx);
  return rows.length > 0;
}

/** The newest that are wanted, in pages. @throws InvalidInputError for an `after` that no page gave */
export async function nextContent(tx: OrganisationTransaction, mailbox: Pick<LeasedMailbox, 'id' | 'withContent'>, after: string | null): Promise<ContentWork> {
  if (!mailbox.withContent) return { items: [], next: null };
  const place = after === null ? sql`` : sql`and ${isAfterPlace(newestPlace(after), sql.ref('i.id'))}`;
  const { rows } = await sql<{ id: ItemId; source_id: SourceItemId; change_key: string; size: string; sort_key: string }>`
    select i.id, i.source_id, i.change_key, i.size, ${microseconds(sql.ref('i.sort_at'))} as sort_key
    from item i
    where ${due(mailbox.id)} ${place}
    order by i.sort_at desc, i.id desc
    limit ${ITEMS_A_PAGE + 1}`.execute(tx);
  const page = keysetPage(rows, ITEMS_A_PAGE, ({ sort_key, id }) => `${sort_key}.${id}`);
  return {
    items: page.items.map(({ id, source_id, change_key, size }) => ({ item: id, source: source_id, changeKey: change_key, size: Number(size) })),
    next: page.next,
  };
}
