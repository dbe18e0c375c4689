/** Items as elements of an answer: those properties that the request's shape asks for, in the order of the schema. */
import { attachmentList } from './attachment-xml.ts';
import { contactFields, meetingFields, meetingRequestFields, taskFields } from './class-fields.ts';
import type { SampleMailbox } from './mailbox.ts';
import type { ItemRecord } from './model.ts';
import type { ExtendedPath, Shape } from './shape.ts';
import { around, element, extendedProperty, folderIdElement, itemIdElement, mailboxXml, time } from './xml-parts.ts';

/** One property: its FieldURI, and its element (nothing when the item has none). */
export type Field = readonly [uri: string, write: (item: ItemRecord, mailbox: SampleMailbox, shape: Shape) => string];

/** ItemType, up to where extended properties stand. */
const beforeExtended: readonly Field[] = [
  ['item:ParentFolderId', ({ folder }, mailbox) => folderIdElement(mailbox, folder, 'ParentFolderId')],
  ['item:ItemClass', ({ itemClass }) => element('ItemClass', itemClass)],
  ['item:Subject', ({ content: { subject } }) => element('Subject', subject === '' ? undefined : subject)],
  ['item:Sensitivity', ({ sensitivity }) => element('Sensitivity', sensitivity)],
  ['item:Body', ({ content }, _, { textBody }) => bodyXml('Body', content.html !== undefined && !textBody ? ['HTML', content.html] : ['Text', content.text ?? ''])],
  ['item:Attachments', (item, mailbox) => around('Attachments', attachmentList(item, mailbox))],
  ['item:DateTimeReceived', ({ receivedAt }) => element('DateTimeReceived', time(receivedAt))],
  ['item:Size', ({ size }) => element('Size', size)],
  ['item:Categories', ({ categories }) => around('Categories', categories.map((name) => element('String', name)).join(''))],
  ['item:Importance', ({ importance }) => element('Importance', importance)],
  ['item:InReplyTo', ({ content }) => element('InReplyTo', content.inReplyTo)],
  ['item:IsSubmitted', () => element('IsSubmitted', false)],
  ['item:IsDraft', ({ isDraft }) => element('IsDraft', isDraft)],
  ['item:IsFromMe', ({ content }, { owner }) => element('IsFromMe', content.from?.address === owner.address)],
  ['item:DateTimeSent', ({ content }) => element('DateTimeSent', time(content.sentAt))],
  ['item:DateTimeCreated', ({ createdAt }) => element('DateTimeCreated', time(createdAt))],
  ['item:DisplayCc', ({ content }) => element('DisplayCc', names(content.cc))],
  ['item:DisplayTo', ({ content }) => element('DisplayTo', names(content.to))],
  ['item:HasAttachments', ({ content }) => element('HasAttachments', content.attachments.some((part) => part.kind === 'message' || part.inline === undefined))],
];
const afterExtended: readonly Field[] = [
  ['item:LastModifiedName', (_, { owner }) => element('LastModifiedName', owner.displayName)],
  ['item:LastModifiedTime', ({ modifiedAt }) => element('LastModifiedTime', time(modifiedAt))],
  ['item:IsAssociated', () => element('IsAssociated', false)],
  ['item:ConversationId', ({ conversation }) => `<t:ConversationId Id="${conversation.toString('base64')}"/>`],
  ['item:Flag', ({ flag }) => around('Flag', element('FlagStatus', flag))],
  ['item:TextBody', ({ content }) => (content.text === undefined ? '' : bodyXml('TextBody', ['Text', content.text]))],
];
const messageFields: readonly Field[] = [
  ['message:Sender', ({ content: { from } }) => (from === undefined ? '' : around('Sender', mailboxXml(from)))],
  ['message:ToRecipients', ({ content }) => around('ToRecipients', content.to.map(mailboxXml).join(''))],
  ['message:CcRecipients', ({ content }) => around('CcRecipients', content.cc.map(mailboxXml).join(''))],
  ['message:BccRecipients', ({ content }) => around('BccRecipients', content.bcc.map(mailboxXml).join(''))],
  ['message:IsReadReceiptRequested', () => element('IsReadReceiptRequested', false)],
  ['message:IsDeliveryReceiptRequested', () => element('IsDeliveryReceiptRequested', false)],
  ['message:ConversationTopic', ({ content }) => element('ConversationTopic', content.subject.replace(/^(?:RE|AW|FW): /, ''))],
  ['message:From', ({ content: { from } }) => (from === undefined ? '' : around('From', mailboxXml(from)))],
  ['message:InternetMessageId', ({ content }) => element('InternetMessageId', content.messageId)],
  ['message:IsRead', ({ isRead }) => element('IsRead', isRead)],
  ['message:References', ({ content: { references } }) => element('References', references.length === 0 ? undefined : references.join(' '))],
];
const postFields: readonly Field[] = messageFields.filter(([uri]) => ['From', 'InternetMessageId', 'IsRead', 'References'].includes(uri.slice('message:'.length)));

