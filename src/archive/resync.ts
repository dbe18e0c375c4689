/** What somebody wants read again: an organisation, a task, a mailbox or a folder. */
import { sql } from 'kysely';
import { folderId, type MailboxId, type TaskId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { ConflictError, InvalidInputError, NotFoundError } from './record-errors.ts';
import type { RequestedRun } from './runs.ts';
import { requestTaskRun } from './task-runs.ts';
import { findTask } from './tasks.ts';

export interface ResyncRequest {
  /** Everything from the beginning; else what changed, whatever the hints of folders say. */
  readonly full: boolean;
  /** By name. Neither this nor a mailbox: all tasks. */
  readonly task?: string | undefined;
  /** By address. */
  readonly mailbox?: string | undefined;
  /** Id of a folder of the mailbox. */
  readonly folder?: string | undefined;
}

/**
 * Asks for the runs that it takes, or joins those that are open.
 * @throws NotFoundError, InvalidInputError; ConflictError `mailbox.no-task` for a mailbox that no task replicates
 */
export async function requestResync(tx: OrganisationTransaction, { full, task, mailbox, folder }: ResyncRequest): Promise<readonly RequestedRun[]> {
  if (task !== undefined && mailbox !== undefined) throw new InvalidInputError([{ path: '/mailbox', message: 'is given with a task: name one of the two' }]);
  if (folder !== undefined && mailbox === undefined) throw new InvalidInputError([{ path: '/folder', message: 'needs the mailbox that it is in' }]);
  if (mailbox !== undefined) return [await requestMailbox(tx, { full, mailbox, folder })];
  const tasks = task === undefined ? await listTaskIds(tx) : [(await findTask(tx, task)).id];
  const runs: RequestedRun[] = [];
  for (const id of tasks) runs.push(await requestTaskRun(tx, { task: id, trigger: 'manual', scope: { full } }));
  return runs;
}

async function listTaskIds(tx: OrganisationTransaction): Promise<readonly TaskId[]> {
  return (await tx.selectFrom('task').select('id').orderBy('name').execute()).map(({ id }) => id);
}

async function requestMailbox(tx: OrganisationTransaction, { full, mailbox, folder }: ResyncRequest & { readonly mailbox: string }): Promise<RequestedRun> {
  const { rows: [found] } = await sql<{ id: MailboxId; task_id: TaskId | null }>`
    select m.id, owner.task_id from mailbox m
    left join mailbox_owner owner on owner.mailbox_id = m.id and owner.feature = 'folder-replication'
    where m.address = ${mailbox.toLowerCase()} order by owner.task_id is null, m.id desc limit 1`.execute(tx);
  if (found === undefined) throw new NotFoundError(`mailbox "${mailbox}"`);
  if (found.task_id === null) {
    throw new ConflictError({
      code: 'mailbox.no-task',
      message: `No task replicates the mailbox "${mailbox}".`,
      next: 'Put it into the mailbox group of a task, and run the task: lockstep task run NAME.',
    });
  }
  const scope = { full, mailbox: found.id, ...(folder === undefined ? {} : { folder: folderId(folder) }) };
  if (folder !== undefined) {
    const { rows } = await sql`select from folder where id = ${folder} and mailbox_id = ${found.id} and closed_pass is null`.execute(tx);
    if (rows.length === 0) throw new NotFoundError('such folder in the mailbox');
  }
  return requestTaskRun(tx, { task: found.task_id, trigger: 'manual', scope });
}
