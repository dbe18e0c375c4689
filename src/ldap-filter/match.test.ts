import fc from 'fast-check';
import type { Filter } from './filter.ts';
import { matcher, type ObjectSource, type Truth } from './match.ts';
import { attributeType } from './schema.ts';

const source: ObjectSource<Readonly<Record<string, readonly string[]>>> = {
  values: (object, attribute) => object[attribute] ?? [],
  attributeType,
  rootDn: 'DC=a,DC=test',
  inChain: () => () => undefined,
};

describe('against a slow and obvious evaluation', () => {
  /** Few values, so that equality is often true; letters whose case and accents AD ignores. */
  const word = fc
    .array(fc.constantFrom('a', 'A', 'b', 'é', 'E', 'ß', ' '), { minLength: 1, maxLength: 4 })
    .map((letters) => letters.join(''));
  const number = fc.integer({ min: -5, max: 5 }).map(String);
  const attributes = fc.record(
    { title: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }), countryCode: number },
    { requiredKeys: [] },
  );
  const name = fc.constantFrom('title', 'TITLE', 'countryCode', 'noSuchAttribute');
  const value = fc.oneof(word, number).map((text) => Buffer.from(text));
  const filter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
    filter: fc.oneof(
      { depthSize: 'small' },
      fc.record({
        kind: fc.constantFrom('equal' as const, 'at-least' as const, 'at-most' as const, 'approximate' as const),
        attribute: name,
        value,
      }),
      fc.record({ kind: fc.constant('present' as const), attribute: name }),
      fc.record({
        kind: fc.constant('substrings' as const),
        attribute: name,
        initial: value,
        any: fc.array(value, { maxLength: 2 }),
        final: value,
      }),
      fc.record({
        kind: fc.constant('extensible' as const),
        rule: fc.constantFrom('1.2.840.113556.1.4.803', '1.2.840.113556.1.4.804', '1.2.3'),
        attribute: name,
        value,
      }),
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        filters: fc.array(tie('filter'), { maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('not' as const), filter: tie('filter') }),
    ),
  })).filter;

  // Numbers for three-valued logic: false 0, undefined 1, true 2; "and" is the least, "or" the greatest, "not" 2 minus.
  const plain = (text: string): string =>
    text
      .normalize('NFD')
      .replace(/[\u0300-\u036f]/g, '')
      .toLowerCase();
  const isInteger = (text: string): boolean => /^-?\d+$/.test(text);
  function oracle(filter: Filter, of: Readonly<Record<string, readonly string[]>>): 0 | 1 | 2 {
    switch (filter.kind) {
      case 'and':
        return Math.min(2, ...filter.filters.map((part) => oracle(part, of))) as 0 | 1 | 2;
      case 'or':
        return Math.max(0, ...filter.filters.map((part) => oracle(part, of))) as 0 | 1 | 2;
      case 'not':
        return (2 - oracle(filter.filter, of)) as 0 | 1 | 2;
      case 'present':
      case 'equal':
      case 'approximate':
      case 'at-least':
      case 'at-most':
      case 'substrings':
      case 'extensible': {
        const attribute = filter.attribute?.toLowerCase() ?? '';
        if (attribute !== 'title' && attribute !== 'countrycode') return 1;
        const values = of[attribute] ?? [];
        const any = (test: (value: string) => boolean): 0 | 2 => (values.some(test) ? 2 : 0);
        if (filter.kind === 'present') return values.length > 0 ? 2 : 0;
        const numeric = attribute === 'countrycode';
        if (filter.kind === 'substrings') {
          if (numeric) return 1;
          const escaped = [filter.initial ?? '', ...filter.any, filter.final ?? ''].map((part) =>
            plain(String(part)).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
          );
          const pattern = new RegExp(`^${escaped.join('[^]*')}$`);
          return any((stored) => pattern.test(plain(stored)));
        }
        const asserted = filter.value.toString();
        if (filter.kind === 'extensible') {
          if (!numeric || !isInteger(asserted) || filter.rule === '1.2.3') return 1;
          const bits = (stored: string) => Number(stored) & Number(asserted);
          return any((stored) =>
            filter.rule === '1.2.840.113556.1.4.803' ? bits(stored) === Number(asserted) : bits(stored) !== 0,
          );
        }
        if (numeric && !isInteger(asserted)) return 1;
        const difference = (stored: string): number =>
          numeric
            ? Number(stored) - Number(asserted)
            : plain(stored) === plain(asserted)
              ? 0
              : plain(stored) < plain(asserted)
                ? -1
                : 1;
        return any(
          (stored) =>
            ({
              equal: difference(stored) === 0,
              approximate: difference(stored) === 0,
              'at-least': difference(stored) >= 0,
              'at-most': difference(stored) <= 0,
            })[filter.kind],
        );
      }
    }
  }

  test('every filter says the same of every object', () => {
    const truths: readonly Truth[] = [false, undefined, true];
    fc.assert(
      fc.property(attributes, filter, (given, filter) => {
        const expected =
          truths[
            oracle(filter, {
              title: given.title ?? [],
              countrycode: given.countryCode === undefined ? [] : [given.countryCode],
            })
          ];
        const it = { title: given.title ?? [], countryCode: given.countryCode === undefined ? [] : [given.countryCode] };
        expect(matcher(filter, source)(it)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
