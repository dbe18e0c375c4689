import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AEAD_OVERHEAD_BYTES, AeadError, aeadOpen, aeadSeal } from './aead.ts';

const bytes = fc.uint8Array({ maxLength: 500 });

test('What is sealed opens with the same key and context, whatever it is', () => {
  fc.assert(
    fc.property(bytes, bytes, (plaintext, context) => {
      const key = randomBytes(32);
      const sealed = aeadSeal(key, plaintext, context);
      expect(sealed).toHaveLength(plaintext.length + AEAD_OVERHEAD_BYTES);
      expect(new Uint8Array(aeadOpen(key, sealed, context))).toEqual(plaintext);
      expect(() => aeadOpen(randomBytes(32), sealed, context)).toThrow(AeadError);
      expect(() => aeadOpen(key, sealed, Buffer.concat([context, Buffer.of(0)]))).toThrow(AeadError);
    }),
  );
});

test('Any changed or missing byte is refused', () => {
  const key = randomBytes(32);
  const sealed = aeadSeal(key, Buffer.from('plaintext'), Buffer.alloc(0));
  for (let i = 0; i < sealed.length; i++) {
    const bent = Buffer.from(sealed);
    bent[i] = (bent[i] ?? 0) ^ 0x80;
    expect(() => aeadOpen(key, bent, Buffer.alloc(0))).toThrow(AeadError);
    expect(() => aeadOpen(key, sealed.subarray(0, i), Buffer.alloc(0))).toThrow(AeadError);
  }
});
