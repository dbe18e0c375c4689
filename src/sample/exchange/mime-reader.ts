/** What a client brings as MIME: what its header says, and the bytes as they are. */
import type { Address, ItemContent } from './model.ts';

export function readMessage(mime: Buffer): ItemContent {
  const text = mime.toString('latin1');
  const end = /\r?\n\r?\n/.exec(text);
  const header = fields(text.slice(0, end?.index ?? text.length));
  const sentAt = new Date(header.get('date') ?? Number.NaN);
  return {
    subject: header.get('subject') ?? '',
    from: list(header.get('from'))[0],
    to: list(header.get('to')),
    cc: list(header.get('cc')),
    bcc: [],
    sentAt: Number.isNaN(sentAt.getTime()) ? undefined : sentAt,
    messageId: header.get('message-id'),
    inReplyTo: header.get('in-reply-to'),
    references: header.get('references')?.split(/\s+/) ?? [],
    text: text.slice(end === null ? text.length : end.index + end[0].length),
    html: undefined,
    charset: 'utf-8',
    attachments: [],
    raw: () => [mime],
  };
}

/** The first field of each name, unfolded and decoded (RFC 5322 §2.2.3, RFC 2047). */
function fields(header: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of header.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    if (at > 0 && !found.has(name)) found.set(name, decoded(line.slice(at + 1).trim()));
  }
  return found;
}

const decoded = (value: string): string =>
  value.replace(/=\?([^?*]+)[^?]*\?([BbQq])\?([^?]*)\?=(?:\s+(?==\?))?/g, (_, charset: string, encoding: string, given: string) => {
    const bytes =
      encoding.toUpperCase() === 'B'
        ? Buffer.from(given, 'base64')
        : Buffer.from(given.replaceAll('_', ' ').replace(/=([0-9A-F]{2})/gi, (__, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1');
    return new TextDecoder(charset).decode(bytes);
  });

/** Addresses without groups and comments: as far as clients write them. */
const list = (value: string | undefined): Address[] =>
  (value?.match(/(?:"[^"]*"|[^,"])+/g) ?? []).map((one) => {
    const [, name = '', address = one] = /^\s*"?([^"<]*?)"?\s*<([^>]*)>/.exec(one) ?? [];
    return { name, address: address.trim() };
  });
