import { fold } from './collation.ts';
import { dnKey } from './dn.ts';
import type { Filter } from './filter.ts';
import { guidBytes } from './guid.ts';
import { type AttributeType, categoryDn } from './schema.ts';
import { sidBytes } from './sid.ts';

/** Undefined: neither; its negation is undefined too, and does not match (RFC 4511, section 4.5.1.7). */
export type Truth = boolean | undefined;
export type Matcher<T> = (object: T) => Truth;
/** Bytes where the syntax is `octets` or `sid`, text otherwise. */
export type AttributeValue = string | Buffer;

/** Where the objects that are tested come from. */
export interface ObjectSource<T> {
  /** By lDAPDisplayName. */
  values(object: T, attribute: string): readonly AttributeValue[];
  /** Undefined: no such attribute in the schema, so nothing can be said of it. */
  attributeType(name: string): AttributeType | undefined;
  /** Of the forest: `objectCategory` may name a class, which stands for a DN below it. */
  readonly rootDn: string;
  /** The rule in-chain: does a chain of this attribute lead from the object to `target`, the key of a DN? */
  inChain(attribute: string, target: string): Matcher<T>;
}

const undefinedMatch = (): undefined => undefined;

/**
 * Turns a filter into a test of objects, with AD's semantics: attributes that the schema does not know and values that
 * do not fit the syntax are undefined, text ignores case and accents, `objectCategory` takes a class name, bit rules and
 * the in-chain rule work on their syntaxes (MS-ADTS 3.1.1.3.1.3 and 3.1.1.3.4.4).
 */
export function matcher<T>(filter: Filter, source: ObjectSource<T>): Matcher<T> {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const parts = filter.filters.map((part) => matcher(part, source));
      // "and" ends at the first false, "or" at the first true; else undefined wins.
      const decisive = filter.kind === 'or';
      return (object) => {
        let truth: Truth = !decisive;
        for (const part of parts) {
          const result = part(object);
          if (result === decisive) return decisive;
          if (result === undefined) truth = undefined;
        }
        return truth;
      };
    }
    case 'not': {
      const inner = matcher(filter.filter, source);
      return (object) => {
        const result = inner(object);
        return result === undefined ? undefined : !result;
      };
    }
    case 'extensible':
      return extensible(filter, source);
    case 'present':
    case 'substrings':
    case 'equal':
    case 'approximate':
    case 'at-least':
    case 'at-most': {
      const type = source.attributeType(filter.attribute);
      if (type === undefined) return undefinedMatch;
      if (filter.kind === 'present') return (object) => source.values(object, type.name).length > 0;
      const test = filter.kind === 'substrings' ? substrings(filter, type) : comparison(filter, type, source.rootDn);
      return test === undefined ? undefinedMatch : (object) => source.values(object, type.name).some(test);
    }
  }
}

type ValueTest = (value: AttributeValue) => boolean;
type Comparison = Extract<Filter, { readonly kind: 'equal' | 'at-least' | 'at-most' | 'approximate' }>;

function comparison({ kind, value }: Comparison, type: AttributeType, rootDn: string): ValueTest | undefined {
  const sign = (order: number): boolean =>
    kind === 'at-least' ? order >= 0 : kind === 'at-most' ? order <= 0 : order === 0;
  const ordered = <T extends bigint | string>(
    asserted: T | undefined,
    of: (stored: AttributeValue) => T | undefined,
  ): ValueTest | undefined =>
    asserted === undefined
      ? undefined
      : (stored) => {
          const actual = of(stored);
          return actual !== undefined && sign(actual < asserted ? -1 : actual > asserted ? 1 : 0);
        };
  const text = value.toString('utf8');
  switch (type.syntax) {
    case 'integer':
      return ordered(integer(text), (stored) => integer(String(stored)));
    case 'text':
    case 'class':
      return ordered(fold(text), (stored) => fold(String(stored)));
    case 'time':
      return ordered(text, String);
    case 'boolean':
      return text === 'TRUE' || text === 'FALSE' ? ordered(text, String) : undefined;
    case 'dn': {
      const named = type.name === 'objectCategory' ? (categoryDn(text, rootDn) ?? text) : text;
      const key = dnKey(named);
      return key === undefined || kind === 'at-least' || kind === 'at-most'
        ? undefined
        : (stored) => dnKey(String(stored)) === key;
    }
    case 'sid':
      return bytesEqual(sidBytes(text) ?? value);
    case 'octets':
      return bytesEqual(type.name === 'objectGUID' ? (guidBytes(text) ?? value) : value);
  }
}

const bytesEqual =
  (bytes: Buffer): ValueTest =>
  (stored) =>
    bytes.equals(typeof stored === 'string' ? Buffer.from(stored) : stored);

/** Only text has substrings in AD. */
function substrings(
  filter: Extract<Filter, { readonly kind: 'substrings' }>,
  type: AttributeType,
): ValueTest | undefined {
  if (type.syntax !== 'text') return undefined;
  const initial = fold(filter.initial?.toString('utf8') ?? '');
  const final = fold(filter.final?.toString('utf8') ?? '');
  const any = filter.any.map((part) => fold(part.toString('utf8')));
  return (stored) => {
    const text = fold(String(stored));
    if (text.length < initial.length + final.length || !text.startsWith(initial) || !text.endsWith(final)) return false;
    let from = initial.length;
    const end = text.length - final.length;
    for (const part of any) {
      const at = text.indexOf(part, from);
      if (at === -1 || at + part.length > end) return false;
      from = at + part.length;
    }
    return true;
  };
}

const bitAnd = '1.2.840.113556.1.4.803';
const bitOr = '1.2.840.113556.1.4.804';
const inChain = '1.2.840.113556.1.4.1941';

function extensible<T>(filter: Extract<Filter, { readonly kind: 'extensible' }>, source: ObjectSource<T>): Matcher<T> {
  const type = filter.attribute === undefined ? undefined : source.attributeType(filter.attribute);
  if (type === undefined) return undefinedMatch;
  const text = filter.value.toString('utf8');
  switch (filter.rule) {
    case undefined:
      return matcher({ kind: 'equal', attribute: type.name, value: filter.value }, source);
    case bitAnd:
    case bitOr: {
      const mask = integer(text);
      if (type.syntax !== 'integer' || mask === undefined) return undefinedMatch;
      const all = filter.rule === bitAnd;
      return (object) =>
        source.values(object, type.name).some((stored) => {
          const common = (integer(String(stored)) ?? 0n) & mask;
          return all ? common === mask : common !== 0n;
        });
    }
    case inChain: {
      const key = dnKey(text);
      if (type.syntax !== 'dn' || key === undefined) return undefinedMatch;
      return source.inChain(type.name, key);
    }
    default:
      return undefinedMatch;
  }
}

const integer = (text: string): bigint | undefined => (/^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined);
