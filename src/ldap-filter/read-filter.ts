import type { BerReader } from 'ldapts';
import type { Filter } from './filter.ts';

const comparisons = new Map<number, 'equal' | 'at-least' | 'at-most' | 'approximate'>([
  [0xa3, 'equal'],
  [0xa5, 'at-least'],
  [0xa6, 'at-most'],
  [0xa8, 'approximate'],
]);

/**
 * Reads one filter as it comes over the wire. ldapts' own FilterParser reads assertion values as UTF-8 text. Throws on what is
 * no filter.
 */
export function readFilter(reader: BerReader): Filter {
  const tag = reader.peek() ?? 0;
  if (tag === 0x87) return { kind: 'present', attribute: readBytes(reader, tag).toString() };
  const end = enter(reader);
  const comparison = comparisons.get(tag);
  if (comparison !== undefined) return { kind: comparison, attribute: readText(reader), value: readBytes(reader) };
  switch (tag) {
    case 0xa0:
    case 0xa1: {
      const filters: Filter[] = [];
      while (reader.offset < end) filters.push(readFilter(reader));
      return { kind: tag === 0xa0 ? 'and' : 'or', filters };
    }
    case 0xa2:
      return { kind: 'not', filter: readFilter(reader) };
    case 0xa4:
      return readSubstrings(reader);
    case 0xa9:
      return readExtensible(reader, end);
    default:
      throw new Error(`no filter has the tag ${tag}`);
  }
}

function readSubstrings(reader: BerReader): Filter {
  const attribute = readText(reader);
  const end = enter(reader);
  const any: Buffer[] = [];
  let parts: { initial?: Buffer; final?: Buffer } = {};
  while (reader.offset < end) {
    const tag = reader.peek() ?? 0;
    const value = readBytes(reader, tag);
    if (tag === 0x80) parts = { ...parts, initial: value };
    else if (tag === 0x82) parts = { ...parts, final: value };
    else any.push(value);
  }
  return { kind: 'substrings', attribute, any, ...parts };
}

function readExtensible(reader: BerReader, end: number): Filter {
  let parts: { rule?: string; attribute?: string; value: Buffer } = { value: Buffer.alloc(0) };
  while (reader.offset < end) {
    const tag = reader.peek() ?? 0;
    const value = readBytes(reader, tag);
    if (tag === 0x81) parts = { ...parts, rule: value.toString() };
    else if (tag === 0x82) parts = { ...parts, attribute: value.toString() };
    else if (tag === 0x83) parts = { ...parts, value };
    // 0x84, dnAttributes: AD ignores it (MS-ADTS 3.1.1.3.1.3.1).
  }
  return { kind: 'extensible', ...parts };
}

/** Where the element that begins here ends. */
const enter = (reader: BerReader): number => {
  if (reader.readSequence() === null) throw new Error('the filter is cut off');
  return reader.offset + reader.length;
};
const readText = (reader: BerReader): string => {
  const text = reader.readString();
  if (text === null) throw new Error('the filter is cut off');
  return text;
};
const readBytes = (reader: BerReader, tag = 0x04): Buffer => {
  const bytes = reader.readString(tag, true);
  if (bytes === null) throw new Error('the filter is cut off');
  // A paged search keeps its filter longer than the receive buffer lives.
  return Buffer.from(bytes);
};
