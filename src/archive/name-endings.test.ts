import fc from 'fast-check';
import { nameEndings, sortKey } from './directory-text.ts';

test.each([
  ['ada', []],
  ['ada, countess of lovelace', ['countess of lovelace ada,', 'of lovelace ada, countess', 'lovelace ada, countess of']],
  ["anne-marie o'neil", ["marie o'neil anne-", "o'neil anne-marie", "neil anne-marie o'"]],
  ['a a a', ['a a a']],
  ['(external) jo', ['external) jo (', 'jo (external)']],
])('%s is found by %j too', (key, endings) => expect(nameEndings(key)).toEqual(endings));

test('every ending is an end of the key that begins with a word and what comes before it, at most eight', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      const key = sortKey(name);
      const endings = nameEndings(key);
      expect(endings.length).toBeLessThanOrEqual(8);
      for (const ending of endings) {
        expect(ending).toMatch(/^[\p{L}\p{N}]/u);
        const whole = [...key].filter((character) => character !== ' ').sort();
        expect([...ending].filter((character) => character !== ' ').sort()).toEqual(whole);
      }
    }),
  );
});
