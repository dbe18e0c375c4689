/** How a task fares, for people. */
import type { TaskMailbox, TaskStatus } from '../../api/schemas/mailboxes.ts';
import { fields } from './fields.ts';
import { stateStyle } from './mailbox-text.ts';
import { byteSize, count, counted } from './numbers.ts';
import { totalsText } from './run-text.ts';
import { table } from './table.ts';
import { duration, localTime, relativeTime } from './times.ts';

export function taskStatusText(status: TaskStatus, now: Date): string {
  const { lastRun, mailboxes } = status;
  return fields([
    ['task', `${status.task}${status.state === 'paused' ? ' (paused)' : ''}`],
    ['feature', status.feature],
    ['mailboxes', Object.entries(mailboxes).map(([state, mailboxesIn]) => `${count(mailboxesIn)} ${state}`)],
    ['first replication', status.firstOutstanding === 0 ? 'complete' : `not complete for ${counted(status.firstOutstanding, 'mailbox', 'mailboxes')}`],
    ['behind', status.lagSeconds === null ? undefined : `${duration(status.lagSeconds * 1000)} (the oldest last success: ${localTime(status.oldestSuccessAt)})`],
    ['last success', localTime(status.lastSuccessAt)],
    ['last run', lastRun === null ? 'none' : `#${lastRun.number}, ${lastRun.state}, ${relativeTime(lastRun.requestedAt, now)}`],
    ['it did', lastRun === null ? undefined : totalsText(lastRun.totals)],
    ['it says', lastRun?.waiting ?? lastRun?.error?.message],
    ['next run', status.nextRunAt === null ? (status.state === 'paused' ? 'none: paused' : 'when somebody asks') : localTime(status.nextRunAt)],
    ['holds', `${counted(status.items, 'item')} in ${counted(status.folders, 'folder')}, ${byteSize(status.bytes)}`],
    ['unreadable', status.unreadable === 0 ? undefined : `${counted(status.unreadable, 'item')} (lockstep mailbox unreadable --task ${status.task})`],
  ]);
}

export const taskMailboxesTable = (mailboxes: readonly TaskMailbox[], width: number): string =>
  table(
    mailboxes,
    [
      { title: 'STATE', value: (mailbox) => mailbox.state, style: (mailbox) => stateStyle(mailbox.state) },
      { title: 'MAILBOX', value: (mailbox) => mailbox.address ?? mailbox.displayName, shrink: true },
      { title: 'LAST SUCCESS', value: (mailbox) => (mailbox.lastSuccessAt === null ? '' : localTime(mailbox.lastSuccessAt)) },
      { title: 'REASON', value: ({ error }) => error?.code ?? '' },
      { title: 'WHY', value: ({ error }) => error?.message ?? '', shrink: true },
      { title: 'NEXT STEP', value: ({ error }) => error?.next ?? '', shrink: true },
    ],
    width,
  );
