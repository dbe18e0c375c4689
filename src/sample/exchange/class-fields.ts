/** Properties of items that are no mail: ContactItemType, TaskType, CalendarItemType, MeetingRequestMessageType. */
import type { Field } from './item-xml.ts';
import type { ItemDetails, ItemRecord } from './model.ts';
import { around, element, mailboxXml, time } from './xml-parts.ts';

type Details<Kind extends ItemDetails['kind']> = Extract<ItemDetails, { readonly kind: Kind }>;

/** Nothing for an item that a client made without details. */
const of =
  <Kind extends ItemDetails['kind']>(kind: Kind, write: (details: Details<Kind>, item: ItemRecord) => string): Field[1] =>
  (item) =>
    item.details?.kind === kind ? write(item.details as Details<Kind>, item) : '';

export const contactFields: readonly Field[] = [
  ['contacts:DisplayName', of('contact', (_, { content }) => element('DisplayName', content.subject))],
  ['contacts:GivenName', of('contact', ({ given }) => element('GivenName', given))],
  ['contacts:CompanyName', of('contact', ({ company }) => element('CompanyName', company))],
  ['contacts:EmailAddresses', of('contact', ({ addresses }) => around('EmailAddresses', entries('EmailAddress', addresses)))],
  ['contacts:PhoneNumbers', of('contact', ({ phone }) => `<t:PhoneNumbers>${element('Entry', phone).replace('<t:Entry>', '<t:Entry Key="BusinessPhone">')}</t:PhoneNumbers>`)],
  ['contacts:JobTitle', of('contact', ({ jobTitle }) => element('JobTitle', jobTitle))],
  ['contacts:Surname', of('contact', ({ surname }) => element('Surname', surname))],
];

const entries = (key: string, values: readonly string[]): string =>
  values.slice(0, 3).map((value, index) => element('Entry', value).replace('<t:Entry>', `<t:Entry Key="${key}${index + 1}">`)).join('');

export const taskFields: readonly Field[] = [
  ['task:DueDate', of('task', ({ dueAt }) => element('DueDate', time(dueAt)))],
  ['task:IsComplete', of('task', ({ status }) => element('IsComplete', status === 'Completed'))],
  ['task:PercentComplete', of('task', ({ percent }) => element('PercentComplete', percent))],
  ['task:Status', of('task', ({ status }) => element('Status', status))],
];

const attendees: Field = [
  'calendar:RequiredAttendees',
  of('meeting', (meeting) => around('RequiredAttendees', meeting.attendees.map((one) => around('Attendee', mailboxXml(one) + element('ResponseType', 'Unknown'))).join(''))),
];
const when: readonly Field[] = [
  ['calendar:Start', of('meeting', ({ startsAt }) => element('Start', time(startsAt)))],
  ['calendar:End', of('meeting', ({ endsAt }) => element('End', time(endsAt)))],
  ['calendar:IsAllDayEvent', of('meeting', () => element('IsAllDayEvent', false))],
  ['calendar:LegacyFreeBusyStatus', of('meeting', () => element('LegacyFreeBusyStatus', 'Busy'))],
  ['calendar:Location', of('meeting', ({ place }) => element('Location', place))],
  ['calendar:CalendarItemType', of('meeting', () => element('CalendarItemType', 'Single'))],
  ['calendar:Organizer', of('meeting', ({ organizer }) => around('Organizer', mailboxXml(organizer)))],
  attendees,
];

export const meetingFields: readonly Field[] = [['calendar:UID', of('meeting', ({ uid }) => element('UID', uid))], ...when];
export const meetingRequestFields: readonly Field[] = [
  ['meetingRequest:MeetingRequestType', of('meeting', () => element('MeetingRequestType', 'NewMeetingRequest'))],
  ...when,
];
