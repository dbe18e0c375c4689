/**
 * Distinguished names: https://www.rfc-editor.org/rfc/rfc4514 (text form),
 * https://www.rfc-editor.org/rfc/rfc4518#section-2.6.1 (which spaces count). A name is kept as the source wrote it; it
 * is compared by a key that does not depend on how it was written: case, escapes, spaces, and the order within an RDN
 * of several values.
 */
import { hash } from 'node:crypto';
import { simpleLowerCase, storable } from './directory-text.ts';

const attributeType = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)$/;
const hexString = /^#(?:[0-9A-Fa-f]{2})+$/;
const escapable = ' "#+,;<=>\\';

/**
 * Nearly every name: printable ASCII with one value in each RDN, and nothing that is escaped or left out. Taking it apart would give
 * the same but for its case, at ten times the price, and groups name millions of members.
 */
const plainName = /^[A-Za-z][A-Za-z0-9-]*=[!"$-*\--[\]-~](?: ?[!-*\--[\]-~])*(?:,[A-Za-z][A-Za-z0-9-]*=[!"$-*\--[\]-~](?: ?[!-*\--[\]-~])*)*$/;

/** One type=value of an RDN, unescaped. */
interface Assertion {
  readonly type: string;
  readonly value: string;
}

/** 16 bytes of SHA-256: two of a hundred million names meet by chance with a probability of 10^-23. */
const KEY_BYTES = 16;

/** The key of a name, or undefined when it is no distinguished name. */
export function dnKey(dn: string): Buffer | undefined {
  const normal = normalDn(dn);
  return normal === undefined ? undefined : keyOfNormal(normal);
}

/** The same in hex, as the statements of src/archive/sql take it: without a Buffer in between for each of a million members. */
export function dnKeyHex(dn: string): string | undefined {
  const normal = normalDn(dn);
  return normal === undefined ? undefined : hash('sha256', normal, 'hex').slice(0, 2 * KEY_BYTES);
}

/** The key of a name that is in its normal form. */
export const keyOfNormal = (normal: string): Buffer => hash('sha256', normal, 'buffer').subarray(0, KEY_BYTES);

/**
 * One spelling for all spellings of a name: `CN=Doe\2C  John , DC=x` → `cn=doe\, john,dc=x`. Undefined when it is none.
 */
export function normalDn(dn: string): string | undefined {
  if (plainName.test(dn)) return dn.toLowerCase();
  const rdns = parseDn(dn);
  return rdns
    ?.map((rdn) =>
      rdn
        .map(({ type, value }) => `${type.toLowerCase()}=${escapeValue(normalValue(value))}`)
        .sort()
        .join('+'),
    )
    .join(',');
}

/** The value of the first RDN, which people recognise: `CN=Doe\, John,DC=x` → `Doe, John`. */
export const firstRdnValue = (dn: string): string | undefined => parseDn(dn)?.[0]?.[0]?.value;

/** The first RDN as it is written, and what is above it (undefined at a root): `CN=Doe\\, John,DC=x` → `CN=Doe\\, John`, `DC=x`. */
export function splitRdn(dn: string): { readonly rdn: string; readonly parent: string | undefined } {
  for (let i = 0; i < dn.length; i++) {
    if (dn[i] === '\\') i++;
    else if (dn[i] === ',') return { rdn: dn.slice(0, i), parent: dn.slice(i + 1) };
  }
  return { rdn: dn, parent: undefined };
}

/** Whether the name is `base` or below it; both in their normal form. */
export const isWithin = (normal: string, base: string): boolean => normal === base || normal.endsWith(`,${base}`);

const normalValue = (value: string): string => simpleLowerCase(value.normalize('NFC')).replaceAll(/ +/g, ' ').trim();
const escapeValue = (value: string): string => value.replaceAll(/[\\,+]/g, '\\$&');

function parseDn(dn: string): Assertion[][] | undefined {
  const rdns: Assertion[][] = [[]];
  let at = 0;
  for (;;) {
    const equals = dn.indexOf('=', at);
    if (equals === -1) return undefined;
    const type = dn.slice(at, equals).trim();
    const end = endOfValue(dn, equals + 1);
    const value = unescapeValue(dn.slice(equals + 1, end));
    if (!attributeType.test(type) || value === undefined) return undefined;
    rdns.at(-1)?.push({ type, value });
    if (end === dn.length) return rdns;
    if (dn[end] === ',') rdns.push([]);
    at = end + 1;
  }
}

/** Where an unescaped separator ends the value. */
function endOfValue(dn: string, from: number): number {
  for (let i = from; i < dn.length; i++) {
    if (dn[i] === '\\') i++;
    else if (dn[i] === ',' || dn[i] === '+') return i;
  }
  return dn.length;
}

/**
 * Values that RFC 4514 wants escaped but that are no separators (`"`, `;`, `<`, `>`) are taken as they are. Bytes in
 * hex pairs must be UTF-8 when put together. A value in hex (`#04…`, of a type the server does not know) is its own
 * text.
 */
function unescapeValue(raw: string): string | undefined {
  const text = raw.trim();
  if (text.startsWith('#')) return hexString.test(text) ? text.toLowerCase() : undefined;
  if (!raw.includes('\\')) return text;
  // Escaped spaces at the ends belong to the value; normalValue() drops them later, as comparison does.
  const bytes: Buffer[] = [];
  for (let i = 0; i < raw.length;) {
    if (raw[i] !== '\\') {
      const next = raw.indexOf('\\', i);
      const end = next === -1 ? raw.length : next;
      bytes.push(Buffer.from(raw.slice(i, end)));
      i = end;
      continue;
    }
    const pair = raw.slice(i + 1, i + 3);
    const character = raw[i + 1];
    if (/^[0-9A-Fa-f]{2}$/.test(pair)) {
      bytes.push(Buffer.from(pair, 'hex'));
      i += 3;
    } else if (character !== undefined && escapable.includes(character)) {
      bytes.push(Buffer.from(character));
      i += 2;
    } else {
      return undefined;
    }
  }
  try {
    return storable(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(bytes)).trim());
  } catch {
    return undefined;
  }
}
