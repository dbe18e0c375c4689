/** Items that could not be read, as somebody sees them who goes after them in Exchange. */
import { type RawBuilder, sql } from 'kysely';
import type { FolderId, MailboxId, MailboxKey, TaskId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { isBigintId } from './directory-list.ts';
import { folderPaths } from './folder-paths.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { currentOrganisation } from './mailbox-lease.ts';
import { InvalidInputError } from './record-errors.ts';

export interface UnreadableItem {
  readonly mailbox: MailboxKey;
  readonly address: string;
  readonly folder: FolderId;
  /** Names from the top. */
  readonly path: readonly string[];
  /** Its id in Exchange. */
  readonly sourceId: string;
  readonly code: string;
  readonly detail: string;
  readonly attempts: number;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  /** Not tried again before; the run that follows tries it. */
  readonly nextAt: Date;
}
export interface UnreadableQuery {
  /** Of one mailbox, or of those of a task's group; absent: of all. */
  readonly of?: { readonly mailbox: MailboxId } | { readonly task: TaskId } | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

interface Row {
  readonly mailbox_id: MailboxId;
  readonly hash: string;
  readonly key: MailboxKey;
  readonly address: string;
  readonly folder_id: FolderId;
  readonly source_id: string;
  readonly code: string;
  readonly detail: string;
  readonly attempts: number;
  readonly first_seen_at: Date;
  readonly last_seen_at: Date;
  readonly next_at: Date;
}

/**
 * By mailbox. What could be read meanwhile, or is gone, is not listed.
 * @throws InvalidInputError when `after` is none of this list's
 */
export async function listUnreadableItems(tx: OrganisationTransaction, { of, after, limit }: UnreadableQuery): Promise<KeysetPage<UnreadableItem>> {
  const from = after === undefined ? { mailbox: '0', hash: '' } : placeAfter(after);
  const { rows } = await sql<Row>`
    select p.mailbox_id, encode(p.source_hash, 'hex') as hash, m.key, m.address, p.folder_id, p.source_id, p.code, p.detail, p.attempts, p.first_seen_at,
      p.last_seen_at, p.next_at
    from (${problems(of, from, limit + 1)}) p
    cross join lateral (select * from mailbox m where m.id = p.mailbox_id limit 1) m
    order by p.mailbox_id, p.source_hash`.execute(tx);
  const { items, next } = keysetPage(rows, limit, ({ mailbox_id, hash }) => `${mailbox_id}:${hash}`);
  const paths = await folderPaths(tx, items.map(({ folder_id }) => folder_id));
  return { next, items: items.map((row) => shown(row, paths.get(row.folder_id) ?? [])) };
}

const shown = (row: Row, path: readonly string[]): UnreadableItem => ({
  mailbox: row.key,
  address: row.address,
  folder: row.folder_id,
  path,
  sourceId: row.source_id,
  code: row.code,
  detail: row.detail,
  attempts: row.attempts,
  firstSeenAt: row.first_seen_at,
  lastSeenAt: row.last_seen_at,
  nextAt: row.next_at,
});

interface Place {
  readonly mailbox: string;
  /** Hex. */
  readonly hash: string;
}

function problems(of: UnreadableQuery['of'], { mailbox, hash }: Place, limit: number): RawBuilder<unknown> {
  const isOpen = sql`p.org_id = ${currentOrganisation} and p.resolved_at is null`;
  const isAfter = sql`(p.mailbox_id, p.source_hash) > (${mailbox}::bigint, decode(${hash}, 'hex'))`;
  if (of === undefined) return sql`select * from item_problem p where ${isOpen} and ${isAfter} order by p.mailbox_id, p.source_hash limit ${limit}`;
  if ('mailbox' in of) return sql`select * from item_problem p where ${isOpen} and p.mailbox_id = ${of.mailbox} and ${isAfter} order by p.source_hash limit ${limit}`;
  return sql`
    select p.* from task_mailbox s
    cross join lateral (
      select * from item_problem p where ${isOpen} and p.mailbox_id = s.mailbox_id and ${isAfter} order by p.source_hash limit ${limit}) p
    where s.task_id = ${of.task} and s.in_group and s.state <> 'duplicate' and s.mailbox_id >= ${mailbox}::bigint
    order by s.mailbox_id, p.source_hash limit ${limit}`;
}

function placeAfter(after: string): Place {
  const [, mailbox, hash] = /^(\d+):((?:[0-9a-f]{2}){0,32})$/.exec(after) ?? [];
  if (mailbox === undefined || hash === undefined || !isBigintId(mailbox)) {
    throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
  }
  return { mailbox, hash };
}
