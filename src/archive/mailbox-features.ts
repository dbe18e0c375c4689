/** How a mailbox fares with each feature, of all tasks that have to do with it. */
import { sql } from 'kysely';
import type { ErrorReport } from '../shared/errors.ts';
import type { MailboxId, RunId } from '../shared/ids.ts';
import type { MailboxFeature } from '../shared/mailbox.ts';
import type { MailboxState } from '../shared/tasks.ts';
import type { OrganisationTransaction } from './database.ts';

export interface MailboxFeatureStatus {
  readonly feature: MailboxFeature;
  /** Null: it is in the group of no task any more. */
  readonly state: MailboxState | null;
  /** Why, and what to do next. */
  readonly error: ErrorReport | null;
  /** That does the feature of this mailbox, or did it last. */
  readonly task: string;
  /** Tasks whose groups hold the mailbox too, and that leave it to the other. */
  readonly duplicateIn: readonly string[];
  /** When everything was read for the first time; null: not yet. */
  readonly firstDoneAt: Date | null;
  readonly lastSuccessAt: Date | null;
  /** Since the last success. */
  readonly lagSeconds: number | null;
  readonly lastRun: { readonly id: RunId; readonly number: number } | null;
}

/** One mailbox in one task. */
export interface TaskStateRow {
  readonly mailbox_id: MailboxId;
  readonly feature: MailboxFeature;
  readonly task: string;
  readonly owns: boolean;
  readonly in_group: boolean;
  readonly state: MailboxState;
  readonly error: ErrorReport | null;
  readonly first_done_at: Date | null;
  readonly last_success_at: Date | null;
  readonly lag: string | null;
  readonly changed_at: Date;
  readonly run_id: RunId | null;
  readonly run_number: string | null;
}

/** Mailboxes that no task ever had are absent. */
export async function findMailboxFeatures(tx: OrganisationTransaction, mailboxes: readonly MailboxId[]): Promise<Map<MailboxId, MailboxFeatureStatus[]>> {
  const { rows } = await sql<TaskStateRow>`
    select state.mailbox_id, task.feature, task.name as task, coalesce(owner.task_id = task.id, false) as owns, state.in_group, state.state, state.error,
      state.first_done_at, state.last_success_at, floor(extract(epoch from clock_timestamp() - state.last_success_at))::bigint as lag,
      state.changed_at, run.id as run_id, run.number as run_number
    from unnest(${mailboxes}::bigint[]) as given (id)
    cross join lateral (select * from task_mailbox s where s.mailbox_id = given.id offset 0) state
    join task on task.id = state.task_id
    left join lateral (select o.task_id from mailbox_owner o where o.mailbox_id = given.id and o.feature = task.feature limit 1) owner on true
    left join lateral (select r.id, r.number from run r where r.id = state.last_run_id limit 1) run on true`.execute(tx);
  return new Map([...Map.groupBy(rows, (row) => row.mailbox_id)].map(([id, states]) => [id, mergeStates(states)]));
}

/** What counts of each feature: the task that does it, else one that has the mailbox in its group, else the one that had it last. */
export function mergeStates(rows: readonly TaskStateRow[]): MailboxFeatureStatus[] {
  const rank = ({ in_group, owns }: TaskStateRow) => (in_group ? 2 : 0) + (owns ? 1 : 0);
  return [...Map.groupBy(rows, (row) => row.feature).values()].flatMap((states) => {
    const [counts] = [...states].sort((a, b) => rank(b) - rank(a) || b.changed_at.getTime() - a.changed_at.getTime());
    if (counts === undefined) return [];
    const duplicates = states.filter((state) => state !== counts && state.in_group && state.state === 'duplicate');
    return [
      {
        feature: counts.feature,
        state: counts.in_group ? counts.state : null,
        error: counts.in_group ? counts.error : null,
        task: counts.task,
        duplicateIn: duplicates.map(({ task }) => task).sort(),
        firstDoneAt: counts.first_done_at,
        lastSuccessAt: counts.last_success_at,
        lagSeconds: counts.lag === null ? null : Math.max(0, Number(counts.lag)),
        lastRun: counts.run_id === null || counts.run_number === null ? null : { id: counts.run_id, number: Number(counts.run_number) },
      },
    ];
  });
}
