import fc from 'fast-check';
import { guidAssertion, guidText } from './object-guid.ts';

describe('guidText', () => {
  test('writes the first three fields in reverse', () => {
    const bytes = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    expect(guidText(bytes)).toBe('33221100-5544-7766-8899-aabbccddeeff');
  });

  test('can be turned back into the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.uint8Array({ maxLength: 5 }), (guid, before) => {
        const text = guidText(Buffer.concat([before, guid]), before.length, before.length + 16) ?? '';
        const hex = text.replaceAll('-', '');
        const reversed = (from: number, to: number) => hex.slice(from, to).match(/../g)?.reverse().join('') ?? '';
        expect(Buffer.from(reversed(0, 8) + reversed(8, 12) + reversed(12, 16) + hex.slice(16), 'hex')).toEqual(Buffer.from(guid));
      }),
    );
  });

  test.each([0, 15, 17])('is none of %i bytes', (length) => expect(guidText(Buffer.alloc(length))).toBeNull());
});

test('guidAssertion is the bytes that guidText reads', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const assertion = guidAssertion(guidText(Buffer.from(bytes)) ?? '');
      expect(assertion).toMatch(/^(\\[0-9a-f]{2}){16}$/);
      expect(Buffer.from(assertion.replaceAll('\\', ''), 'hex')).toEqual(Buffer.from(bytes));
    }),
  );
});
