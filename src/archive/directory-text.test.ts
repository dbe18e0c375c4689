import fc from 'fast-check';
import { cutText, isStorable, simpleLowerCase, sortKey, storable } from './directory-text.ts';

const anyText = fc.string({ unit: 'binary' });
const brokenText = fc
  .array(fc.oneof(fc.constantFrom('\0', '\uD800', '\uDFFF'), anyText))
  .map((parts) => parts.join(''));

test('what cannot be kept is replaced, everything else stays', () => {
  expect(storable('a\0b\uD800c')).toBe('a\u{FFFD}b\u{FFFD}c');
  expect(storable('Zoë 🎉')).toBe('Zoë 🎉');
  fc.assert(fc.property(brokenText, (text) => isStorable(storable(text)) && storable(text).length === text.length));
});

test('a cut never leaves half a character', () => {
  expect(cutText('ab🎉', 3)).toBe('ab');
  fc.assert(
    fc.property(anyText, fc.nat({ max: 20 }), (text, length) => {
      const cut = cutText(text, length);
      return (
        cut.length <= length &&
        cut.length >= Math.min(text.length, length) - 1 &&
        text.startsWith(cut) &&
        cut.isWellFormed()
      );
    }),
  );
});

test('a sort key ignores accents, case and spaces, and is its own sort key', () => {
  expect(sortKey('  Zoë   ÅNGSTRÖM ')).toBe('zoe angstrom');
  fc.assert(fc.property(anyText, (text) => sortKey(sortKey(text)) === sortKey(text) && sortKey(text).length <= 200));
});

test('case folding depends on neither length nor neighbours', () => {
  expect(simpleLowerCase('ΟΔΥΣΣΕΥΣ')).toBe(simpleLowerCase('οδυσσευς'));
  expect(simpleLowerCase('Straße')).toBe('straße');
  fc.assert(
    fc.property(
      anyText,
      anyText,
      (a, b) =>
        simpleLowerCase(a + b) === simpleLowerCase(a) + simpleLowerCase(b) && simpleLowerCase(a).length === a.length,
    ),
  );
});
