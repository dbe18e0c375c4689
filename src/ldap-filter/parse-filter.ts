import { LockstepError } from '../shared/errors.ts';
import type { Filter } from './filter.ts';

/** Deeper nesting than any directory server accepts; keeps the recursion bounded. */
const MAX_DEPTH = 100;

/**
 * Reads a filter in its text form (RFC 4515), with white space between its parts, as people paste it.
 *
 * Ours and not the parser of `ldapts`: that one turns each escaped byte into a character of its own, so `\c3\a9` (é) and
 * the bytes of a GUID or SID never match, and it lets `(a=b` pass in places.
 *
 * @throws LockstepError ConfigInvalid `directory.filter-invalid`, with the place of the mistake
 */
export const parseFilter = (text: string): Filter => new FilterParser(text).parse();

const attributePattern = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*$/;
const comparisons = { '>': 'at-least', '<': 'at-most', '~': 'approximate' } as const;

class FilterParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Filter {
    this.#space();
    const filter = this.#text[this.#at] === '(' ? this.#filter(0) : this.#bareItem();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('there is more text after the end of the filter');
    return filter;
  }

  /** A comparison without parentheses around it: not in the RFC, and what every tool accepts. */
  #bareItem(): Filter {
    if (/[()]/.test(this.#text)) this.#fail('"(" is missing');
    return this.#item(this.#text.trimEnd().length);
  }

  #filter(depth: number): Filter {
    if (depth > MAX_DEPTH) this.#fail('it is nested too deeply');
    this.#expect('(');
    this.#space();
    const sign = this.#text[this.#at];
    const filter = sign === '&' || sign === '|' ? this.#set(sign, depth) : sign === '!' ? this.#not(depth) : this.#item(this.#itemEnd());
    this.#space();
    this.#expect(')');
    return filter;
  }

  #set(sign: '&' | '|', depth: number): Filter {
    this.#at++;
    const filters: Filter[] = [];
    for (this.#space(); this.#text[this.#at] === '('; this.#space()) filters.push(this.#filter(depth + 1));
    if (filters.length === 0) this.#fail(`"${sign}" has nothing to combine`);
    return { kind: sign === '&' ? 'and' : 'or', filters };
  }

  #not(depth: number): Filter {
    this.#at++;
    this.#space();
    return { kind: 'not', filter: this.#filter(depth + 1) };
  }

  /** One comparison, up to `end`. */
  #item(end: number): Filter {
    const item = this.#text.slice(this.#at, end);
    const equals = item.indexOf('=');
    if (equals < 0) this.#fail('a comparison needs "="');
    const operator = item[equals - 1] ?? '';
    const valueText = item.slice(equals + 1);
    let filter: Filter;
    if (operator === ':') {
      filter = this.#extensible(item.slice(0, equals - 1), this.#value(valueText, equals + 1));
    } else if (operator === '>' || operator === '<' || operator === '~') {
      filter = {
        kind: comparisons[operator],
        attribute: this.#attribute(item.slice(0, equals - 1)),
        value: this.#value(valueText, equals + 1),
      };
    } else {
      filter = this.#equality(this.#attribute(item.slice(0, equals)), valueText, equals + 1);
    }
    this.#at = end;
    return filter;
  }

  #equality(attribute: string, text: string, offset: number): Filter {
    if (text === '*') return { kind: 'present', attribute };
    if (!text.includes('*')) return { kind: 'equal', attribute, value: this.#value(text, offset) };
    const parts = text.split('*').map((part) => this.#value(part, offset));
    if (parts.slice(1, -1).some((part) => part.length === 0)) this.#fail('"**" is not allowed');
    const [initial, final] = [parts[0], parts.at(-1)];
    return {
      kind: 'substrings',
      attribute,
      ...(initial === undefined || initial.length === 0 ? {} : { initial }),
      any: parts.slice(1, -1),
      ...(final === undefined || final.length === 0 ? {} : { final }),
    };
  }

  /** `attribute:dn:rule:=value`; each part but the value may be absent, though not both attribute and rule. */
  #extensible(left: string, value: Buffer): Filter {
    const [attribute = '', ...options] = left.split(':');
    const dn = options[0]?.toLowerCase() === 'dn';
    if (dn) options.shift();
    const [rule, ...rest] = options;
    if (rest.length > 0 || (attribute === '' && rule === undefined)) this.#fail('this is no extensible comparison');
    if (attribute !== '') this.#attribute(attribute);
    if (rule !== undefined) this.#attribute(rule);
    return {
      kind: 'extensible',
      ...(rule === undefined ? {} : { rule }),
      ...(attribute === '' ? {} : { attribute }),
      value,
      ...(dn ? { dnAttributes: true } : {}),
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
