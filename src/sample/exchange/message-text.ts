/** What people of the sample organisation write: invented, short, in several languages and charsets, with what mail really holds. */
import { Random } from '../organisation/random.ts';
import { fileBytes, FILES, sampleFile } from './files.ts';
import { iCalendar } from './i-calendar.ts';
import { signedMime } from './mime-writer.ts';
import type { Address, Attachment, ItemContent, ItemDetails } from './model.ts';

export interface Correspondence {
  readonly owner: Address;
  readonly others: readonly Address[];
  readonly at: Date;
  readonly uid: number;
  readonly sent: boolean;
  /** Bytes of a file that is attached. */
  readonly large?: number | undefined;
}

const subjects: readonly (readonly [subject: string, text: string, charset: string])[] = [
  ['Minutes of Monday’s meeting', 'Please find the minutes below.\r\n\r\n1. Line 3 is back in production.\r\n2. The audit is moved to May.\r\n', 'utf-8'],
  ['Lieferung verzögert sich', 'Guten Tag,\r\n\r\ndie Lieferung trifft erst am Donnerstag ein. Bitte die Schicht umplanen.\r\n\r\nMit freundlichen Grüßen\r\n', 'iso-8859-1'],
  ['Angebot 2025-118', 'anbei das überarbeitete Angebot.\r\n', 'windows-1252'],
  ['Réunion du comité', 'Bonjour à tous,\r\n\r\nla réunion est avancée à 9 h.\r\n', 'utf-8'],
  ['Zażółć gęślą jaźń', 'Dzień dobry,\r\n\r\nprzesyłam raport.\r\n', 'iso-8859-2'],
  ['お見積りの件', 'お世話になっております。\r\n見積書を添付いたします。\r\n', 'shift_jis'],
  ['Отгрузка 14 ноября', 'Добрый день,\r\n\r\nгруз отправлен.\r\n', 'koi8-r'],
  ['Invoice 40017', 'The invoice is attached. Payment within thirty days.\r\n', 'us-ascii'],
  ['Canteen menu', 'Monday: soup. Tuesday: pasta. Wednesday: curry 🍛.\r\n', 'utf-8'],
  ['Drawing T-4471 rev C', 'Revision C of the drawing, with the tolerance that production asked for.\r\n', 'utf-8'],
  ['', '', 'us-ascii'],
];

export interface Written {
  readonly itemClass: string;
  readonly content: ItemContent;
  readonly details?: ItemDetails;
  readonly size: number;
}

/** What a folder of this class holds. */
export function writeItem(random: Random, about: Correspondence, folderClass: string): Written {
  const written = writers[folderClass]?.(random, about) ?? writeMail(random, about);
  return { ...written, size: sizeOf(written.content) };
}

type Writer = (random: Random, about: Correspondence) => Omit<Written, 'size'>;

const writers: Readonly<Record<string, Writer>> = {
  'IPF.Contact': (random, { others, owner }) => {
    const { name, address } = others.length === 0 ? owner : random.pick(others);
    const [given = name, ...rest] = name.split(' ');
    const details = { kind: 'contact' as const, given, surname: rest.join(' '), company: random.pick(['Ostheim Logistik', 'Brightwater Metals', '']), jobTitle: '', addresses: [address], phone: `+49 000 ${random.below(10_000)}` };
    return { itemClass: 'IPM.Contact', details, content: plain(name, '') };
  },
  'IPF.Task': (random, { at }) => {
    const percent = random.pick([0, 0, 50, 100]);
    const status = percent === 100 ? 'Completed' : percent === 0 ? 'NotStarted' : 'InProgress';
    const details = { kind: 'task' as const, status, percent, dueAt: random.chance(0.5) ? new Date(at.getTime() + 7 * dayMs) : undefined } as const;
    return { itemClass: 'IPM.Task', details, content: plain(random.pick(['Count the stock', 'Angebot nachfassen', 'Renew the certificate']), 'by Friday\r\n') };
  },
  'IPF.StickyNote': (random) => {
    const note = random.pick(['Gate code: ask at the reception', 'Maße: 3 × 4 m', 'Milk']);
    return { itemClass: 'IPM.StickyNote', content: plain(note, note) };
  },
  'IPF.Appointment': (random, about) => ({ itemClass: 'IPM.Appointment', ...meeting(random, about) }),
};
const dayMs = 86_400_000;

const plain = (subject: string, text: string): ItemContent => ({
  subject, text, from: undefined, to: [], cc: [], bcc: [], sentAt: undefined, messageId: undefined, inReplyTo: undefined, references: [], html: undefined, charset: 'utf-8', attachments: [],
});

function meeting(random: Random, { at, uid, owner, others }: Correspondence): { details: Extract<ItemDetails, { kind: 'meeting' }>; content: ItemContent } {
  const startsAt = new Date(Math.ceil(at.getTime() / 1_800_000) * 1_800_000 + random.below(14) * dayMs);
  const details = {
    kind: 'meeting' as const,
    uid: `sample-${uid}-${owner.address}`,
    startsAt,
    endsAt: new Date(startsAt.getTime() + random.pick([1, 2, 4]) * 1_800_000),
    place: random.pick(['Room 1', 'Besprechungsraum Süd', 'Kantine']),
    organizer: others.length === 0 ? owner : random.pick(others),
    attendees: [owner],
  };
  return { details, content: plain(random.pick(['Weekly', 'Jour fixe Qualität', 'Audit preparation']), '') };
}

