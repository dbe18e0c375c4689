/** How a task fares: its mailboxes by state, how far it is behind, and which of them need somebody. */
import { sql } from 'kysely';
import type { ErrorReport } from '../shared/errors.ts';
import type { MailboxId, MailboxKey, TaskId } from '../shared/ids.ts';
import type { MailboxState } from '../shared/tasks.ts';
import type { OrganisationTransaction } from './database.ts';
import type { SkipReason } from './group-mailboxes.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { countUnreadable } from './mailbox-list.ts';
import { currentOrganisation } from './mailbox-lease.ts';
import { InvalidInputError } from './record-errors.ts';
import { findLastTaskRun, type RunView } from './run-list.ts';
import { skippedMemberReports } from './skipped-members.ts';
import { findTask, type TaskView } from './tasks.ts';

export interface TaskStatus {
  readonly task: TaskView;
  readonly lastRun: RunView | undefined;
  /** Mailboxes of which not everything was read yet. */
  readonly firstOutstanding: number;
  /** Of the mailbox that was read longest ago, of those that were read to their end once. */
  readonly oldestSuccessAt: Date | null;
  /** Since then. */
  readonly lagSeconds: number | null;
  readonly lastSuccessAt: Date | null;
  /** Of its mailboxes, as their last completed passes left them; duplicates are the other task's. */
  readonly folders: number;
  readonly items: number;
  readonly bytes: number;
  readonly unreadable: number;
}

interface Sums {
  readonly outstanding: string;
  readonly oldest: Date | null;
  readonly latest: Date | null;
  readonly lag: string | null;
  readonly folders: string;
  readonly items: string;
  readonly bytes: string;
  readonly unreadable: string;
}

/** @throws NotFoundError */
export async function findTaskStatus(tx: OrganisationTransaction, name: string): Promise<TaskStatus> {
  const task = await findTask(tx, name);
  const { rows: [sums] } = await sql<Sums>`
    select count(*) filter (where s.first_done_at is null and s.state <> 'skipped') as outstanding,
      min(s.last_success_at) filter (where s.state <> 'skipped') as oldest, max(s.last_success_at) as latest,
      floor(extract(epoch from clock_timestamp() - min(s.last_success_at) filter (where s.state <> 'skipped')))::bigint as lag,
      coalesce(sum(m.folders), 0) as folders, coalesce(sum(m.items), 0) as items, coalesce(sum(m.bytes), 0) as bytes,
      coalesce(sum(unreadable.count), 0) as unreadable
    from task_mailbox s
    cross join lateral (select * from mailbox m where m.id = s.mailbox_id limit 1) m
    cross join lateral (
      select count(*) as count from item_problem p
      where p.org_id = ${currentOrganisation} and p.mailbox_id = s.mailbox_id and p.resolved_at is null) unreadable
    where s.task_id = ${task.id} and s.in_group and s.state <> 'duplicate'`.execute(tx);
  const number = (value: string | undefined) => Number(value ?? 0);
  return {
    task,
    lastRun: await findLastTaskRun(tx, task.id),
    firstOutstanding: number(sums?.outstanding),
    oldestSuccessAt: sums?.oldest ?? null,
    lagSeconds: sums?.lag == null ? null : Math.max(0, Number(sums.lag)),
    lastSuccessAt: sums?.latest ?? null,
    folders: number(sums?.folders),
    items: number(sums?.items),
    bytes: number(sums?.bytes),
    unreadable: number(sums?.unreadable),
  };
}

