/** What a site signs with its Ed25519 key (RFC 8032), and the check of it. */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { RotateSiteKeysRequest } from '../shared/site-contract.ts';

/** `aud` of the assertions with which a site asks for tokens. */
export const ASSERTION_AUDIENCE = 'lockstep';

/** Proves, at enrolment, that the key pair and the code are the sender's. */
export const enrolmentText = (code: string, sealPublicKey: string): string => `lockstep-enrol\n${code}\n${sealPublicKey}`;

/** Everything that a change of keys changes: signed by the old key and by the new one. */
export const rotationText = (site: string, request: Omit<RotateSiteKeysRequest, 'signature' | 'proof'>): string =>
  [
    'lockstep-rotate-keys',
    site,
    createHash('sha256').update(request.signPublicKey).digest('hex'),
    request.sealPublicKey,
    ...request.credentials.map(({ context, replaces, sealed }) => `${context} ${replaces} ${sealed}`),
  ].join('\n');

/** base64 */
export const signText = (privateKey: KeyObject, text: string): string =>
  sign(null, Buffer.from(text, 'utf8'), privateKey).toString('base64');

/** An Ed25519 public key from its SPKI PEM; undefined for anything else. */
export function signPublicKeyOf(pem: string): KeyObject | undefined {
  try {
    // A private key's PEM would be accepted too, and would end up in the database.
    if (!/^-----BEGIN PUBLIC KEY-----\r?\n/.test(pem)) return undefined;
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

export const isSignatureOf = (publicKey: KeyObject, text: string, signature: string): boolean =>
  verify(null, Buffer.from(text, 'utf8'), publicKey, Buffer.from(signature, 'base64'));

/** Names a site's signing key in its access tokens, so that they end with the key. */
export const signKeyThumbprint = (signPublicKey: string): string =>
  createHash('sha256').update(signPublicKey.trim()).digest('base64url').slice(0, 22);
