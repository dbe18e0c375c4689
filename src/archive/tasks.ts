/** What is done with which mailboxes, when, and by which site. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { type DefinitionId, type MailboxGroupId, type OrganisationId, type ScheduleId, type SiteId, taskId, type TaskId } from '../shared/ids.ts';
import type { MailboxFeature } from '../shared/mailbox.ts';
import type { Schedule } from '../shared/schedule-types.ts';
import type { MailboxState } from '../shared/tasks.ts';
import type { OrganisationTransaction } from './database.ts';
import { definitions } from './definitions.ts';
import type { NameRange } from './keyset.ts';
import { mailboxGroups } from './mailbox-groups.ts';
import { InvalidInputError, type Issue, nameTaken, NotFoundError } from './record-errors.ts';
import { findOptionalSite } from './sites.ts';
import { refuseWhileRunning } from './task-runs.ts';
import { taskSchedules } from './task-schedules.ts';

export interface TaskView {
  readonly id: TaskId;
  readonly name: string;
  readonly description: string;
  readonly feature: MailboxFeature;
  readonly site_name: string;
  readonly definition_name: string;
  /** Null: runs only when somebody asks. */
  readonly schedule_name: string | null;
  readonly schedule: Schedule | null;
  readonly group_name: string;
  readonly state: 'active' | 'paused';
  /** Ticks that found a run open. Those that Temporal itself skipped are counted in the schedule. */
  readonly skipped_ticks: number;
  /** Mailboxes of the group by state, as the runs so far left them. */
  readonly mailboxes: Readonly<Record<MailboxState, number>>;
  readonly created_at: Date;
  readonly changed_at: Date;
}

type TaskRow = Omit<TaskView, 'skipped_ticks'> & { readonly skipped_ticks: string };
const select = sql<TaskRow>`
  select task.id, task.name, task.description, task.feature, site.name as site_name, definition.name as definition_name,
    schedule.name as schedule_name, schedule.schedule, mailbox_group.name as group_name, task.state, task.skipped_ticks, counts.mailboxes,
    task.created_at, task.changed_at
  from task
  join site on site.id = task.site_id
  join definition on definition.id = task.definition_id
  join mailbox_group on mailbox_group.id = task.group_id
  left join task_schedule schedule on schedule.id = task.schedule_id
  cross join lateral (
    select jsonb_build_object(
      'pending', count(*) filter (where m.state = 'pending'), 'healthy', count(*) filter (where m.state = 'healthy'),
      'duplicate', count(*) filter (where m.state = 'duplicate'),
      'skipped', count(*) filter (where m.state = 'skipped') + (select count(*) from task_skipped_member s where s.task_id = task.id),
      'attention', count(*) filter (where m.state = 'attention')) as mailboxes
    from task_mailbox m where m.task_id = task.id and m.in_group) counts`;

/** By name. */
export async function listTasks(tx: OrganisationTransaction, { after = '', limit }: NameRange = {}): Promise<TaskView[]> {
  const { rows } = await sql<TaskRow>`
    ${select} where task.name > ${after} order by task.name limit ${limit ?? null}`.execute(tx);
  return rows.map(view);
}

export const tasksOnSchedule = async (tx: OrganisationTransaction, schedule: ScheduleId): Promise<readonly TaskId[]> =>
  (await tx.selectFrom('task').select('id').where('schedule_id', '=', schedule).execute()).map(({ id }) => id);

/** @throws NotFoundError */
export async function findTask(tx: OrganisationTransaction, name: string): Promise<TaskView> {
  const { rows } = await sql<TaskRow>`${select} where task.name = ${name}`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new NotFoundError(`task "${name}"`);
  return view(row);
}
const view = (row: TaskRow): TaskView => ({ ...row, skipped_ticks: Number(row.skipped_ticks) });

/** Everything by name. */
export interface NewTask {
  readonly name: string;
  readonly description?: string | undefined;
  readonly site: string;
  readonly definition: string;
  readonly schedule?: string | null | undefined;
  readonly group: string;
}

/** @throws InvalidInputError for parts that are not there; ConflictError `task.name-taken` */
export async function createTask(tx: OrganisationTransaction, organisation: OrganisationId, input: NewTask): Promise<TaskView> {
  const { site, definition, schedule, group } = await partsOf(tx, input);
  if (site === undefined || definition === undefined || group === undefined) throw new Error('a new task names all its parts');
  await sql`
    insert into task (id, org_id, site_id, name, description, feature, definition_id, schedule_id, group_id)
    values (${taskId(randomUUID())}, ${organisation}, ${site}, ${input.name}, ${input.description ?? ''}, ${definition.feature}, ${definition.id},
      ${schedule ?? null}, ${group})`
    .execute(tx)
    .catch(nameTaken('task', input.name));
  return findTask(tx, input.name);
}

