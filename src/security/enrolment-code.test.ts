import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hashEnrolmentCode, newEnrolmentCode } from './enrolment-code.ts';

test('A code has four groups of four letters and digits that cannot be taken for one another', () => {
  for (let i = 0; i < 200; i++) expect(newEnrolmentCode().code).toMatch(/^(?:[0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
});

test('However a person types a code, its hash is the same', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('upper', 'spaces', 'none', 'look-alikes'), { maxLength: 4 }), (habits) => {
      const { code, hash } = newEnrolmentCode();
      const typed = habits.reduce((text, habit) => {
        if (habit === 'upper') return text.toUpperCase();
        if (habit === 'spaces') return ` ${text.replaceAll('-', ' ')}\n`;
        if (habit === 'none') return text.replaceAll('-', '');
        return text.replaceAll('0', 'O').replaceAll('1', 'l');
      }, code);
      expect(hashEnrolmentCode(typed)).toEqual(hash);
    }),
  );
});

test('Another code has another hash', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 18 }), fc.constantFrom(...'23456789abcdefgh'), (at, digit) => {
      const { code, hash } = newEnrolmentCode();
      if (code[at] === '-' || code[at] === digit) return;
      expect(hashEnrolmentCode(code.slice(0, at) + digit + code.slice(at + 1))).not.toEqual(hash);
    }),
  );
});
