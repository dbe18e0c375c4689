/**
 * Sealing to a public key: HPKE base mode (RFC 9180) with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM.
 * Only the holder of the private key can open what was sealed; not even the sealer can.
 *
 * Sealed bytes: version (1) | encapsulated key (65, raw uncompressed point) | ciphertext and tag.
 */
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import { LockstepError } from '../shared/errors.ts';

const VERSION = 1;
const ENCAPSULATED_BYTES = 65;
const TAG_BYTES = 16;

const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** An ArrayBuffer of its own: a Buffer may be a window into a shared pool. */
const exact = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

/** `info` of the password of a directory integration. */
export const directoryCredentialInfo = (integrationId: string): string => `directory-credential:${integrationId}`;
/** `info` of the password of an exchange connection. */
export const connectionCredentialInfo = (connectionId: string): string => `connection-credential:${connectionId}`;
/** Every `info` of a password. */
export const credentialContextPattern = /^(?:directory|connection)-credential:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A key pair to seal to: the public key as a raw uncompressed point (65 bytes), the private key as its scalar (32 bytes). */
export async function generateSealKeyPair(): Promise<{ publicKey: Buffer; privateKey: Buffer }> {
  const pair = await suite.kem.generateKeyPair();
  return {
    publicKey: Buffer.from(await suite.kem.serializePublicKey(pair.publicKey)),
    privateKey: Buffer.from(await suite.kem.serializePrivateKey(pair.privateKey)),
  };
}

/** True for the raw uncompressed form of a point of P-256. */
export async function isSealPublicKey(publicKey: Uint8Array): Promise<boolean> {
  try {
    await suite.kem.deserializePublicKey(exact(publicKey));
    return true;
  } catch {
    return false;
  }
}

/**
 * Seals `plaintext` to the holder of the private key of `publicKey`. `info` says what it is for; opening needs the same.
 * @throws LockstepError ConfigInvalid `seal.public-key-invalid`
 */
export async function sealTo(publicKey: Buffer, plaintext: Buffer, info: string): Promise<Buffer> {
  let recipientPublicKey: CryptoKey;
  try {
    recipientPublicKey = await suite.kem.deserializePublicKey(exact(publicKey));
  } catch (cause) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'seal.public-key-invalid',
      message: 'The public key to seal to is no point of P-256.',
      next: 'Enrol the site again: it makes a new key pair.',
      cause,
    });
  }
  const sender = await suite.createSenderContext({ recipientPublicKey, info: Buffer.from(info, 'utf8') });
  const ciphertext = await sender.seal(exact(plaintext));
  return Buffer.concat([Buffer.of(VERSION), Buffer.from(sender.enc), Buffer.from(ciphertext)]);
}

/**
 * Opens what was sealed with the same `info` to the public key of `privateKey`.
 * @throws LockstepError ConfigInvalid `seal.not-for-this-key`: other key, other info, or changed bytes; which one cannot be told
 */
export async function openSealed(privateKey: Buffer, sealed: Buffer, info: string): Promise<Buffer> {
  try {
    if (sealed[0] !== VERSION || sealed.length < 1 + ENCAPSULATED_BYTES + TAG_BYTES) throw new Error('unknown form');
    const recipient = await suite.createRecipientContext({
      recipientKey: await suite.kem.deserializePrivateKey(exact(privateKey)),
      enc: exact(sealed.subarray(1, 1 + ENCAPSULATED_BYTES)),
      info: Buffer.from(info, 'utf8'),
    });
    return Buffer.from(await recipient.open(exact(sealed.subarray(1 + ENCAPSULATED_BYTES))));
  } catch (cause) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'seal.not-for-this-key',
      message: 'A sealed credential cannot be opened with the key of this site.',
      next: 'Set the password of the integration again, so that it is sealed to the present key of the site.',
      cause,
    });
  }
}
