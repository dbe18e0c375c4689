/**
 * Length of the first LDAP message in the bytes, header included; undefined while its header is not all there.
 * Throws when this is no LDAP message.
 */
export function messageLength(bytes: Buffer): number | undefined {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return undefined;
  if (tag !== 0x30) throw new Error('no LDAP message');
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  if (count === 0 || count > 4) throw new Error('no length that LDAP allows');
  return bytes.length < 2 + count ? undefined : 2 + count + bytes.readUIntBE(2, count);
}
