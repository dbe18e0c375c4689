/** objectGUID: the first three groups are little-endian in the bytes (MS-DTYP 2.3.4). */
import { createHash } from 'node:crypto';

const swap = (bytes: Buffer): Buffer => {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return Buffer.from(order.map((from) => bytes[from] ?? 0));
};

/** The same version-4 GUID for the same seed, in the byte order of AD. */
export function guidFrom(seed: string): Buffer {
  const bytes = Buffer.from(createHash('sha256').update(seed).digest().subarray(0, 16));
  bytes[7] = ((bytes[7] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

/** Canonical lower-case text. */
export const guidText = (bytes: Buffer): string =>
  swap(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** From canonical text, or from 32 hexadecimal digits in the byte order of AD; undefined when it is neither. */
export function guidBytes(text: string): Buffer | undefined {
  if (/^[0-9a-f]{32}$/i.test(text)) return Buffer.from(text, 'hex');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return undefined;
  return swap(Buffer.from(text.replaceAll('-', ''), 'hex'));
}
