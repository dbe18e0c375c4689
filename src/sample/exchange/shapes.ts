/** Items and folders as elements of an answer: those properties that the request's shape asks for, in the order of the schema. */
import { changeKey, folderId, itemId } from './ids.ts';
import type { SampleMailbox } from './mailbox.ts';
import type { Address, FolderRecord, ItemRecord } from './model.ts';
import { escapeText, type Xml } from './soap.ts';

/** Which properties are asked for: FieldURIs in lower case without their prefix, and tags of MAPI properties. */
export interface Shape {
  readonly base: string;
  readonly fields: ReadonlySet<string>;
  readonly tags: readonly { readonly tag: number; readonly written: string; readonly type: string }[];
  readonly mime: boolean;
}

export function readShape(shape: Xml | undefined): Shape {
  const paths = shape?.child('AdditionalProperties')?.children() ?? [];
  return {
    base: shape?.child('BaseShape')?.text() ?? 'IdOnly',
    fields: new Set(paths.filter(({ name }) => name === 'FieldURI').map((path) => path.attribute('FieldURI') ?? '')),
    tags: paths.flatMap((path) => {
      const written = path.attribute('PropertyTag');
      return path.name === 'ExtendedFieldURI' && written !== undefined
        ? [{ tag: Number(written), written: `0x${Number(written).toString(16)}`, type: path.attribute('PropertyType') ?? 'String' }]
        : [];
    }),
    mime: shape?.child('IncludeMimeContent')?.text() === 'true' || paths.some((path) => path.attribute('FieldURI') === 'item:MimeContent'),
  };
}

/** In the order of ItemType and MessageType: a property that the item has not is left out. */
const itemFields: readonly (readonly [field: string, element: string, value: (item: ItemRecord, mailbox: SampleMailbox) => string | undefined])[] = [
  ['item:ParentFolderId', 'ParentFolderId', (item, mailbox) => folderIdElement(mailbox, item.folder, 'ParentFolderId')],
  ['item:ItemClass', 'ItemClass', ({ itemClass }) => itemClass],
  ['item:Subject', 'Subject', ({ content }) => (content.subject === '' ? undefined : content.subject)],
  ['item:Sensitivity', 'Sensitivity', ({ sensitivity }) => sensitivity],
  ['item:DateTimeReceived', 'DateTimeReceived', ({ receivedAt }) => time(receivedAt)],
  ['item:Size', 'Size', ({ size }) => String(size)],
  ['item:Categories', 'Categories', ({ categories }) => raw(categories.map((name) => `<t:String>${escapeText(name)}</t:String>`).join(''))],
  ['item:Importance', 'Importance', ({ importance }) => importance],
  ['item:InReplyTo', 'InReplyTo', ({ content }) => content.inReplyTo],
  ['item:IsDraft', 'IsDraft', ({ isDraft }) => String(isDraft)],
  ['item:DateTimeSent', 'DateTimeSent', ({ content }) => time(content.sentAt)],
  ['item:DateTimeCreated', 'DateTimeCreated', ({ createdAt }) => time(createdAt)],
  ['item:HasAttachments', 'HasAttachments', ({ content }) => String(content.attachments.some((part) => part.kind === 'message' || part.inline === undefined))],
  ['extended', '', () => undefined],
  ['item:LastModifiedTime', 'LastModifiedTime', ({ modifiedAt }) => time(modifiedAt)],
  ['item:ConversationId', 'ConversationId', ({ conversation }) => raw(`<t:ConversationId Id="${conversation.toString('base64')}"/>`)],
  ['item:Flag', 'Flag', ({ flag }) => raw(`<t:FlagStatus>${flag}</t:FlagStatus>`)],
];
const messageFields: typeof itemFields = [
  ['message:Sender', 'Sender', ({ content }) => (content.from === undefined ? undefined : raw(mailbox(content.from)))],
  ['message:ToRecipients', 'ToRecipients', ({ content }) => raw(content.to.map(mailbox).join(''))],
  ['message:CcRecipients', 'CcRecipients', ({ content }) => raw(content.cc.map(mailbox).join(''))],
  ['message:BccRecipients', 'BccRecipients', ({ content }) => raw(content.bcc.map(mailbox).join(''))],
  ['message:From', 'From', ({ content }) => (content.from === undefined ? undefined : raw(mailbox(content.from)))],
  ['message:InternetMessageId', 'InternetMessageId', ({ content }) => content.messageId],
  ['message:IsRead', 'IsRead', ({ isRead }) => String(isRead)],
];

/** Marks what is XML already. */
const RAW = '\u0000';
const raw = (xml: string): string | undefined => (xml === '' ? undefined : RAW + xml);
const time = (at: Date | undefined): string | undefined => at?.toISOString().replace(/\.\d+Z$/, 'Z');
const mailbox = ({ name, address }: Address): string =>
  `<t:Mailbox><t:Name>${escapeText(name)}</t:Name><t:EmailAddress>${escapeText(address)}</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>`;

/** The element of an item by its class. */
export function itemElement(itemClass: string): string {
  if (itemClass.startsWith('IPM.Contact')) return 'Contact';
  if (itemClass.startsWith('IPM.Task')) return 'Task';
  if (itemClass.startsWith('IPM.Appointment')) return 'CalendarItem';
  if (itemClass.startsWith('IPM.Schedule.Meeting.Request')) return 'MeetingRequest';
  if (itemClass.startsWith('IPM.Post')) return 'PostItem';
  if (itemClass.startsWith('IPM.StickyNote')) return 'Message';
  return 'Message';
}
const isMessage = (element: string): boolean => element === 'Message' || element === 'MeetingRequest';