function writeMail(random: Random, about: Correspondence): Omit<Written, 'size'> {
  const content = mail(random, about);
  const kind = random.next();
  if (kind < 0.01) {
    const { details, content: asked } = meeting(random, about);
    return { itemClass: 'IPM.Schedule.Meeting.Request', details, content: { ...content, subject: asked.subject, calendar: iCalendar('REQUEST', asked.subject, details) } };
  }
  if (kind < 0.02) {
    const recipient = `unknown${about.uid}@brightwater.example`;
    return {
      itemClass: 'REPORT.IPM.Note.NDR',
      content: { ...content, subject: `Undeliverable: ${content.subject}`, html: undefined, attachments: [], report: { recipient, diagnostic: 'smtp;550 5.1.1 User unknown' } },
    };
  }
  // What archives of other makers leave behind.
  if (kind < 0.03) return { itemClass: 'IPM.Note.EnterpriseVault.Shortcut', content: { ...content, attachments: [] } };
  if (kind < 0.035) return { itemClass: 'IPM.Post', content };
  if (kind < 0.045) {
    const signed = { ...content, attachments: [] };
    return { itemClass: 'IPM.Note.SMIME.MultipartSigned', content: { ...signed, raw: () => signedMime(signed, `${about.owner.address} ${about.uid}`) } };
  }
  return { itemClass: 'IPM.Note', content };
}

/** Messages of a thread follow each other. */
const THREAD = 5;
const messageIdOf = (uid: number, { address }: Address): string => `<${uid}.sample@${address.slice(address.indexOf('@') + 1)}>`;

function mail(random: Random, about: Correspondence): ItemContent {
  const { owner, others, uid, sent, at } = about;
  const first = uid - (uid % THREAD);
  const [subject, text, charset] = new Random(`${owner.address} thread ${first}`).pick(subjects);
  const reply = uid > first && first > 0 && subject !== '';
  const other = others.length === 0 ? owner : random.pick(others);
  const attachments = attach(random, about);
  const withHtml = random.chance(0.7) && text !== '';
  return {
    subject: decorate(random, reply ? `${random.pick(['RE', 'AW', 'FW'])}: ${subject}` : subject),
    from: sent ? owner : other,
    to: sent ? [other] : [owner],
    cc: random.chance(0.2) && others.length > 0 ? [random.pick(others)] : [],
    bcc: [],
    sentAt: at,
    // Some programs write none, and some the same twice.
    messageId: random.chance(0.01) ? undefined : messageIdOf(random.chance(0.01) ? uid - 1 : uid, owner),
    inReplyTo: reply ? messageIdOf(uid - 1, owner) : undefined,
    references: reply ? Array.from({ length: uid - first }, (_, index) => messageIdOf(first + index, owner)) : [],
    text,
    html: withHtml ? `<html><body><p>${text.replaceAll('\r\n', '<br>\r\n')}</p>${inlineImages(attachments)}</body></html>` : undefined,
    charset,
    attachments,
  };
}

/** Control characters get into subjects by careless programs; Exchange keeps them. */
const decorate = (random: Random, subject: string): string => (random.chance(0.01) ? `${subject}\u001f\u000b` : subject);

function attach(random: Random, about: Correspondence): Attachment[] {
  const { uid, large } = about;
  if (large !== undefined) {
    return [{ kind: 'file', name: 'recording.bin', contentType: 'application/octet-stream', size: large, bytes: () => fileBytes(`large ${uid}`, large) }];
  }
  if (!random.chance(0.25)) return [];
  // Forwarded as a whole.
  if (random.chance(0.1)) {
    const [subject, text, charset] = random.pick(subjects);
    const message = { ...plain(subject, text), charset, from: about.owner, to: [about.owner], sentAt: about.at, messageId: `<nested.${uid}@sample.example>` };
    return [{ kind: 'message', name: subject === '' ? 'Untitled' : subject, message }];
  }
  const { name, contentType, bytes } = sampleFile(random.below(FILES));
  const inline = contentType.startsWith('image/') && random.chance(0.5);
  return [{ kind: 'file', name, contentType, bytes: () => [bytes], size: bytes.length, ...(inline ? { inline: `image${uid}@sample` } : {}) }];
}

const inlineImages = (attachments: readonly Attachment[]): string =>
  attachments.flatMap((part) => (part.kind === 'file' && part.inline !== undefined ? [`<img src="cid:${part.inline}">`] : [])).join('');

/** About what Exchange counts: text, headers and attachments. */
export const sizeOf = (content: ItemContent): number =>
  1500 +
  2 * (content.subject.length + (content.text?.length ?? 0)) +
  (content.html?.length ?? 0) +
  content.attachments.reduce((sum, part) => sum + (part.kind === 'file' ? part.size : sizeOf(part.message)), 0);