const fieldsOf: Readonly<Record<string, readonly Field[]>> = {
  Message: messageFields,
  MeetingRequest: [...messageFields, ...meetingRequestFields],
  PostItem: postFields,
  Contact: contactFields,
  Task: taskFields,
  CalendarItem: meetingFields,
};

/** The element of an item by its class. */
export function itemElement(itemClass: string): string {
  if (itemClass.startsWith('IPM.Contact')) return 'Contact';
  if (itemClass.startsWith('IPM.Task')) return 'Task';
  if (itemClass.startsWith('IPM.Appointment')) return 'CalendarItem';
  if (itemClass.startsWith('IPM.Schedule.Meeting.Request')) return 'MeetingRequest';
  if (itemClass.startsWith('IPM.Post')) return 'PostItem';
  // Notes, delivery reports, stubs of other products.
  return 'Message';
}

/** Around content, which comes first in ItemType and is given apart, since it may be large. */
export function itemXml(item: ItemRecord, mailbox: SampleMailbox, shape: Shape): { readonly head: string; readonly tail: string } {
  const name = itemElement(item.itemClass);
  const written = (fields: readonly Field[]) =>
    fields.map(([uri, write]) => ((shape.all && !onlyOnDemand.has(uri)) || shape.fields.has(uri) ? write(item, mailbox, shape) : '')).join('');
  return {
    head: `<t:${name}>`,
    tail:
      itemIdElement(mailbox, item) +
      written(beforeExtended) +
      shape.extended.map((path) => extendedProperty(path, extendedValue(path, item))).join('') +
      written(afterExtended) +
      written(fieldsOf[name] ?? []) +
      `</t:${name}>`,
  };
}
const onlyOnDemand = new Set(['item:TextBody']);

/** An item and nothing of it. */
export function bareItem(item: ItemRecord, mailbox: SampleMailbox): string {
  const name = itemElement(item.itemClass);
  return `<t:${name}>${itemIdElement(mailbox, item)}</t:${name}>`;
}

const names = (addresses: ItemRecord['content']['to']): string | undefined => (addresses.length === 0 ? undefined : addresses.map(({ name }) => name).join('; '));

const bodyXml = (name: string, [type, text]: readonly ['HTML' | 'Text', string]): string =>
  element(name, text).replace(`<t:${name}>`, `<t:${name} BodyType="${type}">`);

/** Values of MAPI properties; undefined: the item has none. */
export function extendedValue({ tag, name }: ExtendedPath, item: ItemRecord): string | undefined {
  switch (tag) {
    case undefined:
      return item.stamped.get(name);
    case 0x300b: // PidTagSearchKey
      return item.searchKey.toString('base64');
    case 0x65e0: // PidTagSourceKey
      return Buffer.from(`${item.uid}.${item.moves}`.padStart(22, '0'), 'latin1').toString('base64');
    case 0x1035: // PidTagInternetMessageId
      return item.content.messageId;
    case 0x0e08: // PidTagMessageSize
      return String(item.size);
    case 0x0036: // PidTagSensitivity
      return String(['Normal', 'Personal', 'Private', 'Confidential'].indexOf(item.sensitivity));
    default:
      return item.stamped.get(name);
  }
}
