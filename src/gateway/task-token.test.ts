import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { siteId } from '../shared/ids.ts';
import { openTaskToken, sealTaskToken } from './task-token.ts';

const key = { id: randomUUID(), key: randomBytes(32), retiredAt: null };
const keys = { active: async () => key, find: async (id: string) => (id === key.id ? key : undefined) };
const [berlin, paris] = [siteId(randomUUID()), siteId(randomUUID())];

test('A task token opens for its site alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (token) => {
      const sealed = await sealTaskToken(keys, berlin, token);
      expect(new Uint8Array((await openTaskToken(keys, berlin, sealed)) ?? [0])).toEqual(token);
      expect(await openTaskToken(keys, paris, sealed)).toBeUndefined();
    }),
  );
});

test('What was not sealed here opens for nobody, whatever bytes it has', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => expect(await openTaskToken(keys, berlin, bytes)).toBeUndefined()));
  const sealed = await sealTaskToken(keys, berlin, Buffer.from('token'));
  for (let i = 0; i < sealed.length; i++) {
    const bent = Buffer.from(sealed);
    bent[i] = (bent[i] ?? 0) ^ 1;
    expect(await openTaskToken(keys, berlin, bent)).toBeUndefined();
  }
});
