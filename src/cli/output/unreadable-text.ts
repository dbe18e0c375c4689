/** Items that could not be read, for people and for spreadsheets. */
import { stringify } from 'csv-stringify/sync';
import type { UnreadableItem } from '../../api/schemas/mailboxes.ts';
import type { CommandIo } from '../command.ts';
import { pathText } from '../folder-reference.ts';
import { count } from './numbers.ts';
import { table } from './table.ts';
import { relativeTime } from './times.ts';

export const unreadableTable = (items: readonly UnreadableItem[], io: Pick<CommandIo, 'columns' | 'now'>): string => {
  const now = io.now();
  return table(
    items,
    [
      { title: 'MAILBOX', value: (item) => item.address, shrink: true },
      { title: 'FOLDER', value: (item) => pathText(item.path), shrink: true },
      { title: 'REASON', value: (item) => item.code },
      { title: 'DETAIL', value: (item) => item.detail, shrink: true },
      { title: 'TRIES', value: (item) => count(item.attempts), align: 'right' },
      { title: 'SINCE', value: (item) => relativeTime(item.firstSeenAt, now) },
      { title: 'NEXT TRY', value: (item) => (Date.parse(item.nextAt) <= now.getTime() ? 'next run' : relativeTime(item.nextAt, now)) },
      { title: 'EXCHANGE ID', value: (item) => item.sourceId, shrink: true },
    ],
    io.columns,
  );
};

/** Times are RFC 3339 in UTC. The titles are the names of the API. */
export const unreadableCsv = (items: readonly UnreadableItem[]): string =>
  stringify(
    items.map((item) => ({ ...item, path: pathText(item.path) })),
    {
      header: true,
      columns: ['address', 'path', 'sourceId', 'code', 'detail', 'attempts', 'firstSeenAt', 'lastSeenAt', 'nextAt', 'mailbox', 'folder'],
      // A folder's name comes from a mailbox, and a spreadsheet may run what begins with =, + or @.
      escape_formulas: true,
      record_delimiter: 'windows',
    },
  );
