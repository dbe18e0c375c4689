import { FILES, sampleFile } from './files.ts';
import { GeneratedMailbox } from './generated.ts';
import { itemMime } from './item-mime.ts';
import type { ItemRecord } from './model.ts';

const owner = { address: 'ada@tarnwick.example', displayName: 'Ada Example', guid: '7f3b1c52-7f0e-4f6e-9f0e-0a5a3f2f1a01' };
const MESSAGES = 4000;
const mailbox = new GeneratedMailbox({ owner, seed: 'mail', messages: MESSAGES, correspondents: [{ name: 'Bob Example', address: 'bob@tarnwick.example' }] });
const items = Array.from({ length: MESSAGES }, (_, index) => mailbox.item(index + 1)).filter((item) => item !== undefined);
const mime = (item: ItemRecord) => Buffer.concat([...itemMime(item)]).toString('latin1');
const some = (fits: (item: ItemRecord) => boolean): ItemRecord => {
  const found = items.find(fits);
  if (found === undefined) throw new Error('none is like that');
  return found;
};
const ofClass = (itemClass: string) => some((item) => item.itemClass === itemClass);

test('it holds items of all classes', () => {
  expect(new Set(items.map(({ itemClass }) => itemClass))).toEqual(
    new Set([
      'IPM.Note', 'IPM.Appointment', 'IPM.Contact', 'IPM.Task', 'IPM.StickyNote', 'IPM.Post', 'IPM.Schedule.Meeting.Request', 'REPORT.IPM.Note.NDR',
      'IPM.Note.EnterpriseVault.Shortcut', 'IPM.Note.SMIME.MultipartSigned',
    ]),
  );
});

test('mail is as mail is: threads, odd charsets, missing and doubled Message-IDs, control characters, messages in messages, inline pictures, empty files', () => {
  const mail = items.filter(({ itemClass }) => itemClass === 'IPM.Note');
  const ids = mail.flatMap(({ content: { messageId } }) => messageId ?? []);
  expect(ids.length).toBeLessThan(mail.length);
  expect(new Set(ids).size).toBeLessThan(ids.length);
  const reply = some(({ content }) => content.references.length > 2 && ids.includes(content.inReplyTo ?? ''));
  expect(reply.content.references.at(-1)).toBe(reply.content.inReplyTo);
  expect(new Set(mail.map(({ content: { charset } }) => charset)).size).toBeGreaterThan(6);
  some(({ content: { subject } }) => /[\u0000-\u001f]/.test(subject));
  expect(mime(some(({ content }) => content.attachments.some(({ kind }) => kind === 'message')))).toContain('Content-Type: message/rfc822');
  const inline = some(({ content }) => content.html !== undefined && content.attachments.some((part) => part.kind === 'file' && part.inline !== undefined));
  expect(mime(inline)).toContain('multipart/related');
  expect(mime(some(({ content }) => content.attachments.some((part) => part.kind === 'file' && part.size === 0)))).toContain('size=0');
});

test('a text is written in its charset', () => {
  const text = (charset: string) => {
    const item = some(({ itemClass, content }) => itemClass === 'IPM.Note' && content.charset === charset && content.html === undefined && content.attachments.length === 0);
    const body = mime(item).split('\r\n\r\n')[1] ?? '';
    return [new TextDecoder(charset).decode(Buffer.from(body, 'base64')), item.content.text];
  };
  for (const charset of ['iso-8859-1', 'iso-8859-2', 'windows-1252', 'koi8-r', 'shift_jis', 'utf-8']) {
    const [written, given] = text(charset);
    expect(written).toBe(given);
  }
});

test('boundaries are others at each read, and nothing else is; signed mail is the same bytes', () => {
  const parts = some(({ itemClass, content }) => itemClass === 'IPM.Note' && content.attachments.length > 0 && content.html !== undefined);
  const [one, two] = [mime(parts), mime(parts)];
  expect(one).not.toBe(two);
  const boundless = (text: string) => text.replace(/_000_[0-9a-f]+_/g, '');
  expect(boundless(one)).toBe(boundless(two));
  const signed = ofClass('IPM.Note.SMIME.MultipartSigned');
  expect(mime(signed)).toContain('multipart/signed');
  expect(mime(signed)).toBe(mime(signed));
});

test('contacts are vCards, appointments iCalendar, requests and reports have their parts', () => {
  expect(mime(ofClass('IPM.Contact'))).toMatch(/^BEGIN:VCARD\r\n/);
  expect(mime(ofClass('IPM.Appointment'))).toMatch(/^BEGIN:VCALENDAR\r\nMETHOD:PUBLISH/);
  expect(mime(ofClass('IPM.Schedule.Meeting.Request'))).toContain('text/calendar; method=REQUEST');
  expect(mime(ofClass('REPORT.IPM.Note.NDR'))).toContain('Content-Type: message/delivery-status');
});

test('office files are zips with what their kind needs, and few', () => {
  const files = Array.from({ length: FILES }, (_, number) => sampleFile(number)).filter(({ bytes }) => bytes.length > 0);
  for (const { name, bytes } of files.filter(({ name: given }) => /\.(?:docx|xlsx)$/.test(given))) {
    expect(bytes.readUInt32LE(0)).toBe(0x04034b50);
    const end = bytes.length - 22;
    expect(bytes.readUInt32LE(end)).toBe(0x06054b50);
    // The directory is where the end says.
    expect(bytes.readUInt32LE(bytes.readUInt32LE(end + 16))).toBe(0x02014b50);
    expect(bytes.readUInt32LE(end + 16) + bytes.readUInt32LE(end + 12)).toBe(end);
    expect(bytes.includes(name.endsWith('docx') ? 'word/document.xml' : 'xl/workbook.xml')).toBe(true);
  }
});

test('a large message is made as it is read, and says its size', () => {
  const bytes = 100 * 1024 * 1024;
  const large = new GeneratedMailbox({ owner, seed: 'mail', messages: 100, correspondents: [], large: bytes });
  const inbox = large.range(2);
  const item = large.item((inbox?.to ?? 0) - 1);
  if (item === undefined) throw new Error('no item');
  expect(item.size).toBeGreaterThan(bytes);
  let [length, largest] = [0, 0];
  for (const piece of itemMime({ ...item, itemClass: 'IPM.Note' })) {
    length += piece.length;
    largest = Math.max(largest, piece.length);
  }
  expect(length).toBeGreaterThan(bytes * 1.3);
  expect(largest).toBeLessThan(1024 * 1024);
});
