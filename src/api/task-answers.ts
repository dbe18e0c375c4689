/** Connections, tasks and their parts as the API shows them. Nothing that is not named here leaves the database. */
import type { ConnectionView } from '../archive/connections.ts';
import type { DefinitionView } from '../archive/definitions.ts';
import type { ResolvedGroup } from '../archive/group-mailboxes.ts';
import type { MailboxGroupView } from '../archive/mailbox-groups.ts';
import type { TaskScheduleView } from '../archive/task-schedules.ts';
import type { TaskTest } from '../archive/task-test.ts';
import type { TaskView } from '../archive/tasks.ts';
import type { DirectoryObjectId } from '../shared/ids.ts';
import type { Connection } from './schemas/connections.ts';
import type { StartedRun } from './schemas/directories.ts';
import type { Definition, MailboxGroup, ResolvedMailboxes, StartedTaskTest, Task, TaskSchedule } from './schemas/tasks.ts';
import { mutable } from './views.ts';

const times = (row: { readonly created_at: Date; readonly changed_at: Date }) => ({
  createdAt: row.created_at.toISOString(),
  changedAt: row.changed_at.toISOString(),
});
const named = (row: DefinitionView | TaskScheduleView | MailboxGroupView) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  tasks: [...row.tasks],
  ...times(row),
});

export const connectionAnswer = (row: ConnectionView): Connection => ({
  id: row.id,
  name: row.name,
  description: row.description,
  site: row.site_name,
  settings: mutable(row.settings),
  credential: { set: row.has_credential, changedAt: row.credential_changed_at?.toISOString() ?? null },
  hintsTrusted: row.hints_trusted,
  refused: refusedAnswer(row),
  mailboxes: row.mailboxes,
  ...times(row),
});

/** Until somebody acts, as a tick of a task looks at it (archive/task-ticks.ts). */
function refusedAnswer({ refused_at: since, refused_error: error, changed_at: changed, credential_changed_at: credential }: ConnectionView): Connection['refused'] {
  if (since === null || error === null || since < changed || (credential !== null && since < credential)) return null;
  return { since: since.toISOString(), code: error.code, reason: error.message, next: error.next };
}

export const definitionAnswer = (row: DefinitionView): Definition => ({ ...named(row), feature: row.feature, settings: mutable(row.settings) });

export const taskScheduleAnswer = (row: TaskScheduleView, nextRuns: readonly Date[]): TaskSchedule => ({
  ...named(row),
  schedule: mutable(row.schedule),
  jitterSeconds: row.jitter_seconds,
  nextRuns: nextRuns.map((run) => run.toISOString()),
});

export const mailboxGroupAnswer = (row: MailboxGroupView, names: ReadonlyMap<DirectoryObjectId, string>): MailboxGroup => ({
  ...named(row),
  source: row.source.kind === 'directory-group' ? { ...row.source, groupName: names.get(row.source.group) ?? null } : mutable(row.source),
});

export const taskAnswer = (row: TaskView, nextRuns: readonly Date[]): Task => ({
  id: row.id,
  name: row.name,
  description: row.description,
  feature: row.feature,
  site: row.site_name,
  definition: row.definition_name,
  schedule: row.schedule_name,
  group: row.group_name,
  state: row.state,
  skippedTicks: row.skipped_ticks,
  nextRuns: nextRuns.map((run) => run.toISOString()),
  mailboxes: { ...row.mailboxes },
  ...times(row),
});

export const taskTestAnswer = ({ connection, address, cannot, group }: Omit<TaskTest, 'requested'>, run: StartedRun): StartedTaskTest => {
  const { counts, skipped, directories } = resolvedAnswer(group);
  return { connection, mailbox: address, cannot: [...cannot], group: { counts, skipped, directories }, run };
};

export const resolvedAnswer = ({ mailboxes, skipped, directories }: ResolvedGroup): ResolvedMailboxes => ({
  counts: { mailboxes: mailboxes.length, skipped: skipped.length },
  mailboxes: mailboxes.map(({ address, displayName, recipientType, objectId }) => ({ address, displayName, recipientType, known: objectId !== null })),
  skipped: skipped.map((member) => ({ ...member })),
  directories: directories.map((age) => ({ name: age.name, readAt: age.read_at?.toISOString() ?? null, watchedAt: age.watched_at?.toISOString() ?? null })),
});
