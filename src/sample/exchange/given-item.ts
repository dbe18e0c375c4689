/** Items as clients bring them: by properties, or as MIME. */
import { randomUUID } from 'node:crypto';
import { readMessage } from './mime-reader.ts';
import type { Address, Attachment, FlagStatus, Importance, ItemContent, ItemDetails, ItemRecord, Sensitivity } from './model.ts';
import { extendedPath } from './shape.ts';
import type { Xml } from './soap.ts';

export type GivenItem = Pick<
  ItemRecord,
  'itemClass' | 'content' | 'details' | 'sensitivity' | 'importance' | 'isRead' | 'isDraft' | 'flag' | 'categories' | 'stamped'
>;

/** PidTagMessageFlags: with it clients bring mail that is no draft (MS-OXCMSG 2.2.1.6). */
const MESSAGE_FLAGS = '0x0e07';
const [FLAG_READ, FLAG_UNSENT] = [1, 8] as const;

const classes: Readonly<Record<string, string>> = {
  Contact: 'IPM.Contact',
  Task: 'IPM.Task',
  CalendarItem: 'IPM.Appointment',
  MeetingRequest: 'IPM.Schedule.Meeting.Request',
  PostItem: 'IPM.Post',
};

/** An element of CreateItem. */
export function givenItem(given: Xml, now: Date): GivenItem {
  const text = (name: string) => given.child(name)?.text();
  const details = detailsOf(given, now);
  const stamped = new Map(
    given.children().flatMap((child) => {
      const path = child.name === 'ExtendedProperty' ? child.child('ExtendedFieldURI') : undefined;
      return path === undefined ? [] : [[extendedPath(path).name, child.child('Value')?.text() ?? ''] as const];
    }),
  );
  const flags = stamped.has(MESSAGE_FLAGS) ? Number(stamped.get(MESSAGE_FLAGS)) : undefined;
  stamped.delete(MESSAGE_FLAGS);
  return {
    itemClass: text('ItemClass') ?? classes[given.name] ?? 'IPM.Note',
    content: contentOf(given, now),
    ...(details === undefined ? {} : { details }),
    sensitivity: (text('Sensitivity') ?? 'Normal') as Sensitivity,
    importance: (text('Importance') ?? 'Normal') as Importance,
    isRead: flags === undefined ? text('IsRead') === 'true' : (flags & FLAG_READ) !== 0,
    isDraft: flags === undefined || (flags & FLAG_UNSENT) !== 0,
    flag: (given.at('Flag', 'FlagStatus')?.text() ?? 'NotFlagged') as FlagStatus,
    categories: strings(given.child('Categories')),
    stamped,
  };
}

function contentOf(given: Xml, now: Date): ItemContent {
  const mime = given.child('MimeContent')?.text();
  if (mime !== undefined) return readMessage(Buffer.from(mime, 'base64'));
  const body = given.child('Body');
  const html = body?.attribute('BodyType') === 'HTML' ? body.text() : undefined;
  return {
    subject: given.child('Subject')?.text() ?? given.child('DisplayName')?.text() ?? '',
    from: addresses(given.child('From'))[0] ?? addresses(given.child('Sender'))[0],
    to: addresses(given.child('ToRecipients')),
    cc: addresses(given.child('CcRecipients')),
    bcc: addresses(given.child('BccRecipients')),
    sentAt: now,
    messageId: given.child('InternetMessageId')?.text() ?? `<${randomUUID()}@sample.example>`,
    inReplyTo: given.child('InReplyTo')?.text(),
    references: given.child('References')?.text().split(/\s+/) ?? [],
    text: html === undefined ? (body?.text() ?? '') : undefined,
    html,
    charset: 'utf-8',
    attachments: (given.child('Attachments')?.children() ?? []).map((one) => givenAttachment(one, now)),
  };
}

/** A FileAttachment or ItemAttachment. */
export function givenAttachment(given: Xml, now: Date): Attachment {
  const name = given.child('Name')?.text() ?? '';
  const content = given.child('Content')?.text();
  if (content === undefined) {
    const message = given.children().find((child) => child.child('Subject') !== undefined || child.child('MimeContent') !== undefined);
    return { kind: 'message', name, message: contentOf(message ?? given, now) };
  }
  const bytes = Buffer.from(content, 'base64');
  const inline = given.child('IsInline')?.text() === 'true' ? given.child('ContentId')?.text() : undefined;
  return {
    kind: 'file',
    name,
    contentType: given.child('ContentType')?.text() ?? 'application/octet-stream',
    size: bytes.length,
    bytes: () => [bytes],
    ...(inline === undefined ? {} : { inline }),
  };
}

function detailsOf(given: Xml, now: Date): ItemDetails | undefined {
  const text = (name: string) => given.child(name)?.text() ?? '';
  const date = (name: string) => (text(name) === '' ? undefined : new Date(text(name)));
  switch (given.name) {
    case 'Contact':
      return {
        kind: 'contact',
        given: text('GivenName'),
        surname: text('Surname'),
        company: text('CompanyName'),
        jobTitle: text('JobTitle'),
        addresses: given.child('EmailAddresses')?.children().map((entry) => entry.text()) ?? [],
        phone: given.child('PhoneNumbers')?.children()[0]?.text() ?? '',
      };
    case 'Task':
      return {
        kind: 'task',
        status: text('Status') === 'Completed' ? 'Completed' : text('Status') === 'InProgress' ? 'InProgress' : 'NotStarted',
        percent: Number(text('PercentComplete')),
        dueAt: date('DueDate'),
      };
    case 'CalendarItem':
      return {
        kind: 'meeting',
        uid: given.child('UID')?.text() ?? randomUUID(),
        startsAt: date('Start') ?? now,
        endsAt: date('End') ?? now,
        place: text('Location'),
        organizer: addresses(given.child('Organizer'))[0] ?? { name: '', address: '' },
        attendees: (given.child('RequiredAttendees')?.children() ?? []).flatMap((attendee) => addresses(attendee)),
      };
    default:
      return undefined;
  }
}

export const strings = (list: Xml | undefined): string[] => list?.children().map((one) => one.text()) ?? [];

/** Of the Mailbox elements of a list. */
export const addresses = (list: Xml | undefined): Address[] =>
  (list?.children() ?? []).flatMap((mailbox) =>
    mailbox.name === 'Mailbox' ? [{ name: mailbox.child('Name')?.text() ?? '', address: mailbox.child('EmailAddress')?.text() ?? '' }] : [],
  );
