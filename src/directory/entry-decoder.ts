import { isUtf8 } from 'node:buffer';
import type { DirectoryEntry, DirectoryProblem } from '../shared/directory.ts';
import { type AttributeSyntax, syntaxOf } from './attributes.ts';
import { type BerCursor, tags } from './ber-cursor.ts';
import { guidText } from './object-guid.ts';
import { sidText } from './security-identifier.ts';
import { parseValueRange } from './value-range.ts';

/**
 * Values of one entry beyond this are left out and recorded. Half of a page (MAX_PAGE_BYTES), so that a page always has
 * room; AD itself lets an object grow to about the size of one database page chain, some hundred KiB of plain values.
 */
export const MAX_ENTRY_BYTES = 2 * 1024 * 1024;

/** Of an unreadable value, the problem shows so many bytes (as base64): enough to recognise it. Of many, the first few. */
const SHOWN_BYTES = 96;
const SHOWN_VALUES = 10;

/** Values that were not all in this entry: the rest is asked for with `range=<next>-*`. */
export interface PartialAttribute {
  readonly attribute: string;
  readonly next: number;
}

export interface DecodedEntry {
  /** objectGUID; null when it was not returned or is none. */
  readonly guid: string | null;
  readonly dn: string;
  readonly attributes: DirectoryEntry['attributes'];
  /** uSNChanged; undefined when it was not returned. */
  readonly usn: string | undefined;
  readonly isGroup: boolean;
  /** Members in this entry; they never stand in `attributes`. */
  readonly members: readonly string[];
  readonly partial: readonly PartialAttribute[];
  readonly problems: readonly DirectoryProblem[];
  /** Roughly the size of its JSON, without and with its members. */
  readonly bytes: number;
  readonly bytesWithMembers: number;
}

interface Target {
  readonly name: string;
  readonly syntax: AttributeSyntax;
}
const GUID: Target = { name: 'objectGUID', syntax: 'guid' };
const MEMBER: Target = { name: 'member', syntax: 'text' };
const USN: Target = { name: 'uSNChanged', syntax: 'text' };

/**
 * Turns search result entries (RFC 4511 §4.5.2) into what the platform takes, straight from the message's bytes: no
 * intermediate objects, and no exception a value (measured with ldapts' own Attribute: half of all CPU went into a decoder
 * that throws once for each binary value).
 */
export class EntryDecoder {
  /** By the description that the server returns; null = not asked for. */
  readonly #targets = new Map<string, Target | null>();
  readonly #asked: ReadonlyMap<string, Target>;