/** A mailbox of a task's group, or a member of it that has none. */
export interface TaskMailbox {
  /** Null: a member without a mailbox. */
  readonly mailbox: MailboxKey | null;
  readonly address: string | null;
  readonly displayName: string;
  readonly state: MailboxState;
  /** Why, and what to do next. */
  readonly error: ErrorReport | null;
  readonly firstDoneAt: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly items: number;
  readonly bytes: number;
  readonly unreadable: number;
}
export interface TaskMailboxQuery {
  readonly state?: MailboxState | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Where a page goes on: mailboxes come first, then members without one. */
type Place = { readonly kind: 'mailbox' | 'member'; readonly number: string };
interface Placed {
  readonly place: Place;
  readonly shown: TaskMailbox;
}

/**
 * In an order that has no meaning but stays.
 * @throws NotFoundError; InvalidInputError when `after` is none of this list's
 */
export async function listTaskMailboxes(tx: OrganisationTransaction, name: string, { state, after, limit }: TaskMailboxQuery): Promise<KeysetPage<TaskMailbox>> {
  const { id } = await findTask(tx, name);
  const from: Place = after === undefined ? { kind: 'mailbox', number: '0' } : placeAfter(after);
  const mailboxes = from.kind === 'member' ? [] : await mailboxesOf(tx, id, { state, after: from.number, limit: limit + 1 });
  const members =
    (state !== undefined && state !== 'skipped') || mailboxes.length > limit
      ? []
      : await membersWithout(tx, id, { after: from.kind === 'member' ? from.number : '-1', limit: limit + 1 - mailboxes.length });
  const { items, next } = keysetPage([...mailboxes, ...members], limit, ({ place }) => `${place.kind}:${place.number}`);
  return { next, items: items.map(({ shown }) => shown) };
}

interface Range {
  readonly after: string;
  readonly limit: number;
}

interface MailboxRow {
  readonly id: MailboxId;
  readonly key: MailboxKey;
  readonly address: string;
  readonly display_name: string;
  readonly state: MailboxState;
  readonly error: ErrorReport | null;
  readonly first_done_at: Date | null;
  readonly last_success_at: Date | null;
  readonly items: string;
  readonly bytes: string;
}

async function mailboxesOf(tx: OrganisationTransaction, task: TaskId, { state, after, limit }: Range & Pick<TaskMailboxQuery, 'state'>): Promise<Placed[]> {
  const { rows } = await sql<MailboxRow>`
    select m.id, m.key, m.address, m.display_name, s.state, s.error, s.first_done_at, s.last_success_at, m.items, m.bytes
    from (
      select * from task_mailbox s
      where s.task_id = ${task} and s.in_group and s.mailbox_id > ${after}::bigint ${state === undefined ? sql`` : sql`and s.state = ${state}`}
      order by s.mailbox_id limit ${limit}) s
    cross join lateral (select * from mailbox m where m.id = s.mailbox_id limit 1) m
    order by s.mailbox_id`.execute(tx);
  const unreadable = await countUnreadable(tx, rows.map(({ id }) => id));
  return rows.map((row) => ({
    place: { kind: 'mailbox', number: row.id },
    shown: {
      mailbox: row.key,
      address: row.address,
      displayName: row.display_name,
      state: row.state,
      error: row.error,
      firstDoneAt: row.first_done_at,
      lastSuccessAt: row.last_success_at,
      items: Number(row.items),
      bytes: Number(row.bytes),
      unreadable: unreadable.get(row.id) ?? 0,
    },
  }));
}

async function membersWithout(tx: OrganisationTransaction, task: TaskId, { after, limit }: Range): Promise<Placed[]> {
  const { rows } = await sql<{ position: number; name: string; address: string | null; reason: SkipReason }>`
    select position, name, address, reason from task_skipped_member
    where task_id = ${task} and position > ${after}::integer order by position limit ${limit}`.execute(tx);
  return rows.map(({ position, name, address, reason }) => ({
    place: { kind: 'member', number: String(position) },
    shown: {
      mailbox: null,
      address,
      displayName: name,
      state: 'skipped',
      error: skippedMemberReports[reason],
      firstDoneAt: null,
      lastSuccessAt: null,
      items: 0,
      bytes: 0,
      unreadable: 0,
    },
  }));
}

function placeAfter(after: string): Place {
  const [, kind, number] = /^(mailbox|member):(\d{1,18})$/.exec(after) ?? [];
  if ((kind !== 'mailbox' && kind !== 'member') || number === undefined || (kind === 'member' && number.length > 9)) {
    throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
  }
  return { kind, number };
}
