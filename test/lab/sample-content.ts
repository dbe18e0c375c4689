/** What is in the sample Exchange's items, told by a plain reader of MIME that shares nothing with the archive's. Holds a message whole. */
import { createHash } from 'node:crypto';
import { itemMime } from '../../src/sample/exchange/item-mime.ts';
import type { ItemRecord } from '../../src/sample/exchange/model.ts';

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** Digest of version 1, in hex. */
export const digestOfSample = (item: Pick<ItemRecord, 'itemClass' | 'content' | 'details'>): string => digestOf(Buffer.concat([...itemMime(item)]).toString('latin1'));

/** `message`: a character a byte. */
function digestOf(message: string): string {
  const [object] = /^BEGIN:V(?:CARD|CALENDAR)/.exec(message) ?? [];
  const leaves = object === undefined ? leavesOf(message) : [`${object.endsWith('CARD') ? 'text/vcard' : 'text/calendar'} ${sha256(Buffer.from(message, 'latin1'))}`];
  return sha256(`lockstep-content-1\n${leaves.map((leaf) => `${leaf}\n`).join('')}`);
}

/** A line for each leaf part: its type and the hash of its decoded bytes. RFC 2045, 2046. */
function leavesOf(entity: string): string[] {
  const end = entity.startsWith('\r\n') ? 0 : entity.indexOf('\r\n\r\n');
  const head = end < 0 ? entity : entity.slice(0, end);
  const body = end < 0 ? '' : entity.slice(end === 0 ? 2 : end + 4);
  const header = (name: string): string => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(head.replaceAll(/\r\n[ \t]+/g, ' '))?.[1] ?? '';
  const type = /^[^;\s]+/.exec(header('Content-Type'))?.[0].toLowerCase() ?? 'text/plain';
  if (type.startsWith('multipart/')) {
    const boundary = /boundary="([^"]+)"/i.exec(header('Content-Type'))?.[1] ?? '';
    const parts = `\r\n${body}`.split(`\r\n--${boundary}`);
    return parts.slice(1, parts.findIndex((part) => part.startsWith('--'))).flatMap((part) => leavesOf(part.replace(/^[ \t]*\r\n/, '')));
  }
  if (type === 'message/rfc822') return [`${type} ${digestOf(body)}`];
  const decoded = /base64/i.test(header('Content-Transfer-Encoding')) ? Buffer.from(body, 'base64') : Buffer.from(body, 'latin1');
  return [`${type} ${sha256(decoded)}`];
}
