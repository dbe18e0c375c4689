/** Bytes of attached files: repeatable, so that the same file sent twice is the same, and made in pieces. */
import { createHash } from 'node:crypto';

export const fileTypes: readonly { readonly extension: string; readonly contentType: string; readonly names: readonly string[]; readonly magic: string }[] = [
  { extension: 'pdf', contentType: 'application/pdf', names: ['Angebot 2025', 'Invoice 40017', 'Zeichnung T-4471 (Rev C)'], magic: '%PDF-1.7\n' },
  { extension: 'docx', contentType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', names: ['Protokoll', 'Report é'], magic: 'PK\u0003\u0004' },
  { extension: 'xlsx', contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', names: ['Budget', '見積書'], magic: 'PK\u0003\u0004' },
  { extension: 'png', contentType: 'image/png', names: ['logo', 'Screenshot 1'], magic: '\u0089PNG\r\n' },
  { extension: 'txt', contentType: 'text/plain', names: ['notes'], magic: '' },
];

const PIECE = 64 * 1024;

/** `size` bytes that follow from `seed`. */
export function* fileBytes(seed: string, size: number): Generator<Buffer> {
  const magic = Buffer.from(fileTypes.find(({ extension }) => seed.startsWith(extension))?.magic ?? '', 'latin1');
  const block = Buffer.concat(
    Array.from({ length: PIECE / 64 }, (_, index) => createHash('sha512').update(`${seed} ${index}`).digest()),
  );
  for (let at = 0; at < size; at += PIECE) {
    const piece = Buffer.from(block.subarray(0, Math.min(PIECE, size - at)));
    if (at === 0) magic.copy(piece, 0, 0, Math.min(magic.length, piece.length));
    // No two pieces are the same.
    if (piece.length >= 4) piece.writeUInt32BE(at, piece.length - 4);
    yield piece;
  }
}