/** `mime`: base64, given when the shape asks for it. */
export function itemXml(item: ItemRecord, mailbox: SampleMailbox, shape: Shape): { head: string; tail: string } {
  const element = itemElement(item.itemClass);
  const fields = isMessage(element) ? [...itemFields, ...messageFields] : itemFields;
  const all = shape.base !== 'IdOnly';
  const properties = fields.flatMap(([field, name, value]) => {
    if (field === 'extended') return shape.tags.map(({ tag, written, type }) => extended(written, type, itemTag(tag, item)));
    if (!all && !shape.fields.has(field)) return [];
    const text = value(item, mailbox);
    if (text === undefined) return [];
    if (!text.startsWith(RAW)) return [name === 'ParentFolderId' ? text : `<t:${name}>${escapeText(text)}</t:${name}>`];
    return [name === 'ConversationId' ? text.slice(1) : `<t:${name}>${text.slice(1)}</t:${name}>`];
  });
  return {
    head: `<t:${element}>`,
    tail: `${itemIdElement(mailbox, item)}${properties.join('')}</t:${element}>`,
  };
}

export const itemIdElement = (mailbox: SampleMailbox, { uid, moves, version }: Pick<ItemRecord, 'uid' | 'moves' | 'version'>): string =>
  `<t:ItemId Id="${itemId({ mailbox: mailbox.number, uid, moves })}" ChangeKey="${changeKey(`${mailbox.number} ${uid} ${moves}`, version)}"/>`;

/** Values of MAPI properties; undefined: the item has none. */
function itemTag(tag: number, item: ItemRecord): string | undefined {
  switch (tag) {
    case 0x300b:
      return item.searchKey.toString('base64');
    case 0x65e0:
      return Buffer.from(`${item.uid}.${item.moves}`.padStart(22, '0'), 'latin1').toString('base64');
    case 0x1035:
      return item.content.messageId;
    case 0x0e08:
      return String(item.size);
    case 0x0036:
      return String(['Normal', 'Personal', 'Private', 'Confidential'].indexOf(item.sensitivity));
    default:
      return undefined;
  }
}

const extended = (tag: string, type: string, value: string | undefined): string =>
  value === undefined
    ? ''
    : `<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="${tag}" PropertyType="${type}"/><t:Value>${escapeText(value)}</t:Value></t:ExtendedProperty>`;

export const folderIdElement = (mailbox: SampleMailbox, folder: number, element: 'FolderId' | 'ParentFolderId' = 'FolderId'): string =>
  `<t:${element} Id="${folderId({ mailbox: mailbox.number, folder })}" ChangeKey="${changeKey(`${mailbox.number} folder ${folder}`, mailbox.folder(folder)?.version ?? 1)}"/>`;

function folderElement({ folderClass, search }: FolderRecord): string {
  if (search) return 'SearchFolder';
  if (folderClass === 'IPF.Appointment') return 'CalendarFolder';
  if (folderClass === 'IPF.Contact') return 'ContactsFolder';
  if (folderClass === 'IPF.Task') return 'TasksFolder';
  return 'Folder';
}

/** In the order of BaseFolderType and FolderType. */
export function folderXml(folder: FolderRecord, mailbox: SampleMailbox, shape: Shape): string {
  const element = folderElement(folder);
  const all = shape.base !== 'IdOnly';
  const wants = (field: string) => all || shape.fields.has(field);
  const summary = mailbox.summary(folder.number);
  const parts = [folderIdElement(mailbox, folder.number)];
  if (wants('folder:ParentFolderId') && folder.parent !== null) parts.push(folderIdElement(mailbox, folder.parent, 'ParentFolderId'));
  if (wants('folder:FolderClass')) parts.push(`<t:FolderClass>${folder.folderClass}</t:FolderClass>`);
  if (wants('folder:DisplayName')) parts.push(`<t:DisplayName>${escapeText(folder.name)}</t:DisplayName>`);
  if (wants('folder:TotalCount')) parts.push(`<t:TotalCount>${summary.count}</t:TotalCount>`);
  if (wants('folder:ChildFolderCount')) parts.push(`<t:ChildFolderCount>${mailbox.folders().filter(({ parent }) => parent === folder.number).length}</t:ChildFolderCount>`);
  for (const { tag, written, type } of shape.tags) parts.push(extended(written, type, folderTag(tag, folder, summary)));
  if (shape.fields.has('folder:DistinguishedFolderId') && folder.wellKnown !== undefined) {
    parts.push(`<t:DistinguishedFolderId>${folder.wellKnown}</t:DistinguishedFolderId>`);
  }
  const hasUnread = element === 'Folder' || element === 'SearchFolder' || element === 'TasksFolder';
  if (hasUnread && wants('folder:UnreadCount')) parts.push(`<t:UnreadCount>${summary.unread}</t:UnreadCount>`);
  return `<t:${element}>${parts.join('')}</t:${element}>`;
}

function folderTag(tag: number, folder: FolderRecord, summary: { deletions: number; commitTime: Date }): string | undefined {
  switch (tag) {
    case 0x3601:
      return folder.parent === null ? '0' : folder.search ? '2' : '1';
    case 0x10f4:
      return folder.hidden ? 'true' : undefined;
    case 0x670a:
      return summary.commitTime.toISOString();
    case 0x670b:
      return String(summary.deletions);
    default:
      return undefined;
  }
}
