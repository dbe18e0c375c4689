/** Connections, tasks and their parts for people. */
import type { Connection } from '../../api/schemas/connections.ts';
import type { Definition, MailboxGroup, ResolvedMailboxes, StartedTaskTest, Task, TaskSchedule } from '../../api/schemas/tasks.ts';
import { scheduleSentence } from '../schedule-text.ts';
import { fields } from './fields.ts';
import { count, counted } from './numbers.ts';
import { table } from './table.ts';
import { localTime } from './times.ts';

const USED_BY = 'used by tasks';
const usedBy = (row: { readonly tasks: readonly string[] }): string => (row.tasks.length === 0 ? 'none' : row.tasks.join(', '));
const common = (row: { readonly description: string; readonly changedAt: string }) =>
  [
    ['description', row.description],
    ['changed', localTime(row.changedAt)],
  ] as const;

export const connectionsTable = (rows: readonly Connection[], width: number): string =>
  table(
    rows,
    [
      { title: 'CONNECTION', value: (row) => row.name },
      { title: 'SITE', value: (row) => row.site },
      { title: 'ADDRESS', value: (row) => row.settings.url, shrink: true },
      { title: 'SIGN-IN', value: (row) => (!row.credential.set ? 'no password set' : row.refused === null ? row.settings.authentication : 'refused') },
      { title: 'MAILBOXES', value: (row) => count(row.mailboxes), align: 'right' },
    ],
    width,
  );

export const connectionText = (row: Connection): string =>
  fields([
    ['connection', row.name],
    ['site', row.site],
    ['address', row.settings.url],
    ['account', row.settings.account],
    ['sign-in', row.settings.authentication],
    ['tokens from', row.settings.oauth?.authority],
    ['scope', row.settings.oauth?.scope],
    ['authority', row.settings.caPem === undefined ? undefined : 'given in a file'],
    ['proxy', row.settings.proxy],
    ['requests at once', row.settings.maxRequests === undefined ? undefined : count(row.settings.maxRequests)],
    ['password', row.credential.changedAt === null || !row.credential.set ? 'not set' : `set ${localTime(row.credential.changedAt)}`],
    ['refused', row.refused === null ? undefined : [`${row.refused.reason} (${row.refused.code}), since ${localTime(row.refused.since)}`, `→ ${row.refused.next}`]],
    ['mailboxes', count(row.mailboxes)],
    ['change hints', row.hintsTrusted ? undefined : 'were wrong once: every folder is read in every pass'],
    ...common(row),
  ]);

