const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * Canonical lower-case text of a GUID in AD's byte order: the first three fields little-endian (MS-DTYP §2.3.4.2).
 * Null when there are not 16 bytes.
 */
export function guidText(bytes: Buffer, start = 0, end = bytes.length): string | null {
  if (end - start !== 16) return null;
  const at = (index: number) => hex[bytes[start + index] ?? 0] ?? '';
  return (
    at(3) + at(2) + at(1) + at(0) + '-' + at(5) + at(4) + '-' + at(7) + at(6) + '-' + at(8) + at(9) + '-' +
    at(10) + at(11) + at(12) + at(13) + at(14) + at(15)
  );
}

/** The GUID's bytes in AD's order, each escaped for a filter (RFC 4515 §3). */
export function guidAssertion(guid: string): string {
  const bytes = guid.replaceAll('-', '').match(/../g) ?? [];
  return [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((index) => `\\${bytes[index] ?? ''}`).join('');
}
