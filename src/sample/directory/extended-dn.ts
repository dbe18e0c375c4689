/** LDAP_SERVER_EXTENDED_DN_OID (MS-ADTS 3.1.1.3.4.1.5): every DN says which object it is, however it is named later. */
import { BerReader } from 'ldapts';
import { guidText } from '../../ldap-filter/guid.ts';
import type { AttributeValue } from './model.ts';
import type { ResponseEntry } from './response.ts';
import { attributeType } from '../../ldap-filter/schema.ts';
import { sidText } from '../../ldap-filter/sid.ts';
import type { DirectoryStore } from './store.ts';

export const extendedDnOid = '1.2.840.113556.1.4.529';

/** How GUIDs and SIDs are written. */
export type ExtendedDnForm = 'hexadecimal' | 'text';

/** Without a value: hexadecimal. */
export function readExtendedDnForm(value: Buffer): ExtendedDnForm {
  if (value.length === 0) return 'hexadecimal';
  const reader = new BerReader(value);
  reader.readSequence(0x30);
  return reader.readInt() === 1 ? 'text' : 'hexadecimal';
}

/** `CN=…` → `<GUID=…>;<SID=…>;CN=…`: the entry's own name, and all values that are names. */
export function withExtendedDns(entry: ResponseEntry, store: DirectoryStore, form: ExtendedDnForm): ResponseEntry {
  return {
    dn: extended(entry.dn, store, form),
    attributes: entry.attributes.map(({ name, values }) => ({
      name,
      values:
        attributeType(name.replace(/;.*/, ''))?.syntax === 'dn'
          ? values.map((value) => extended(String(value), store, form))
          : values,
    })),
  };
}

/** As it is, when the object is not here. */
function extended(dn: string, store: DirectoryStore, form: ExtendedDnForm): string {
  const object = store.find(dn);
  if (object === undefined || object === null) return dn;
  const written = (value: AttributeValue, text: (bytes: Buffer) => string): string =>
    Buffer.isBuffer(value) ? (form === 'text' ? text(value) : value.toString('hex')) : value;
  const [guid] = store.values(object, 'objectGUID');
  const [sid] = store.values(object, 'objectSid');
  return [
    ...(guid === undefined ? [] : [`<GUID=${written(guid, guidText)}>`]),
    ...(sid === undefined ? [] : [`<SID=${written(sid, sidText)}>`]),
    dn,
  ].join(';');
}