const ruleText = (rule: Definition['settings']['rules'][number]): string =>
  [
    rule.action,
    rule.wellKnown === undefined ? undefined : `folder=${rule.wellKnown}`,
    rule.path === undefined ? undefined : `path=${rule.path}`,
    rule.itemClass === undefined ? undefined : `class=${rule.itemClass}`,
    rule.olderThanDays === undefined ? undefined : `older=${rule.olderThanDays}`,
    rule.largerThanBytes === undefined ? undefined : `larger=${rule.largerThanBytes}`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');

const excludedText = ({ exclude }: Definition['settings']): string =>
  [exclude.inbox ? 'inbox' : '', exclude.sentItems ? 'sent items' : '', exclude.deletedItems ? 'deleted items' : ''].filter((name) => name !== '').join(', ');

export const definitionsTable = (rows: readonly Definition[], width: number): string =>
  table(
    rows,
    [
      { title: 'DEFINITION', value: (row) => row.name },
      { title: 'FEATURE', value: (row) => row.feature },
      { title: 'CONTENT', value: (row) => (row.settings.withContent ? 'yes' : 'metadata only') },
      { title: 'EXCLUDED', value: (row) => excludedText(row.settings) },
      { title: 'RULES', value: (row) => (row.settings.rules.length === 0 ? '' : count(row.settings.rules.length)), align: 'right' },
      { title: 'USED BY', value: usedBy, shrink: true },
    ],
    width,
  );

export const definitionText = (row: Definition): string =>
  fields([
    ['definition', row.name],
    ['feature', row.feature],
    ['content', row.settings.withContent ? 'yes' : 'metadata only'],
    ['excluded', excludedText(row.settings) || 'nothing'],
    ['rules', row.settings.rules.map(ruleText)],
    [USED_BY, usedBy(row)],
    ...common(row),
  ]);

export const schedulesTable = (rows: readonly TaskSchedule[], width: number): string =>
  table(
    rows,
    [
      { title: 'SCHEDULE', value: (row) => row.name },
      { title: 'WHEN', value: (row) => scheduleSentence(row.schedule) },
      { title: 'NEXT', value: (row) => (row.nextRuns[0] === undefined ? 'never' : localTime(row.nextRuns[0])) },
      { title: 'USED BY', value: usedBy, shrink: true },
    ],
    width,
  );

export const scheduleDetails = (row: TaskSchedule): string =>
  fields([
    ['schedule', row.name],
    ['when', scheduleSentence(row.schedule)],
    ['starts up to', `${count(row.jitterSeconds)} s later, by chance`],
    ['next', row.nextRuns.length === 0 ? 'never' : row.nextRuns.map((run) => localTime(run))],
    [USED_BY, usedBy(row)],
    ...common(row),
  ]);

const sourceText = ({ source }: MailboxGroup): string =>
  source.kind === 'directory-group' ? `members of the group ${source.groupName ?? source.group}` : counted(source.addresses.length, 'address', 'addresses');

export const mailboxGroupsTable = (rows: readonly MailboxGroup[], width: number): string =>
  table(
    rows,
    [
      { title: 'MAILBOX GROUP', value: (row) => row.name },
      { title: 'MAILBOXES', value: sourceText, shrink: true },
      { title: 'USED BY', value: usedBy, shrink: true },
    ],
    width,
  );

export const mailboxGroupText = (row: MailboxGroup): string =>
  fields([
    ['mailbox group', row.name],
    ['mailboxes', row.source.kind === 'mailboxes' ? row.source.addresses : sourceText(row)],
    [USED_BY, usedBy(row)],
    ...common(row),
  ]);

const reasons: Readonly<Record<ResolvedMailboxes['skipped'][number]['reason'], string>> = {
  pending: 'a member that was not read (yet)',
  missing: 'gone from its directory',
  'left-out': 'no person of the archive: left out by filter, search base or domain',
  online: 'in Exchange Online',
  'no-mailbox': 'has no mailbox',
  'no-address': 'has a mailbox without an address',
};

export function resolvedText(resolved: ResolvedMailboxes, width: number): string {
  const ages = resolved.directories.map(({ name, readAt, watchedAt }) => {
    const read = readAt === null ? 'never read to its end' : `read ${localTime(readAt)}`;
    return watchedAt === null ? `${name}: ${read}` : `${name}: ${read}, asked for changes ${localTime(watchedAt)}`;
  });
  const parts = [
    fields([
      ['mailboxes', count(resolved.counts.mailboxes)],
      ['left out', count(resolved.counts.skipped)],
      ['as of', ages],
    ]),
  ];
  if (resolved.mailboxes.length > 0) {
    parts.push(
      table(
        resolved.mailboxes,
        [
          { title: 'ADDRESS', value: (row) => row.address },
          { title: 'NAME', value: (row) => row.displayName, shrink: true },
          { title: 'TYPE', value: (row) => (row.known ? row.recipientType : 'not in the archive') },
        ],
        width,
      ),
    );
  }
  if (resolved.skipped.length > 0) parts.push(skippedTable(resolved.skipped, width));
  return parts.join('\n\n');
}

const skippedTable = (skipped: ResolvedMailboxes['skipped'], width: number): string =>
  table(
    skipped,
    [
      { title: 'LEFT OUT', value: (row) => row.address ?? row.name, shrink: true },
      { title: 'WHY', value: (row) => reasons[row.reason] },
    ],
    width,
  );

/** What is known of a task before its connection was asked. */
export function taskTestText({ connection, mailbox, cannot, group }: StartedTaskTest, width: number): string {
  const main = fields([
    ['mailboxes', count(group.counts.mailboxes)],
    ['left out', count(group.counts.skipped)],
    ['connection', connection],
    ['tested with', mailbox ?? 'no mailbox: the group has none'],
    ['not possible', cannot],
  ]);
  return group.skipped.length === 0 ? main : `${main}\n\n${skippedTable(group.skipped, width)}`;
}

export const tasksTable = (rows: readonly Task[], width: number): string =>
  table(
    rows,
    [
      { title: 'TASK', value: (row) => row.name },
      { title: 'SITE', value: (row) => row.site },
      { title: 'STATE', value: (row) => row.state },
      { title: 'DEFINITION', value: (row) => row.definition },
      { title: 'MAILBOX GROUP', value: (row) => row.group },
      { title: 'SCHEDULE', value: (row) => row.schedule ?? 'none' },
      { title: 'HEALTHY', value: (row) => count(row.mailboxes.healthy), align: 'right' },
      { title: 'ATTENTION', value: (row) => count(row.mailboxes.attention), align: 'right' },
    ],
    width,
  );

export const taskText = (row: Task): string =>
  fields([
    ['task', row.name],
    ['feature', row.feature],
    ['state', row.state],
    ['site', row.site],
    ['definition', row.definition],
    ['mailbox group', row.group],
    ['schedule', row.schedule ?? 'none: runs when somebody asks'],
    ['next runs', row.nextRuns.map((run) => localTime(run))],
    ['skipped ticks', row.skippedTicks === 0 ? undefined : count(row.skippedTicks)],
    ['mailboxes', Object.entries(row.mailboxes).map(([state, mailboxes]) => `${count(mailboxes)} ${state}`)],
    ...common(row),
  ]);
