import { type BerWriter, Filter as WireFilter, SearchFilter } from 'ldapts';
import type { Filter } from '../ldap-filter/filter.ts';
import { parseFilter as parse } from '../ldap-filter/parse-filter.ts';

/** A filter that knows how to write itself in BER. */
class EncodedFilter extends WireFilter {
  readonly type = SearchFilter.and;
  readonly #filter: Filter;
  readonly #text: string;
  constructor(filter: Filter, text: string) {
    super();
    this.#filter = filter;
    this.#text = text;
  }
  override toString(): string {
    return this.#text;
  }
  override write(writer: BerWriter): void {
    encode(this.#filter, writer);
  }
  get filter(): Filter {
    return this.#filter;
  }
}

/**
 * A filter in its text form (RFC 4515), to be sent.
 *
 * @throws LockstepError ConfigInvalid `directory.filter-invalid`, with the place of the mistake
 */
export const parseFilter = (text: string): EncodedFilter => new EncodedFilter(parse(text), text);

/** All of them must match. */
export const allOf = (filters: readonly EncodedFilter[]): EncodedFilter =>
  new EncodedFilter({ kind: 'and', filters: filters.map(({ filter }) => filter) }, `(&${filters.map(String).join('')})`);

const comparisons = {
  equal: SearchFilter.equalityMatch,
  'at-least': SearchFilter.greaterOrEqual,
  'at-most': SearchFilter.lessOrEqual,
  approximate: SearchFilter.approxMatch,
} as const;

/** RFC 4511 §4.5.1. */
function encode(filter: Filter, writer: BerWriter): void {
  switch (filter.kind) {
    case 'and':
    case 'or':
      writer.startSequence(filter.kind === 'and' ? SearchFilter.and : SearchFilter.or);
      for (const part of filter.filters) encode(part, writer);
      writer.endSequence();
      return;
    case 'not':
      writer.startSequence(SearchFilter.not);
      encode(filter.filter, writer);
      writer.endSequence();
      return;
    case 'present':
      writer.writeString(filter.attribute, SearchFilter.present);
      return;
    case 'equal':
    case 'at-least':
    case 'at-most':
    case 'approximate':
      writer.startSequence(comparisons[filter.kind]);
      writer.writeString(filter.attribute);
      writer.writeBuffer(filter.value, 0x04);
      writer.endSequence();
      return;
    case 'substrings':
      writer.startSequence(SearchFilter.substrings);
      writer.writeString(filter.attribute);
      writer.startSequence();
      if (filter.initial !== undefined) writer.writeBuffer(filter.initial, 0x80);
      for (const part of filter.any) writer.writeBuffer(part, 0x81);
      if (filter.final !== undefined) writer.writeBuffer(filter.final, 0x82);
      writer.endSequence();
      writer.endSequence();
      return;
    case 'extensible':
      writer.startSequence(SearchFilter.extensibleMatch);
      if (filter.rule !== undefined) writer.writeString(filter.rule, 0x81);
      if (filter.attribute !== undefined) writer.writeString(filter.attribute, 0x82);
      writer.writeBuffer(filter.value, 0x83);
      if (filter.dnAttributes === true) writer.writeBoolean(true, 0x84);
      writer.endSequence();
      return;
  }
}
