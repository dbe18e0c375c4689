/** Folders as elements of an answer, in the order of BaseFolderType and FolderType. */
import type { SampleMailbox } from './mailbox.ts';
import type { FolderRecord } from './model.ts';
import type { Shape } from './shape.ts';
import { element, extendedProperty, folderIdElement } from './xml-parts.ts';

export function folderElement({ folderClass, search }: Pick<FolderRecord, 'folderClass' | 'search'>): string {
  if (search) return 'SearchFolder';
  if (folderClass.startsWith('IPF.Appointment')) return 'CalendarFolder';
  if (folderClass.startsWith('IPF.Contact')) return 'ContactsFolder';
  if (folderClass.startsWith('IPF.Task')) return 'TasksFolder';
  return 'Folder';
}

export function folderXml(folder: FolderRecord, mailbox: SampleMailbox, shape: Shape): string {
  const name = folderElement(folder);
  const wants = (field: string) => shape.all || shape.fields.has(field);
  const summary = mailbox.summary(folder.number);
  const parts = [folderIdElement(mailbox, folder.number)];
  if (wants('folder:ParentFolderId') && folder.parent !== null) parts.push(folderIdElement(mailbox, folder.parent, 'ParentFolderId'));
  if (wants('folder:FolderClass')) parts.push(element('FolderClass', folder.folderClass));
  if (wants('folder:DisplayName')) parts.push(element('DisplayName', folder.name));
  if (wants('folder:TotalCount')) parts.push(element('TotalCount', summary.count));
  if (wants('folder:ChildFolderCount')) parts.push(element('ChildFolderCount', mailbox.folders().filter(({ parent }) => parent === folder.number).length));
  for (const path of shape.extended) parts.push(extendedProperty(path, path.tag === undefined ? undefined : tagged(path.tag, folder, summary)));
  if (shape.fields.has('folder:DistinguishedFolderId')) parts.push(element('DistinguishedFolderId', folder.wellKnown));
  if (name !== 'CalendarFolder' && name !== 'ContactsFolder' && wants('folder:UnreadCount')) parts.push(element('UnreadCount', summary.unread));
  return `<t:${name}>${parts.join('')}</t:${name}>`;
}

/** MAPI properties of a folder, by tag. */
function tagged(tag: number, folder: FolderRecord, summary: { readonly deletions: number; readonly commitTime: Date }): string | undefined {
  switch (tag) {
    case 0x3601: // PidTagFolderType
      return folder.parent === null ? '0' : folder.search ? '2' : '1';
    case 0x10f4: // PidTagAttributeHidden
      return folder.hidden ? 'true' : undefined;
    case 0x670a: // PidTagLocalCommitTimeMax
      return summary.commitTime.toISOString();
    case 0x670b: // PidTagDeletedCountTotal
      return String(summary.deletions);
    default:
      return undefined;
  }
}
