import fc from 'fast-check';
import { nameEndings, sortKey } from './directory-text.ts';

test.each([
  ['ada', []],
  ['ada, countess of lovelace', ['countess of lovelace', 'of lovelace', 'lovelace']],
  ["anne-marie o'neil", ["marie o'neil", "o'neil", 'neil']],
  ['a a a', ['a a', 'a']],
  ['(external) jo', ['external) jo', 'jo']],
])('%s is found by %j too', (key, endings) => expect(nameEndings(key)).toEqual(endings));

test('every ending is an end of the key that begins with a word, at most eight', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      const key = sortKey(name);
      const endings = nameEndings(key);
      expect(endings.length).toBeLessThanOrEqual(8);
      for (const ending of endings) {
        expect(key.endsWith(ending)).toBe(true);
        expect(ending).toMatch(/^[\p{L}\p{N}]/u);
        expect(ending.length).toBeLessThan(key.length);
      }
    }),
  );
});
