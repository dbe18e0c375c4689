/** The mailboxes of an organisation, by address. */
import { sql } from 'kysely';
import type { RecipientType } from '../shared/directory.ts';
import type { MailboxId, MailboxKey } from '../shared/ids.ts';
import type { MailboxState } from '../shared/tasks.ts';
import type { OrganisationTransaction } from './database.ts';
import { isBigintId } from './directory-list.ts';
import type { KeysetPage } from './keyset.ts';
import { findMailboxFeatures, type MailboxFeatureStatus } from './mailbox-features.ts';
import { currentOrganisation } from './mailbox-lease.ts';
import { InvalidInputError } from './record-errors.ts';

export interface MailboxSummary {
  readonly key: MailboxKey;
  readonly address: string;
  readonly displayName: string;
  readonly recipientType: RecipientType;
  readonly features: readonly MailboxFeatureStatus[];
  /** As of the last completed pass. */
  readonly items: number;
  readonly bytes: number;
  /** Items that could not be read. */
  readonly unreadable: number;
}
export interface MailboxQuery {
  /** Beginning of the address, without regard to case. */
  readonly search?: string | undefined;
  /** In this state in some task. */
  readonly state?: MailboxState | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Rows looked at for one page: most may be in another state. */
const ROWS_PER_PAGE = 1000;
const LAST_CHARACTER = '\u{10FFFF}';

interface Row {
  readonly id: MailboxId;
  readonly key: MailboxKey;
  readonly address: string;
  readonly display_name: string;
  readonly recipient_type: RecipientType;
  readonly items: string;
  readonly bytes: string;
}

/**
 * By address. Searching a state is bounded by page, so a page may have fewer rows than `limit` and still have a `next`.
 * @throws InvalidInputError when `after` is none of this list's
 */
export async function listMailboxes(tx: OrganisationTransaction, { search = '', state, after, limit }: MailboxQuery): Promise<KeysetPage<MailboxSummary>> {
  const from = after === undefined ? { address: '', id: '0' } : placeAfter(after);
  const prefix = search.trim().toLowerCase();
  const looksAt = state === undefined ? limit + 1 : ROWS_PER_PAGE;
  // Not "exists", for which the planner may read all mailboxes of all tasks.
  const hit = state === undefined ? sql`true` : sql`coalesce((select true from task_mailbox s where s.mailbox_id = l.id and s.in_group and s.state = ${state} limit 1), false)`;
  const { rows } = await sql<Row & { hit: boolean }>`
    with looked_at as materialized (
      select m.* from mailbox m
      where m.org_id = ${currentOrganisation} and m.address >= ${prefix} and m.address < ${prefix + LAST_CHARACTER}
        and (m.address, m.id) > (${from.address}, ${from.id}::bigint)
      order by m.address, m.id limit ${looksAt}
    )
    select l.id, l.key, l.address, l.display_name, l.recipient_type, l.items, l.bytes, ${hit} as hit
    from looked_at l order by l.address, l.id`.execute(tx);
  const hits = rows.filter((row) => row.hit);
  const shown = hits.slice(0, limit);
  const goesOnAfter = hits.length > limit ? shown.at(-1) : rows.length === looksAt ? rows.at(-1) : undefined;
  return { items: await summaries(tx, shown), next: goesOnAfter === undefined ? null : `${goesOnAfter.id}:${goesOnAfter.address}` };
}

async function summaries(tx: OrganisationTransaction, rows: readonly Row[]): Promise<MailboxSummary[]> {
  const ids = rows.map(({ id }) => id);
  const features = await findMailboxFeatures(tx, ids);
  const unreadable = await countUnreadable(tx, ids);
  return rows.map((row) => ({
    key: row.key,
    address: row.address,
    displayName: row.display_name,
    recipientType: row.recipient_type,
    features: features.get(row.id) ?? [],
    items: Number(row.items),
    bytes: Number(row.bytes),
    unreadable: unreadable.get(row.id) ?? 0,
  }));
}

/** Mailboxes without any are absent. */
export async function countUnreadable(tx: OrganisationTransaction, mailboxes: readonly MailboxId[]): Promise<Map<MailboxId, number>> {
  const { rows } = await sql<{ id: MailboxId; count: string }>`
    select given.id, p.count
    from unnest(${mailboxes}::bigint[]) as given (id)
    cross join lateral (
      select count(*) as count from item_problem p
      where p.org_id = ${currentOrganisation} and p.mailbox_id = given.id and p.resolved_at is null) p
    where p.count > 0`.execute(tx);
  return new Map(rows.map(({ id, count }) => [id, Number(count)]));
}

function placeAfter(after: string): { readonly address: string; readonly id: string } {
  const [, id, address] = /^(\d+):(.*)$/s.exec(after) ?? [];
  if (id === undefined || address === undefined || !isBigintId(id)) {
    throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
  }
  return { address, id };
}