/** Absent = unchanged; `schedule: null`: only when somebody asks. */
export type TaskChange = Partial<Omit<NewTask, 'name'>> & { readonly state?: 'active' | 'paused' | undefined };

/**
 * Takes effect with the next run. A task that moves to another site goes on there: where its mailboxes were read to is theirs.
 * @throws NotFoundError; InvalidInputError for parts that are not there, or a definition of another feature
 */
export async function changeTask(tx: OrganisationTransaction, name: string, change: TaskChange): Promise<TaskView> {
  await sql`select from task where name = ${name} for update`.execute(tx);
  const before = await findTask(tx, name);
  const { site, definition, schedule, group } = await partsOf(tx, change);
  const features: readonly [string | undefined, string] = [definition?.feature, before.feature];
  if (features[0] !== undefined && features[0] !== features[1]) {
    throw new InvalidInputError([{ path: '/definition', message: `is a definition of ${features[0]}; the task does ${features[1]}` }]);
  }
  await tx
    .updateTable('task')
    .set({
      changed_at: sql<Date>`now()`,
      ...(change.description === undefined ? {} : { description: change.description }),
      ...(site === undefined ? {} : { site_id: site }),
      ...(definition === undefined ? {} : { definition_id: definition.id }),
      ...(schedule === undefined ? {} : { schedule_id: schedule }),
      ...(group === undefined ? {} : { group_id: group }),
      ...(change.state === undefined ? {} : { state: change.state }),
    })
    .where('name', '=', name)
    .execute();
  return findTask(tx, name);
}

interface Parts {
  readonly site?: SiteId | undefined;
  readonly definition?: { readonly id: DefinitionId; readonly feature: MailboxFeature } | undefined;
  readonly schedule?: ScheduleId | null | undefined;
  readonly group?: MailboxGroupId | undefined;
}

/** @throws InvalidInputError naming every part that is not there */
async function partsOf(tx: OrganisationTransaction, given: Partial<NewTask>): Promise<Parts> {
  const issues: Issue[] = [];
  const found = async <T>(field: string, what: string, name: string | undefined, find: (name: string) => Promise<T | undefined>): Promise<T | undefined> => {
    if (name === undefined) return undefined;
    const part = await find(name);
    if (part === undefined) issues.push({ path: `/${field}`, message: `there is no ${what} "${name}"` });
    return part;
  };
  const site = await found('site', 'site', given.site, (name) => findOptionalSite(tx, name));
  const definition = await found('definition', 'definition', given.definition, (name) => definitions.findOptional(tx, name));
  const schedule = await found('schedule', 'schedule', given.schedule ?? undefined, (name) => taskSchedules.findOptional(tx, name));
  const group = await found('group', 'mailbox group', given.group, (name) => mailboxGroups.findOptional(tx, name));
  if (issues.length > 0) throw new InvalidInputError(issues);
  return { site: site?.id, definition, schedule: given.schedule === null ? null : schedule?.id, group: group?.id };
}

/**
 * Removes a task with its runs and what they noted of mailboxes. The mailboxes and what was read of them stay, for another task to go
 * on with.
 * @throws NotFoundError; ConflictError `task.run-open`
 */
export async function removeTask(tx: OrganisationTransaction, name: string): Promise<void> {
  await sql`select from task where name = ${name} for update`.execute(tx);
  const { id } = await findTask(tx, name);
  await refuseWhileRunning(tx, id, name);
  const runs = tx.selectFrom('run').select('id').where('task_id', '=', id);
  await tx.deleteFrom('run_mailbox').where('run_id', 'in', runs).execute();
  await sql`delete from task_skipped_member where task_id = ${id}`.execute(tx);
  await tx.deleteFrom('task_mailbox').where('task_id', '=', id).execute();
  await sql`delete from task_skipped_member where task_id = ${id}`.execute(tx);
  await tx.deleteFrom('mailbox_owner').where('task_id', '=', id).execute();
  await tx.deleteFrom('run').where('task_id', '=', id).execute();
  await tx.deleteFrom('task').where('id', '=', id).execute();
}
