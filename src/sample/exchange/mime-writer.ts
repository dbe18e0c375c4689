/**
 * Items as MIME, written anew at each read with other boundaries, as Exchange does: the same item is never the same bytes twice, and
 * its parts always are.
 */
import { randomBytes } from 'node:crypto';
import { fileBytes } from './files.ts';
import type { Address, Attachment, ItemContent } from './model.ts';

/** The message in pieces of any size. */
export function* writeMime(content: ItemContent): Generator<Buffer> {
  if (content.raw !== undefined) {
    yield* content.raw();
    return;
  }
  yield text(headers(content));
  yield* body(content);
}

/**
 * Mail that its sender signed (RFC 8551 §3.5.3): what a signature covers is kept to the byte, so these are the same bytes each time. Nobody's
 * certificate stands behind the signature.
 */
export function* signedMime(content: ItemContent, seed: string): Generator<Buffer> {
  const boundary = `----=_NextPart_${Buffer.from(seed).toString('hex').slice(-24)}`;
  yield text(
    `${headers(content)}Content-Type: multipart/signed; protocol="application/x-pkcs7-signature"; micalg=SHA-256;\r\n\tboundary="${boundary}"\r\n\r\n` +
      `This is a multi-part message in MIME format.\r\n\r\n--${boundary}\r\n`,
  );
  yield* textPart('plain', content.text ?? '', content.charset);
  yield text(`\r\n--${boundary}\r\nContent-Type: application/x-pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n\r\n`);
  yield* base64(fileBytes(`signature ${seed}`, 1800));
  yield text(`\r\n--${boundary}--\r\n`);
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
  const { report } = content;
  if (report !== undefined) {
    yield* multipart('report; report-type=delivery-status', [
      () => textPart('plain', `Your message did not reach ${report.recipient}.\r\n`, 'us-ascii'),
      () => textPart('rfc822-headers', headers(content), 'us-ascii'),
      () => deliveryStatus(report),
    ]);
    return;
  }
  const inline = content.attachments.filter((part) => part.kind === 'file' && part.inline !== undefined);
  const others = content.attachments.filter((part) => !inline.includes(part));
  if (others.length > 0) yield* multipart('mixed', [() => shown(content, inline), ...others.map((part) => () => attachment(part))]);
  else yield* shown(content, inline);
}

function* shown(content: ItemContent, inline: readonly Attachment[]): Generator<Buffer> {
  if (inline.length > 0) yield* multipart('related', [() => alternatives(content), ...inline.map((part) => () => attachment(part))]);
  else yield* alternatives(content);
}

/** RFC 3464. */
function* deliveryStatus({ recipient, diagnostic }: NonNullable<ItemContent['report']>): Generator<Buffer> {
  yield text(
    'Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;mail.tarnwick.example\r\n\r\n' +
      `Final-recipient: RFC822;${recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: ${diagnostic}\r\n`,
  );
}

function* alternatives({ text: plain, html, charset, calendar }: ItemContent): Generator<Buffer> {
  const parts = [
    ...(plain === undefined && html !== undefined ? [] : [() => textPart('plain', plain ?? '', charset)]),
    ...(html === undefined ? [] : [() => textPart('html', html, charset)]),
    ...(calendar === undefined ? [] : [() => textPart('calendar; method=REQUEST', calendar, 'utf-8')]),
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
    yield text(`Content-Type: message/rfc822\r\nContent-Disposition: attachment;\r\n\tfilename="${word(part.name)}"\r\n\r\n`);
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

/** Charsets that TextEncoder does not write: by asking TextDecoder what each byte, or each two, mean. */
function encode(written: string, charset: string): Buffer {
  if (charset === 'utf-8' || charset === 'us-ascii') return Buffer.from(written, 'utf8');
  let table = tables.get(charset);
  if (table === undefined) {
    const decoder = new TextDecoder(charset);
    const codes = charset === 'shift_jis' ? [...doubleBytes(), ...singleBytes] : singleBytes;
    table = new Map(codes.map((code) => [decoder.decode(code), code]));
    tables.set(charset, table);
  }
  const known = table;
  return Buffer.concat([...written].map((character) => known.get(character) ?? Uint8Array.of(0x3f)));
}
const tables = new Map<string, Map<string, Uint8Array>>();
const singleBytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
function* doubleBytes(): Generator<Uint8Array> {
  for (let lead = 0x81; lead <= 0xfc; lead += 1) for (let trail = 0x40; trail <= 0xfc; trail += 1) yield Uint8Array.of(lead, trail);
}
