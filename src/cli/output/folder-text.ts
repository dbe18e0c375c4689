/** Folders of a mailbox and what is in them, for people. */
import type { FolderTree, ListedItem } from '../../api/schemas/mailboxes.ts';
import type { Folder } from '../folder-reference.ts';
import { byteSize, count } from './numbers.ts';
import { styled } from './style.ts';
import { table } from './table.ts';
import { localTime } from './times.ts';

/** Which moment is shown. */
export function viewLine({ pass, complete, completedAt, full }: FolderTree['at']): string {
  if (pass === 0 && !complete) return styled('warn', 'Nothing: no pass over the mailbox was complete then.');
  if (!complete) return styled('warn', 'Incomplete: the first pass over the mailbox is under way. What it brought so far:');
  return `${full ? 'Everything that was ever there, up to' : 'As of'} pass ${pass}, complete ${localTime(completedAt)}.`;
}

interface TreeLine {
  readonly folder: Folder;
  readonly depth: number;
}

/** Default folders first, in the order in which Outlook shows them; then by name. */
const first = ['inbox', 'drafts', 'sentitems', 'deleteditems'];
const rank = ({ wellKnown }: Folder): number => (wellKnown !== null && first.includes(wellKnown) ? first.indexOf(wellKnown) : first.length);

/** Parents before what is in them. */
export function treeLines(folders: readonly Folder[]): readonly TreeLine[] {
  const known = new Set(folders.map(({ id }) => id));
  const below = Map.groupBy(folders, ({ parent }) => (parent !== null && known.has(parent) ? parent : null));
  const lines: TreeLine[] = [];
  const add = (parent: string | null, depth: number) => {
    for (const folder of [...(below.get(parent) ?? [])].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))) {
      lines.push({ folder, depth });
      add(folder.id, depth + 1);
    }
  };
  add(null, 0);
  return lines;
}

const note = ({ closedPass, error }: Folder): string => (closedPass !== null ? `gone in pass ${closedPass}` : error === null ? '' : `not read: ${error.message}`);

export const treeTable = (folders: readonly Folder[], width: number): string =>
  table(
    treeLines(folders),
    [
      { title: 'FOLDER', value: ({ folder, depth }) => `${'  '.repeat(depth)}${folder.name}`, shrink: true, style: ({ folder }) => (folder.closedPass === null ? undefined : 'dim') },
      { title: 'ITEMS', value: ({ folder }) => count(folder.items), align: 'right' },
      { title: 'LEFT OUT', value: ({ folder }) => (folder.leftOut === 0 ? '' : count(folder.leftOut)), align: 'right' },
      { title: 'DEFAULT', value: ({ folder }) => folder.wellKnown ?? '' },
      { title: 'CLASS', value: ({ folder }) => folder.folderClass },
      { title: 'ID', value: ({ folder }) => folder.id, align: 'right' },
      { title: 'NOTE', value: ({ folder }) => note(folder), shrink: true, style: ({ folder }) => (folder.error === null ? 'dim' : 'bad') },
    ],
    width,
  );

const marks = (item: ListedItem): string =>
  [
    item.isRead ? '' : 'unread',
    item.isDraft ? 'draft' : '',
    item.hasAttachments ? 'attachments' : '',
    item.flag === 'none' ? '' : item.flag,
    item.importance === 'normal' ? '' : `${item.importance} importance`,
  ]
    .filter((mark) => mark !== '')
    .join(', ');

export const itemsTable = (items: readonly ListedItem[], width: number): string =>
  table(
    items,
    [
      { title: 'RECEIVED', value: (item) => dateOf(item) },
      { title: 'FROM', value: ({ from }) => (from === null ? '' : from.name === '' ? from.address : from.name), shrink: true },
      { title: 'SUBJECT', value: (item) => (item.subject === '' ? '(no subject)' : item.subject), shrink: true },
      { title: 'CLASS', value: ({ itemClass }) => (/^ipm\.note$/i.test(itemClass) ? '' : itemClass), shrink: true },
      { title: 'SIZE', value: (item) => byteSize(item.size), align: 'right' },
      { title: 'MARKS', value: marks, shrink: true },
      { title: 'ID', value: (item) => item.id, align: 'right' },
    ],
    width,
  );

/** By which a folder is in order: when it was received, else made. */
const dateOf = ({ receivedAt, createdAt, sentAt }: ListedItem): string => {
  const at = receivedAt ?? createdAt ?? sentAt;
  return at === null ? '' : localTime(at);
};
