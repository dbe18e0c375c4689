/** What Exchange gives as the MIME of an item: of contacts a vCard (RFC 6350), of appointments iCalendar (RFC 5545), of all others a message. */
import { iCalendar } from './i-calendar.ts';
import { writeMime } from './mime-writer.ts';
import type { ItemDetails, ItemRecord } from './model.ts';

export function itemMime({ itemClass, content, details }: Pick<ItemRecord, 'itemClass' | 'content' | 'details'>): Iterable<Buffer> {
  if (details?.kind === 'contact') return [Buffer.from(vCard(content.subject, details))];
  if (details?.kind === 'meeting' && itemClass.startsWith('IPM.Appointment')) return [Buffer.from(iCalendar('PUBLISH', content.subject, details))];
  return writeMime(content);
}

const vCard = (name: string, { given, surname, company, jobTitle, addresses, phone }: Extract<ItemDetails, { readonly kind: 'contact' }>): string =>
  [
    'BEGIN:VCARD', 'PROFILE:VCARD', 'VERSION:3.0', 'MAILER:Microsoft Exchange', `FN:${name}`, `N:${surname};${given};;;`, `ORG:${company};`, `TITLE:${jobTitle}`,
    ...addresses.map((address) => `EMAIL;TYPE=INTERNET:${address}`),
    ...(phone === '' ? [] : [`TEL;TYPE=WORK:${phone}`]),
    'END:VCARD', '',
  ].join('\r\n');
