/** Security identifiers: MS-DTYP 2.4.2. */

/** `S-1-5-21-…` → bytes; undefined when the text is none. */
export function sidBytes(text: string): Buffer | undefined {
  if (!/^S-1-\d{1,15}(-\d{1,10}){0,15}$/i.test(text)) return undefined;
  const [authority = 0, ...parts] = text.split('-').slice(2).map(Number);
  const bytes = Buffer.alloc(8 + 4 * parts.length);
  bytes[0] = 1;
  bytes[1] = parts.length;
  bytes.writeUIntBE(authority, 2, 6);
  if (parts.some((part) => part > 0xffff_ffff)) return undefined;
  parts.forEach((part, i) => bytes.writeUInt32LE(part, 8 + 4 * i));
  return bytes;
}

/** Bytes → `S-1-5-21-…`. */
export function sidText(bytes: Buffer): string {
  const parts = Array.from({ length: bytes[1] ?? 0 }, (_, i) => bytes.readUInt32LE(8 + 4 * i));
  return ['S', bytes[0] ?? 1, bytes.readUIntBE(2, 6), ...parts].join('-');
}
