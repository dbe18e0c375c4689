import fc from 'fast-check';
import {
  AndFilter,
  ApproximateFilter,
  BerReader,
  BerWriter,
  EqualityFilter,
  ExtensibleFilter,
  type Filter as WireFilter,
  GreaterThanEqualsFilter,
  LessThanEqualsFilter,
  NotFilter,
  OrFilter,
  PresenceFilter,
  SubstringFilter,
} from 'ldapts';
import type { Filter } from './filter.ts';
import { readFilter } from './read-filter.ts';

/** The same filter twice: as ldapts writes it, and as it must be read. */
interface Pair {
  readonly wire: WireFilter;
  readonly read: Filter;
}
const attribute = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,20}$/);
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });

const leaf: fc.Arbitrary<Pair> = fc.oneof(
  fc.record({ attribute, value: bytes }).map(({ attribute, value }) => ({
    wire: new EqualityFilter({ attribute, value }),
    read: { kind: 'equal' as const, attribute, value },
  })),
  attribute.map((attribute) => ({
    wire: new PresenceFilter({ attribute }),
    read: { kind: 'present' as const, attribute },
  })),
  fc
    .record({
      attribute,
      value: text,
      which: fc.constantFrom('at-least' as const, 'at-most' as const, 'approximate' as const),
    })
    .map(({ attribute, value, which }) => {
      const Class = {
        'at-least': GreaterThanEqualsFilter,
        'at-most': LessThanEqualsFilter,
        approximate: ApproximateFilter,
      }[which];
      return { wire: new Class({ attribute, value }), read: { kind: which, attribute, value: Buffer.from(value) } };
    }),
  fc
    .record({
      attribute,
      initial: fc.option(text, { nil: '' }),
      any: fc.array(text, { maxLength: 3 }),
      final: fc.option(text, { nil: '' }),
    })
    .map(({ attribute, initial, any, final }) => ({
      wire: new SubstringFilter({ attribute, initial, any, final }),
      read: {
        kind: 'substrings' as const,
        attribute,
        any: any.map((part) => Buffer.from(part)),
        ...(initial === '' ? {} : { initial: Buffer.from(initial) }),
        ...(final === '' ? {} : { final: Buffer.from(final) }),
      },
    })),
  fc
    .record({ matchType: attribute, value: text, dnAttributes: fc.boolean() })
    .map(({ matchType, value, dnAttributes }) => ({
      wire: new ExtensibleFilter({ matchType, value, rule: '1.2.840.113556.1.4.803', dnAttributes }),
      read: {
        kind: 'extensible' as const,
        attribute: matchType,
        rule: '1.2.840.113556.1.4.803',
        value: Buffer.from(value),
      },
    })),
);
const pair: fc.Arbitrary<Pair> = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.tuple(fc.boolean(), fc.array(tie('pair'), { maxLength: 4 })).map(([and, parts]) => ({
      wire: new (and ? AndFilter : OrFilter)({ filters: parts.map(({ wire }) => wire) }),
      read: { kind: and ? ('and' as const) : ('or' as const), filters: parts.map(({ read }) => read) },
    })),
    tie('pair').map(({ wire, read }) => ({
      wire: new NotFilter({ filter: wire }),
      read: { kind: 'not' as const, filter: read },
    })),
  ),
})).pair;

const encode = (filter: WireFilter): Buffer => {
  const writer = new BerWriter();
  filter.write(writer);
  return writer.buffer;
};

test('a filter is read as it was written, its values byte for byte', () => {
  fc.assert(
    fc.property(pair, ({ wire, read }) => {
      const reader = new BerReader(encode(wire));
      expect(readFilter(reader)).toEqual(read);
      expect(reader.remain).toBe(0);
    }),
  );
});

test('bytes that are no filter, or part of one, are an error and no loop', () => {
  fc.assert(
    fc.property(pair, fc.nat(), fc.uint8Array(), ({ wire }, cut, noise) => {
      const whole = encode(wire);
      for (const broken of [whole.subarray(0, cut % whole.length), Buffer.from(noise)]) {
        try {
          readFilter(new BerReader(broken));
        } catch (error) {
          // An endless recursion would be a RangeError too, with these words.
          expect(String(error)).not.toContain('call stack');
        }
      }
    }),
  );
});
