/** What people of the sample organisation write: invented, short, in several languages and charsets, with what mail really holds. */
import type { Random } from '../organisation/random.ts';
import { fileBytes, fileTypes } from './files.ts';
import type { Address, Attachment, ItemContent } from './model.ts';

export interface Correspondence {
  readonly owner: Address;
  readonly others: readonly Address[];
  readonly at: Date;
  readonly uid: number;
  readonly sent: boolean;
}

const subjects: readonly (readonly [subject: string, text: string, charset: string])[] = [
  ['Minutes of Monday’s meeting', 'Please find the minutes below.\r\n\r\n1. Line 3 is back in production.\r\n2. The audit is moved to May.\r\n', 'utf-8'],
  ['Lieferung verzögert sich', 'Guten Tag,\r\n\r\ndie Lieferung trifft erst am Donnerstag ein. Bitte die Schicht umplanen.\r\n\r\nMit freundlichen Grüßen\r\n', 'iso-8859-1'],
  ['Angebot 2025-118', 'anbei das überarbeitete Angebot.\r\n', 'windows-1252'],
  ['Réunion du comité', 'Bonjour à tous,\r\n\r\nla réunion est avancée à 9 h.\r\n', 'utf-8'],
  ['Zażółć gęślą jaźń', 'Dzień dobry,\r\n\r\nprzesyłam raport.\r\n', 'iso-8859-2'],
  ['お見積りの件', 'お世話になっております。\r\n見積書を添付いたします。\r\n', 'utf-8'],
  ['Invoice 40017', 'The invoice is attached. Payment within thirty days.\r\n', 'us-ascii'],
  ['Canteen menu', 'Monday: soup. Tuesday: pasta. Wednesday: curry 🍛.\r\n', 'utf-8'],
  ['Drawing T-4471 rev C', 'Revision C of the drawing, with the tolerance that production asked for.\r\n', 'utf-8'],
  ['', '', 'us-ascii'],
];

export interface Written {
  readonly itemClass: string;
  readonly content: ItemContent;
  readonly size: number;
}

/** A message, or what a folder of this class holds. */
export function writeMessage(random: Random, about: Correspondence, folderClass: string): Written {
  const [subject, text, charset] = random.pick(subjects);
  const reply = random.chance(0.35) && subject !== '';
  const other = about.others.length === 0 ? about.owner : random.pick(about.others);
  const attachments = attach(random, about.uid);
  const withHtml = random.chance(0.7) && text !== '';
  const thread = `<${subject.length}.${Math.floor(about.uid / 5)}@${domainOf(about.owner)}>`;
  const content: ItemContent = {
    subject: decorate(random, reply ? `${random.pick(['RE', 'AW', 'FW'])}: ${subject}` : subject),
    from: about.sent ? about.owner : other,
    to: about.sent ? [other] : [about.owner],
    cc: random.chance(0.2) && about.others.length > 0 ? [random.pick(about.others)] : [],
    bcc: [],
    sentAt: about.at,
    // Some programs write none, and some the same twice.
    messageId: random.chance(0.01) ? undefined : random.chance(0.01) ? thread : `<${about.uid}.${about.at.getTime()}@${domainOf(other)}>`,
    inReplyTo: reply ? thread : undefined,
    references: reply ? [thread] : [],
    text,
    html: withHtml ? `<html><body><p>${text.replaceAll('\r\n', '<br>\r\n')}</p>${inlineImages(attachments)}</body></html>` : undefined,
    charset,
    attachments,
  };
  return { itemClass: classOf(random, folderClass), content, size: sizeOf(content) };
}

const domainOf = ({ address }: Address): string => address.slice(address.indexOf('@') + 1);

const classOf = (random: Random, folderClass: string): string => {
  if (folderClass === 'IPF.Contact') return 'IPM.Contact';
  if (folderClass === 'IPF.Task') return 'IPM.Task';
  if (folderClass === 'IPF.StickyNote') return 'IPM.StickyNote';
  if (random.chance(0.03)) return random.pick(['IPM.Schedule.Meeting.Request', 'REPORT.IPM.Note.NDR', 'IPM.Note.EnterpriseVault.Shortcut', 'IPM.Post']);
  return 'IPM.Note';
};

/** Control characters get into subjects by careless programs; Exchange keeps them. */
const decorate = (random: Random, subject: string): string => (random.chance(0.01) ? `${subject}\u001f\u000b` : subject);

function attach(random: Random, uid: number): Attachment[] {
  if (!random.chance(0.25)) return [];
  const type = random.pick(fileTypes);
  const size = random.chance(0.02) ? 0 : 500 + random.below(60_000);
  const inline = type.contentType.startsWith('image/') && random.chance(0.5);
  return [
    {
      kind: 'file',
      name: `${random.pick(type.names)}.${type.extension}`,
      contentType: type.contentType,
      // Few different files, sent around a lot.
      bytes: () => fileBytes(`${type.extension} ${uid % 50}`, size),
      size,
      ...(inline ? { inline: `image${uid}@sample` } : {}),
    },
  ];
}

const inlineImages = (attachments: readonly Attachment[]): string =>
  attachments.flatMap((part) => (part.kind === 'file' && part.inline !== undefined ? [`<img src="cid:${part.inline}">`] : [])).join('');

/** About what Exchange counts: text, headers and attachments. */
export const sizeOf = (content: ItemContent): number =>
  1500 +
  2 * (content.subject.length + (content.text?.length ?? 0)) +
  (content.html?.length ?? 0) +
  content.attachments.reduce((sum, part) => sum + (part.kind === 'file' ? part.size : sizeOf(part.message)), 0);
