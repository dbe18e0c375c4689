/**
 * Text of a security identifier, `S-1-5-21-…` (MS-DTYP §2.4.2.2 binary, §2.4.2.1 text). Null when it is none: revision
 * other than 1, more than 15 sub-authorities, wrong length.
 */
export function sidText(bytes: Buffer, start = 0, end = bytes.length): string | null {
  const count = bytes[start + 1] ?? 0;
  if (end - start < 8 || bytes[start] !== 1 || count > 15 || end - start !== 8 + 4 * count) return null;
  const authority = bytes.readUIntBE(start + 2, 6);
  // From 2^32 on the authority is written in hexadecimal.
  let text = authority < 2 ** 32 ? `S-1-${authority}` : `S-1-0x${authority.toString(16).padStart(12, '0')}`;
  for (let i = 0; i < count; i++) text += `-${bytes.readUInt32LE(start + 8 + 4 * i)}`;
  return text;
}
