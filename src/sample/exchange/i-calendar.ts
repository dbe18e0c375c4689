import type { ItemDetails } from './model.ts';

/** One meeting as iCalendar (RFC 5545). */
export const iCalendar = (
  method: 'PUBLISH' | 'REQUEST',
  subject: string,
  { uid, startsAt, endsAt, place, organizer, attendees }: Extract<ItemDetails, { readonly kind: 'meeting' }>,
): string =>
  [
    'BEGIN:VCALENDAR', `METHOD:${method}`, 'PRODID:Microsoft Exchange Server 2010', 'VERSION:2.0', 'BEGIN:VEVENT',
    `ORGANIZER;CN=${organizer.name}:mailto:${organizer.address}`,
    ...attendees.map(({ name, address }) => `ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;CN=${name}:mailto:${address}`),
    `UID:${uid}`, `SUMMARY:${subject.replace(/[,;\\]/g, '\\$&')}`, `DTSTART:${utc(startsAt)}`, `DTEND:${utc(endsAt)}`, `LOCATION:${place}`,
    'END:VEVENT', 'END:VCALENDAR', '',
  ].join('\r\n');

const utc = (at: Date): string => at.toISOString().replace(/[-:]|\.\d+/g, '');
