import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { generateSealKeyPair, isSealPublicKey, openSealed, sealTo } from './seal.ts';

test('What is sealed opens with the private key and the same purpose, and shows nothing of itself', async () => {
  const { publicKey, privateKey } = await generateSealKeyPair();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.string(), async (bytes, info) => {
      const plaintext = Buffer.from(bytes);
      const sealed = await sealTo(publicKey, plaintext, info);
      expect(await openSealed(privateKey, sealed, info)).toEqual(plaintext);
      if (plaintext.length > 8) expect(sealed.includes(plaintext)).toBe(false);
    }),
    { numRuns: 50 },
  );
});

test('Another key, another purpose and any changed or missing byte are refused alike', async () => {
  const { publicKey, privateKey } = await generateSealKeyPair();
  const other = await generateSealKeyPair();
  const sealed = await sealTo(publicKey, Buffer.from('password'), 'a');
  const refusal = { class: 'ConfigInvalid', code: 'seal.not-for-this-key' };
  await expect(openSealed(other.privateKey, sealed, 'a')).rejects.toMatchObject(refusal);
  await expect(openSealed(privateKey, sealed, 'b')).rejects.toMatchObject(refusal);
  for (let i = 0; i < sealed.length; i++) {
    const bent = Buffer.from(sealed);
    bent[i] = (bent[i] ?? 0) ^ 1;
    await expect(openSealed(privateKey, bent, 'a')).rejects.toMatchObject(refusal);
    await expect(openSealed(privateKey, sealed.subarray(0, i), 'a')).rejects.toMatchObject(refusal);
  }
});

test('What the first version sealed still opens', async () => {
  const privateKey = Buffer.from('Ev7853j7e7K44H44GZ2gRjuPuxwZ50AMZse88oJuc5c=', 'base64');
  const sealed = Buffer.from(
    'AQT6mX23gIAtHLKk1wLSi6a8lIsqxg0Za7Hxg1hEvbRBjd/ICV65dRe+8k7Lz/0gAydjtr7EnI/2D+mxdk0cUg1zIYbllyX0qHx/ob+lacJDbCbhItyM86eG/A==',
    'base64',
  );
  expect((await openSealed(privateKey, sealed, 'directory-credential:x')).toString('utf8')).toBe('pässword');
});

test('A public key is a point of P-256 in its uncompressed form, nothing else', async () => {
  const { publicKey } = await generateSealKeyPair();
  expect(await isSealPublicKey(publicKey)).toBe(true);
  for (const bad of [Buffer.alloc(0), Buffer.alloc(65), publicKey.subarray(0, 64), Buffer.concat([Buffer.of(4), Buffer.alloc(64, 9)])]) {
    expect(await isSealPublicKey(bad)).toBe(false);
    await expect(sealTo(bad, Buffer.from('x'), 'a')).rejects.toMatchObject({ code: 'seal.public-key-invalid' });
  }
});
