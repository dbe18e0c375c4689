/** What is in the sample Exchange's messages, told without reading their MIME. */
import { createHash } from 'node:crypto';
import type { ItemContent } from '../../src/sample/exchange/model.ts';

const sha256 = (pieces: Iterable<Buffer>): string => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
};

/** Digest of version 1, in hex. */
export function digestOfSample(content: ItemContent): string {
  const lines = leaves(content).map(([type, hash]) => `${type} ${hash}\n`);
  return sha256([Buffer.from(`lockstep-content-1\n${lines.join('')}`)]);
}

/** Content type and hash of each leaf part, in the order of the message. */
function leaves({ text, html, charset, attachments }: ItemContent): (readonly [type: string, hash: string])[] {
  const inline = attachments.filter((part) => part.kind === 'file' && part.inline !== undefined);
  const texts = [
    ...(text === undefined && html !== undefined ? [] : [['text/plain', sha256([encoded(text ?? '', charset)])] as const]),
    ...(html === undefined ? [] : [['text/html', sha256([encoded(html, charset)])] as const]),
  ];
  return [
    ...texts,
    ...[...inline, ...attachments.filter((part) => !inline.includes(part))].map((part) =>
      part.kind === 'file' ? ([part.contentType.toLowerCase(), sha256(part.bytes())] as const) : (['message/rfc822', digestOfSample(part.message)] as const),
    ),
  ];
}

function encoded(text: string, charset: string): Buffer {
  if (charset === 'utf-8' || charset === 'us-ascii') return Buffer.from(text, 'utf8');
  const decoder = new TextDecoder(charset);
  const bytes = new Map(Array.from({ length: 256 }, (_, byte) => [decoder.decode(Uint8Array.of(byte)), byte]));
  return Buffer.from([...text].map((character) => bytes.get(character) ?? 0x3f));
}
