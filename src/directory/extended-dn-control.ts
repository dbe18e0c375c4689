import { BerWriter, Control } from 'ldapts';
import { tags } from './ber-cursor.ts';

/**
 * LDAP_SERVER_EXTENDED_DN_OID (MS-ADTS §3.1.1.3.4.1.5): every DN of the answer begins with the GUID of its object. Not
 * critical: without it DNs are as usual.
 */
export class ExtendedDnControl extends Control {
  constructor() {
    super('1.2.840.113556.1.4.529', { critical: false });
  }

  protected override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    // 1: in their usual text form, 0 would be hexadecimal.
    value.writeInt(1);
    value.endSequence();
    writer.writeBuffer(value.buffer, tags.octetString);
  }
}

/** `<GUID=…>;<SID=S-1-…>;CN=…` in its parts; a DN without them is only a DN. */
export function parseExtendedDn(text: string): { readonly dn: string; readonly guid?: string } {
  const match = /^<GUID=([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})>;(?:<SID=[^>]*>;)?([^]*)$/i.exec(text);
  if (match === null) return { dn: text };
  const [, guid = '', dn = ''] = match;
  return { dn, guid: guid.toLowerCase() };
}
