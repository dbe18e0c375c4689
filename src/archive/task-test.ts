/** What is known of a task before anybody relies on it, and the test of the connection that its first mailbox is read through. */
import { sql } from 'kysely';
import type { ConnectionId } from '../shared/ids.ts';
import { capabilitiesOf } from '../shared/mailbox-capabilities.ts';
import type { ConnectionSettings } from '../shared/mailbox-contract.ts';
import type { FolderReplicationSettings, MailboxGroupSource } from '../shared/tasks.ts';
import type { OrganisationTransaction } from './database.ts';
import { cannotDo } from './definition-capabilities.ts';
import { type ResolvedGroup, resolveMailboxes } from './group-mailboxes.ts';
import { ConflictError } from './record-errors.ts';
import type { RequestedRun } from './runs.ts';
import { requestConnectionTest } from './task-runs.ts';
import { findTask } from './tasks.ts';

export interface TaskTest {
  readonly connection: string;
  /** Whose mailbox is opened; null: the group has none. */
  readonly address: string | null;
  readonly cannot: readonly string[];
  readonly group: ResolvedGroup;
  readonly requested: RequestedRun;
}

/**
 * @throws NotFoundError also when the group is gone from its directory; ConflictError `task.no-connection`, and as resolveMailboxes
 */
export async function requestTaskTest(tx: OrganisationTransaction, name: string): Promise<TaskTest> {
  const task = await findTask(tx, name);
  const { rows: [parts] } = await sql<{ source: MailboxGroupSource; settings: FolderReplicationSettings }>`
    select mailbox_group.source, definition.settings
    from task join mailbox_group on mailbox_group.id = task.group_id join definition on definition.id = task.definition_id
    where task.id = ${task.id}`.execute(tx);
  if (parts === undefined) throw new Error('a task without its parts');
  const group = await resolveMailboxes(tx, parts.source);
  const address = group.mailboxes[0]?.address ?? null;
  // As a run finds it (task-run-plan.ts): the one that the mailbox is read through already, else the site's first.
  const { rows: [connection] } = await sql<{ id: ConnectionId; name: string; settings: ConnectionSettings }>`
    select c.id, c.name, c.settings
    from task join exchange_connection c on c.site_id = task.site_id
    where task.id = ${task.id}
    order by exists (select from mailbox m where m.address = ${address} and m.connection_id = c.id) desc, c.created_at, c.id limit 1`.execute(tx);
  if (connection === undefined) throw noConnection(name, task.site_name);
  return {
    connection: connection.name,
    address,
    cannot: cannotDo(parts.settings, new Set(capabilitiesOf[connection.settings.type])),
    group,
    requested: await requestConnectionTest(tx, connection.id, address ?? undefined),
  };
}

const noConnection = (task: string, site: string): ConflictError =>
  new ConflictError({
    code: 'task.no-connection',
    message: `The site "${site}" of the task "${task}" has no exchange connection.`,
    next: 'Add one: lockstep connection add NAME, or give the task another site.',
  });
