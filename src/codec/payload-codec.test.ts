import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import proto from '@temporalio/proto';
import fc from 'fast-check';
import type { InstallationKeys, NamedKey } from '../security/installation-keys.ts';
import { EncryptionCodec, isEncrypted, MAX_SUMMARY_BYTES } from './payload-codec.ts';

const newKey = (): NamedKey => ({ id: randomUUID(), key: randomBytes(32), retiredAt: null });
const keysOf = (active: NamedKey, ...others: NamedKey[]): InstallationKeys => ({
  active: async () => active,
  find: async (id) => [active, ...others].find((key) => key.id === id),
});
const size = (payload: object) => proto.temporal.api.common.v1.Payload.encode(payload).finish().length;

test('Any payload comes back as it was, with its metadata, and shows neither', async () => {
  const codec = new EncryptionCodec(keysOf(newKey()));
  const metadata = fc.dictionary(fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'), fc.uint8Array());
  await fc.assert(
    fc.asyncProperty(metadata, fc.uint8Array({ maxLength: 1000 }), async (given, data) => {
      const [encoded] = await codec.encode([{ metadata: given, data }]);
      expect(encoded === undefined ? false : isEncrypted(encoded)).toBe(true);
      expect(Object.keys(encoded?.metadata ?? {}).sort()).toEqual(['encoding', 'key']);
      const [decoded] = await codec.decode([encoded ?? {}]);
      expect(Buffer.from(decoded?.data ?? [])).toEqual(Buffer.from(data));
      expect(Object.keys(decoded?.metadata ?? {}).sort()).toEqual(Object.keys(given).sort());
    }),
  );
});

test('The longest summary stays within 400 bytes when it is encrypted', async () => {
  const [encoded] = await new EncryptionCodec(keysOf(newKey())).encode([
    { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify('x'.repeat(MAX_SUMMARY_BYTES))) },
  ]);
  expect(size(encoded ?? {})).toBe(391);
});

test('Payloads that are not encrypted pass; an unknown key and changed bytes are refused', async () => {
  const [key, old] = [newKey(), newKey()];
  const codec = new EncryptionCodec(keysOf(key, old));
  const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('1') };
  expect(await codec.decode([plain, {}])).toEqual([plain, {}]);
  const [byOld] = await new EncryptionCodec(keysOf(old)).encode([plain]);
  expect(Buffer.from((await codec.decode([byOld ?? {}]))[0]?.data ?? []).toString()).toBe('1');

  const refusal = { class: 'ConfigInvalid', code: 'codec.payload-unreadable' };
  const [foreign] = await new EncryptionCodec(keysOf(newKey())).encode([plain]);
  await expect(codec.decode([foreign ?? {}])).rejects.toMatchObject(refusal);
  const [encoded] = await codec.encode([plain]);
  const bent = Buffer.from(encoded?.data ?? []);
  bent[20] = (bent[20] ?? 0) ^ 1;
  await expect(codec.decode([{ ...encoded, data: bent }])).rejects.toMatchObject(refusal);
  await expect(codec.decode([{ metadata: encoded?.metadata ?? {}, data: null }])).rejects.toMatchObject(refusal);
});
