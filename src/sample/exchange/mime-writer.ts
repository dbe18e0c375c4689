/**
 * Items as MIME, written anew at each read with other boundaries, as Exchange does: the same item is never the same bytes twice, and
 * its parts always are.
 */
import { randomBytes } from 'node:crypto';
import type { Address, Attachment, ItemContent } from './model.ts';

/** The message in pieces of any size. */
export function* writeMime(content: ItemContent): Generator<Buffer> {
  yield text(headers(content));
  yield* body(content);
}

function headers({ subject, from, to, cc, sentAt, messageId, inReplyTo, references }: ItemContent): string {
  const lines: string[] = [];
  if (from !== undefined) lines.push(`From: ${address(from)}`);
  if (to.length > 0) lines.push(`To: ${to.map(address).join(',\r\n ')}`);
  if (cc.length > 0) lines.push(`CC: ${cc.map(address).join(',\r\n ')}`);
  lines.push(`Subject: ${word(subject)}`);
  if (sentAt !== undefined) lines.push(`Date: ${sentAt.toUTCString().replace('GMT', '+0000')}`);
  if (messageId !== undefined) lines.push(`Message-ID: ${messageId}`);
  if (inReplyTo !== undefined) lines.push(`In-Reply-To: ${inReplyTo}`);
  if (references.length > 0) lines.push(`References: ${references.join(' ')}`);
  lines.push('MIME-Version: 1.0');
  return `${lines.join('\r\n')}\r\n`;
}

const address = ({ name, address: smtp }: Address): string => (name === '' ? smtp : `${word(name)} <${smtp}>`);

/** RFC 2047. Control characters are in no header. */
function word(given: string): string {
   
  const plain = given.replace(/[\u0000-\u001f]/g, '');
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.includes(',') || plain.includes('"') ? `"${plain.replaceAll('"', '\\"')}"` : plain;
  return `=?utf-8?B?${Buffer.from(plain, 'utf8').toString('base64')}?=`;
}

function* body(content: ItemContent): Generator<Buffer> {
  const inline = content.attachments.filter((part) => part.kind === 'file' && part.inline !== undefined);
  const others = content.attachments.filter((part) => !inline.includes(part));
  if (others.length > 0) yield* multipart('mixed', [() => shown(content, inline), ...others.map((part) => () => attachment(part))]);
  else yield* shown(content, inline);
}

function* shown(content: ItemContent, inline: readonly Attachment[]): Generator<Buffer> {
  if (inline.length > 0) yield* multipart('related', [() => alternatives(content), ...inline.map((part) => () => attachment(part))]);
  else yield* alternatives(content);
}

function* alternatives({ text: plain, html, charset }: ItemContent): Generator<Buffer> {
  const parts = [
    ...(plain === undefined && html !== undefined ? [] : [() => textPart('plain', plain ?? '', charset)]),
    ...(html === undefined ? [] : [() => textPart('html', html, charset)]),
  ];
  if (parts.length > 1) yield* multipart('alternative', parts);
  else for (const part of parts) yield* part();
}

function* multipart(kind: string, parts: readonly (() => Generator<Buffer>)[]): Generator<Buffer> {
  const boundary = `_000_${randomBytes(12).toString('hex')}_`;
  yield text(`Content-Type: multipart/${kind};\r\n\tboundary="${boundary}"\r\n\r\n`);
  for (const part of parts) {
    yield text(`--${boundary}\r\n`);
    yield* part();
    yield text('\r\n');
  }
  yield text(`--${boundary}--\r\n`);
}

function* textPart(kind: string, written: string, charset: string): Generator<Buffer> {
  const bytes = encode(written, charset);
  yield text(`Content-Type: text/${kind}; charset="${charset}"\r\nContent-Transfer-Encoding: base64\r\n\r\n`);
  yield* base64([bytes]);
}

function* attachment(part: Attachment): Generator<Buffer> {
  if (part.kind === 'message') {
    yield text(`Content-Type: message/rfc822\r\nContent-Disposition: attachment;\r\n\tfilename="${part.name}"\r\n\r\n`);
    yield* writeMime(part.message);
    return;
  }
  const name = word(part.name);
  yield text(
    `Content-Type: ${part.contentType}; name="${name}"\r\n` +
      `Content-Disposition: ${part.inline === undefined ? 'attachment' : 'inline'}; filename="${name}"; size=${part.size}\r\n` +
      `${part.inline === undefined ? '' : `Content-ID: <${part.inline}>\r\n`}Content-Transfer-Encoding: base64\r\n\r\n`,
  );
  yield* base64(part.bytes());
}

/** Lines of 76 characters are 57 bytes. */
const LINE = 57;

function* base64(pieces: Iterable<Buffer>): Generator<Buffer> {
  let rest = Buffer.alloc(0);
  for (const piece of pieces) {
    const all = Buffer.concat([rest, piece]);
    const whole = all.length - (all.length % LINE);
    rest = all.subarray(whole);
    if (whole > 0) yield lines(all.subarray(0, whole));
  }
  if (rest.length > 0) yield lines(rest);
}

function lines(bytes: Buffer): Buffer {
  const written: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE) written.push(bytes.toString('base64', at, Math.min(at + LINE, bytes.length)));
  return text(`${written.join('\r\n')}\r\n`);
}

const text = (ascii: string): Buffer => Buffer.from(ascii, 'utf8');

/** Single-byte charsets that TextEncoder does not write: by asking TextDecoder what each byte means. */
function encode(written: string, charset: string): Buffer {
  if (charset === 'utf-8' || charset === 'us-ascii') return Buffer.from(written, 'utf8');
  let table = tables.get(charset);
  if (table === undefined) {
    const decoder = new TextDecoder(charset);
    table = new Map(Array.from({ length: 256 }, (_, byte) => [decoder.decode(Uint8Array.of(byte)), byte]));
    tables.set(charset, table);
  }
  const known = table;
  return Buffer.from([...written].map((character) => known.get(character) ?? 0x3f));
}
const tables = new Map<string, Map<string, number>>();
