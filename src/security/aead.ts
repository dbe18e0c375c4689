/**
 * AES-256-GCM with the context bound as additional data.
 *
 * A key may seal at most 2^32 messages, because the nonce is random (NIST SP 800-38D §8.3). The busiest key here is the
 * Temporal codec's: at 10 payloads a second it reaches that after 13 years; rotation starts a new count.
 *
 * Bytes: nonce (12) | ciphertext | tag (16).
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const AEAD_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

/** The bytes are not what this key sealed in this context. */
export class AeadError extends Error {
  override readonly name = 'AeadError';
}

export function aeadSeal(key: Uint8Array, plaintext: Uint8Array, context: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(context);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** @throws AeadError other key, other context, or changed bytes */
export function aeadOpen(key: Uint8Array, sealed: Uint8Array, context: Uint8Array): Buffer {
  if (sealed.length < AEAD_OVERHEAD_BYTES) throw new AeadError('too short');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(context);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()]);
  } catch {
    throw new AeadError('not sealed by this key in this context');
  }
}