  /** @param attributes the names under which values are returned, however the server spells them */
  constructor(attributes: readonly string[]) {
    this.#asked = new Map([
      ...attributes.map((name) => [name.toLowerCase(), { name, syntax: syntaxOf(name) }] as const),
      ['objectguid', GUID],
      ['member', MEMBER],
      ['usnchanged', USN],
    ]);
  }

  /** The cursor stands at the SearchResultEntry. Throws MalformedMessageError. */
  decode(cursor: BerCursor): DecodedEntry {
    cursor.enter(0x64);
    const { buffer } = cursor;
    const dnStart = cursor.offset;
    const dn = cursor.text().replaceAll('\u0000', '\ufffd');
    let bytes = cursor.offset - dnStart;
    let memberBytes = 0;
    let guid: string | null = null;
    let usn: string | undefined;
    let isGroup = false;
    let members: string[] = [];
    const attributes: Record<string, string[]> = {};
    const partial: PartialAttribute[] = [];
    const unreadable: string[] = [];
    const tooLarge: string[] = [];

    const end = cursor.enter(tags.sequence);
    while (cursor.offset < end) {
      const attributeEnd = cursor.enter(tags.sequence);
      const descriptionEnd = cursor.enter(tags.octetString);
      const description = buffer.toString('latin1', cursor.offset, descriptionEnd);
      cursor.offset = descriptionEnd;
      const setEnd = cursor.enter(tags.set);
      let target = this.#targets.get(description);
      if (target === undefined) {
        const range = parseValueRange(description);
        target = this.#targetOf(range?.attribute ?? description, range === null);
        if (target !== null && range !== null && range.to !== null) partial.push({ attribute: target.name, next: range.to + 1 });
      }
      const size = setEnd - cursor.offset;
      // AD returns an empty `member` beside `member;range=0-1499`.
      if (target !== null && size > 0) {
        if (bytes + size > MAX_ENTRY_BYTES && target !== GUID && target !== MEMBER) {
          tooLarge.push(`${target.name} (${size} bytes)`);
        } else {
          const values = this.#values(cursor, setEnd, target, unreadable);
          if (target === MEMBER) {
            memberBytes += size;
            members = members.length === 0 ? values : members.concat(values);
          } else if (target === GUID) guid = values[0] ?? null;
          else if (target === USN) usn = /^\d{1,20}$/.test(values[0] ?? '') ? values[0] : undefined;
          else {
            bytes += size + description.length;
            const before = attributes[target.name];
            if (values.length > 0) attributes[target.name] = before === undefined ? values : before.concat(values);
            if (target.name === 'objectClass') isGroup = values.includes('group');
          }
        }
      }
      cursor.offset = attributeEnd;
    }

    const problems: DirectoryProblem[] = [];
    const problem = (code: string, detail: string) => problems.push({ guid, subject: dn, code, detail });
    if (unreadable.length > 0) {
      const more = unreadable.length > SHOWN_VALUES ? ` and ${unreadable.length - SHOWN_VALUES} more` : '';
      problem('directory.value-unreadable', `Left out, because they are not what the attribute holds: ${unreadable.slice(0, SHOWN_VALUES).join('; ')}${more}.`);
    }
    if (tooLarge.length > 0) problem('directory.value-too-large', `Left out, because the object is larger than ${MAX_ENTRY_BYTES} bytes: ${tooLarge.join('; ')}.`);
    return {
      guid,
      dn,
      attributes,
      usn,
      isGroup,
      members,
      partial,
      problems,
      bytes,
      bytesWithMembers: bytes + memberBytes,
    };
  }

  #values(cursor: BerCursor, setEnd: number, target: Target, unreadable: string[]): string[] {
    const { buffer } = cursor;
    const values: string[] = [];
    while (cursor.offset < setEnd) {
      const valueEnd = cursor.enter(tags.octetString);
      const start = cursor.offset;
      cursor.offset = valueEnd;
      const text = decodeValue(buffer, start, valueEnd, target.syntax);
      if (text !== null) values.push(text);
      else unreadable.push(`${target.name} = ${shown(buffer, start, valueEnd)} (base64)`);
    }
    return values;
  }

  #targetOf(attribute: string, remember: boolean): Target | null {
    const target = this.#asked.get(attribute.toLowerCase().replace(/;binary$/, '')) ?? null;
    // A server decides what it returns: the memory of its spellings must not grow with it.
    if (remember && this.#targets.size < 1000) this.#targets.set(attribute, target);
    return target;
  }
}

/** Null when the value is not of its syntax. Text with U+0000 counts as unreadable: PostgreSQL cannot hold it. */
function decodeValue(buffer: Buffer, start: number, end: number, syntax: AttributeSyntax): string | null {
  switch (syntax) {
    case 'guid':
      return guidText(buffer, start, end);
    case 'sid':
      return sidText(buffer, start, end);
    case 'base64':
      return buffer.toString('base64', start, end);
    case 'text': {
      const text = buffer.toString('utf8', start, end);
      if (text.includes('\u0000')) return null;
      // U+FFFD is what bad bytes decode to, and a legal character too: only then the bytes are looked at again.
      if (text.includes('\ufffd') && !isUtf8(buffer.subarray(start, end))) return null;
      return text;
    }
  }
}

function shown(buffer: Buffer, start: number, end: number): string {
  return buffer.toString('base64', start, Math.min(end, start + SHOWN_BYTES)) + (end - start > SHOWN_BYTES ? '…' : '');
}
