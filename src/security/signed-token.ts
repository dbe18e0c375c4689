/**
 * Tokens that the installation signs and reads itself: HS256 (RFC 7515), keyed by the installation's token key. Each use
 * has its own derived key and audience, so that a token of one use is nothing in another.
 */
import { hkdfSync } from 'node:crypto';
import { type JWTPayload, errors as joseErrors, jwtVerify, SignJWT } from 'jose';
import { KEY_BYTES } from './aead.ts';
import type { InstallationKeys, NamedKey } from './installation-keys.ts';

export interface TokenUse {
  readonly audience: string;
  readonly lifetimeSeconds: number;
}
export const SITE_ACCESS = { audience: 'lockstep-site', lifetimeSeconds: 600 } as const satisfies TokenUse;
export const TEMPORAL_UI_COOKIE = { audience: 'lockstep-temporal-ui', lifetimeSeconds: 8 * 3600 } as const satisfies TokenUse;

/** A derived key for one use of an installation key. */
export const deriveFor = (key: NamedKey, use: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key.key, Buffer.alloc(0), `lockstep token key: ${use}`, KEY_BYTES));

/** A token with the claims, valid for the use's lifetime from `now`. */
export async function signToken(keys: InstallationKeys, use: TokenUse, claims: JWTPayload, now = new Date()): Promise<string> {
  const key = await keys.active();
  const seconds = Math.floor(now.getTime() / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: key.id })
    .setAudience(use.audience)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + use.lifetimeSeconds)
    .sign(deriveFor(key, use.audience));
}

/**
 * The claims of a token that this installation signed for the use and that has not expired; undefined for anything else.
 * A retired key is good for as long as tokens it may have signed: a stolen one is worthless after that.
 */
export async function verifyToken(
  keys: InstallationKeys,
  use: TokenUse,
  token: string,
  now = new Date(),
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = kid === undefined ? undefined : await keys.find(kid);
        const retiredFor = key === undefined || key.retiredAt === null ? 0 : now.getTime() - key.retiredAt.getTime();
        if (key === undefined || retiredFor > use.lifetimeSeconds * 1000) throw new joseErrors.JWKSNoMatchingKey();
        return deriveFor(key, use.audience);
      },
      { algorithms: ['HS256'], audience: use.audience, requiredClaims: ['exp'], currentDate: now },
    );
    return payload;
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) return undefined;
    throw error;
  }
}
