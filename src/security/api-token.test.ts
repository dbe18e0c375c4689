import { expect, test } from '@jest/globals';
import { hashApiToken, newApiToken } from './api-token.ts';

test('A token says what it is for, has 256 random bits, and is recognised by its hash alone', () => {
  const tokens = (['installation', 'organisation'] as const).map((kind) => newApiToken(kind));
  expect(tokens[0]?.token).toMatch(/^lsi_[A-Za-z0-9_-]{43}$/);
  expect(tokens[1]?.token).toMatch(/^lso_[A-Za-z0-9_-]{43}$/);
  for (const { token, hash } of tokens) {
    expect(hashApiToken(token)).toEqual(hash);
    expect(hashApiToken(`${token}x`)).not.toEqual(hash);
  }
  expect(new Set(Array.from({ length: 100 }, () => newApiToken('organisation').token)).size).toBe(100);
});
