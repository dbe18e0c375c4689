/** Tokens of the API: 256 random bits, shown once, stored as their hash. */
import { createHash, randomBytes } from 'node:crypto';

export type ApiTokenKind = 'installation' | 'organisation';

/** So that a leaked token is recognised by people and by secret scanners. */
const prefixes: Readonly<Record<ApiTokenKind, string>> = { installation: 'lsi_', organisation: 'lso_' };

/** A new token and what is stored of it. */
export function newApiToken(kind: ApiTokenKind): { token: string; hash: Buffer } {
  const token = `${prefixes[kind]}${randomBytes(32).toString('base64url')}`;
  return { token, hash: hashApiToken(token) };
}

/** SHA-256 without salt or stretching: the token is 256 random bits, so there is nothing to guess. */
export function hashApiToken(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}
