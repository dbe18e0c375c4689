import { type BerWriter, Filter, SearchFilter } from 'ldapts';
import { LockstepError } from '../shared/errors.ts';

/** Deeper nesting than any directory server accepts; keeps the recursion bounded. */
const MAX_DEPTH = 100;

/** A filter that knows how to write itself in BER. */
class EncodedFilter extends Filter {
  readonly type = SearchFilter.and;
  readonly #encode: (writer: BerWriter) => void;
  readonly #text: string;
  constructor(encode: (writer: BerWriter) => void, text: string) {
    super();
    this.#encode = encode;
    this.#text = text;
  }
  override toString(): string {
    return this.#text;
  }
  override write(writer: BerWriter): void {
    this.#encode(writer);
  }
}

/**
 * Reads a filter in its text form (RFC 4515), with white space between its parts, as people paste it.
 *
 * Ours and not the parser of `ldapts`: that one turns each escaped byte into a character of its own, so `\c3\a9` (é) and
 * the bytes of a GUID or SID never match, and it lets `(a=b` pass in places.
 *
 * @throws LockstepError ConfigInvalid `directory.filter-invalid`, with the place of the mistake
 */
export function parseFilter(text: string): Filter {
  const parser = new FilterParser(text);
  return new EncodedFilter(parser.parse(), text);
}

/** All of them must match. */
export const allOf = (filters: readonly Filter[]): Filter =>
  new EncodedFilter((writer) => {
    writer.startSequence(SearchFilter.and);
    for (const filter of filters) filter.write(writer);
    writer.endSequence();
  }, `(&${filters.map(String).join('')})`);

type Encode = (writer: BerWriter) => void;
const attributePattern = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*$/;
const comparisons = { '>': SearchFilter.greaterOrEqual, '<': SearchFilter.lessOrEqual, '~': SearchFilter.approxMatch } as const;

class FilterParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Encode {
    this.#space();
    const filter = this.#text[this.#at] === '(' ? this.#filter(0) : this.#bareItem();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('there is more text after the end of the filter');
    return filter;
  }

  /** A comparison without parentheses around it: not in the RFC, and what every tool accepts. */
  #bareItem(): Encode {
    if (/[()]/.test(this.#text)) this.#fail('"(" is missing');
    return this.#item(this.#text.trimEnd().length);
  }

  #filter(depth: number): Encode {
    if (depth > MAX_DEPTH) this.#fail('it is nested too deeply');
    this.#expect('(');
    this.#space();
    const sign = this.#text[this.#at];
    const filter = sign === '&' || sign === '|' ? this.#set(sign, depth) : sign === '!' ? this.#not(depth) : this.#item(this.#itemEnd());
    this.#space();
    this.#expect(')');
    return filter;
  }

  #set(sign: '&' | '|', depth: number): Encode {
    this.#at++;
    const parts: Encode[] = [];
    for (this.#space(); this.#text[this.#at] === '('; this.#space()) parts.push(this.#filter(depth + 1));
    if (parts.length === 0) this.#fail(`"${sign}" has nothing to combine`);
    return (writer) => {
      writer.startSequence(sign === '&' ? SearchFilter.and : SearchFilter.or);
      for (const part of parts) part(writer);
      writer.endSequence();
    };
  }

  #not(depth: number): Encode {
    this.#at++;
    this.#space();
    const part = this.#filter(depth + 1);
    return (writer) => {
      writer.startSequence(SearchFilter.not);
      part(writer);
      writer.endSequence();
    };
  }

  /** One comparison, up to `end`. */
  #item(end: number): Encode {
    const item = this.#text.slice(this.#at, end);
    const equals = item.indexOf('=');
    if (equals < 0) this.#fail('a comparison needs "="');
    const operator = item[equals - 1] ?? '';
    const valueText = item.slice(equals + 1);
    let encode: Encode;
    if (operator === ':') {
      encode = this.#extensible(item.slice(0, equals - 1), this.#value(valueText, equals + 1));
    } else if (operator === '>' || operator === '<' || operator === '~') {
      encode = assertion(comparisons[operator], this.#attribute(item.slice(0, equals - 1)), this.#value(valueText, equals + 1));
    } else {
      encode = this.#equality(this.#attribute(item.slice(0, equals)), valueText, equals + 1);
    }
    this.#at = end;
    return encode;
  }

  #equality(attribute: string, text: string, offset: number): Encode {
    if (text === '*') return (writer) => writer.writeString(attribute, SearchFilter.present);
    if (!text.includes('*')) return assertion(SearchFilter.equalityMatch, attribute, this.#value(text, offset));
    const parts = text.split('*').map((part) => this.#value(part, offset));
    if (parts.slice(1, -1).some((part) => part.length === 0)) this.#fail('"**" is not allowed');
    return (writer) => {
      writer.startSequence(SearchFilter.substrings);
      writer.writeString(attribute);
      writer.startSequence();
      parts.forEach((part, index) => {
        // initial [0], any [1], final [2]: RFC 4511 §4.5.1
        if (part.length > 0) writer.writeBuffer(part, index === 0 ? 0x80 : index === parts.length - 1 ? 0x82 : 0x81);
      });
      writer.endSequence();
      writer.endSequence();
    };
  }

  /** `attribute:dn:rule:=value`; each part but the value may be absent, though not both attribute and rule. */
  #extensible(left: string, value: Buffer): Encode {
    const [attribute = '', ...options] = left.split(':');
    const dn = options[0]?.toLowerCase() === 'dn';
    if (dn) options.shift();
    const [rule, ...rest] = options;
    if (rest.length > 0 || (attribute === '' && rule === undefined)) this.#fail('this is no extensible comparison');
    if (attribute !== '') this.#attribute(attribute);
    if (rule !== undefined) this.#attribute(rule);
    return (writer) => {
      writer.startSequence(SearchFilter.extensibleMatch);
      if (rule !== undefined) writer.writeString(rule, 0x81);
      if (attribute !== '') writer.writeString(attribute, 0x82);
      writer.writeBuffer(value, 0x83);
      if (dn) writer.writeBoolean(true, 0x84);
      writer.endSequence();
    };
  }

  #attribute(text: string): string {
    const attribute = text.trim();
    if (!attributePattern.test(attribute)) this.#fail(`"${attribute}" is no attribute name`);
    return attribute;
  }

  /** The bytes of a value; `\xx` is one byte. */
  #value(text: string, offset: number): Buffer {
    if (!text.includes('\\')) return Buffer.from(text);
    const bytes: Buffer[] = [];
    for (const [index, part] of text.split('\\').entries()) {
      if (index === 0) {
        bytes.push(Buffer.from(part));
        continue;
      }
      if (!/^[0-9A-Fa-f]{2}/.test(part)) {
        this.#at += offset;
        this.#fail('a backslash must be followed by two hexadecimal digits (write \\28 for "(", \\29 for ")", \\2a for "*", \\5c for "\\")');
      }
      bytes.push(Buffer.from(part.slice(0, 2), 'hex'), Buffer.from(part.slice(2)));
    }
    return Buffer.concat(bytes);
  }

  #itemEnd(): number {
    const close = this.#text.indexOf(')', this.#at);
    const open = this.#text.indexOf('(', this.#at);
    if (close < 0) this.#fail('a closing parenthesis is missing');
    if (open >= 0 && open < close) this.#fail('an opening parenthesis inside a comparison must be written \\28');
    return close;
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) this.#fail(`"${character}" is missing`);
    this.#at++;
  }

  #space(): void {
    while (this.#at < this.#text.length && ' \t\r\n'.includes(this.#text[this.#at] ?? '')) this.#at++;
  }

  #fail(reason: string): never {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'directory.filter-invalid',
      message: `The filter cannot be used: at character ${this.#at + 1}, ${reason}.`,
      next: 'Correct the filter of the integration (RFC 4515, for example (&(department=Sales)(!(title=Intern)))).',
    });
  }
}

const assertion =
  (tag: number, attribute: string, value: Buffer): Encode =>
  (writer) => {
    writer.startSequence(tag);
    writer.writeString(attribute);
    writer.writeBuffer(value, 0x04);
    writer.endSequence();
  };
