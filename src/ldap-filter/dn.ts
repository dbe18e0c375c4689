/** Distinguished names (RFC 4514) as keys for comparing. */

/** Without escapes and without spaces that mean nothing: nearly all, and there are many in a large directory. */
const plainDn = /^[a-z0-9-]+=[^ ,\\"+]+(?: +[^ ,\\"+]+)*(?:,[a-z0-9-]+=[^ ,\\"+]+(?: +[^ ,\\"+]+)*)*$/i;
const hexPair = /^[0-9a-f]{2}/i;

/**
 * The form under which two spellings of one name are equal: types and values in lower case, spaces around separators
 * gone, escapes written in one way. Undefined when the text is no name. Multi-valued parts, which AD has not, are
 * refused.
 */
export function dnKey(dn: string): string | undefined {
  if (plainDn.test(dn)) return dn.toLowerCase();
  const parts = splitDn(dn);
  if (parts === undefined) return undefined;
  const keys: string[] = [];
  for (const part of parts) {
    const equals = part.indexOf('=');
    if (equals < 1) return undefined;
    const value = unescapeValue(trimSpaces(part.slice(equals + 1)));
    if (value === undefined || value === '') return undefined;
    keys.push(`${part.slice(0, equals).trim().toLowerCase()}=${value.toLowerCase().replace(/[,\\]/g, '\\$&')}`);
  }
  return keys.join(',');
}

/** The parts as written; undefined when a separator is missing or too many. */
function splitDn(dn: string): string[] | undefined {
  if (dn === '') return [];
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < dn.length; i++) {
    if (dn[i] === '\\') i++;
    else if (dn[i] === ',') {
      parts.push(dn.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(dn.slice(start));
  return parts.every((part) => part.trim() !== '') ? parts : undefined;
}

/** `CN=A,OU=B` → `OU=B`; '' for a name of one part. Takes names and keys. */
export function parentDn(dn: string): string {
  for (let i = 0; i < dn.length; i++) {
    if (dn[i] === '\\') i++;
    else if (dn[i] === ',') return dn.slice(i + 1);
  }
  return '';
}

/** `CN=A,OU=B,DC=c` with its last parts, those of `from`, replaced by `to`. */
export function rebase(dn: string, from: string, to: string): string {
  const parts = splitDn(dn) ?? [];
  return [...parts.slice(0, parts.length - (splitDn(from)?.length ?? 0)), to].join(',');
}

/** `CN`, as written. */
export const rdnType = (dn: string): string => dn.slice(0, dn.indexOf('=')).trim();

/** The value of the first part, escapes resolved: what AD keeps as `name`. */
export function rdnValue(dn: string): string {
  const [part = ''] = splitDn(dn) ?? [];
  return unescapeValue(trimSpaces(part.slice(part.indexOf('=') + 1))) ?? '';
}

/** A value as it is written into a name (RFC 4514, section 2.4). */
export const escapeRdn = (value: string): string =>
  value
    .replace(/[,+"\\<>;=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replaceAll('\0', '\\00')
    .replaceAll('\n', '\\0A');

/** True when `key` is the base or lies below it. */
export const isWithin = (key: string, base: string): boolean =>
  key === base ||
  base === '' ||
  (key.length > base.length && key.endsWith(base) && key[key.length - base.length - 1] === ',');

/** Spaces at the ends mean nothing, except one that is escaped. */
function trimSpaces(text: string): string {
  const trimmed = text.replace(/^ +/, '').replace(/ +$/, '');
  const escapes = /\\*$/.exec(trimmed)?.[0].length ?? 0;
  return escapes % 2 === 1 && text.endsWith(' ') ? `${trimmed} ` : trimmed;
}

function unescapeValue(text: string): string | undefined {
  if (!text.includes('\\')) return /["+]/.test(text) ? undefined : text;
  const bytes: Buffer[] = [];
  for (let i = 0; i < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(i) ?? 0);
    if (character !== '\\') {
      if (character === '"' || character === '+') return undefined;
      bytes.push(Buffer.from(character));
      i += character.length;
    } else if (hexPair.test(text.slice(i + 1))) {
      bytes.push(Buffer.from(text.slice(i + 1, i + 3), 'hex'));
      i += 3;
    } else {
      const escaped = text.codePointAt(i + 1);
      if (escaped === undefined) return undefined;
      const literal = String.fromCodePoint(escaped);
      bytes.push(Buffer.from(literal));
      i += 1 + literal.length;
    }
  }
  return Buffer.concat(bytes).toString('utf8');
}
