/**
 * Encrypts every payload that enters Temporal: the whole payload with its own metadata, so that not even the type of what
 * is inside shows. The ciphertext names its key, so that histories stay readable after the key was rotated.
 */
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { LockstepError } from '../shared/errors.ts';
import { AeadError, aeadOpen, aeadSeal } from '../security/aead.ts';
import type { InstallationKeys } from '../security/installation-keys.ts';

const PayloadMessage = proto.temporal.api.common.v1.Payload;

const ENCRYPTED = Buffer.from('binary/encrypted', 'utf8');
const KEY_ID = 'key';

/**
 * Longest summary of a workflow, activity or timer, in bytes of UTF-8, that after encryption is still within the server's
 * limit of 400 bytes (`limit.userMetadataSummarySize`, temporalio/temporal common/dynamicconfig/constants.go). JSON and
 * encryption make 391 of 256. Server 1.29.1 was measured to let longer ones pass (November 2026); later ones need not.
 */
export const MAX_SUMMARY_BYTES = 256;

const additionalData = (keyId: string): Buffer => Buffer.from(`lockstep temporal payload ${keyId}`, 'utf8');

export class EncryptionCodec implements PayloadCodec {
  readonly #keys: InstallationKeys;
  constructor(keys: InstallationKeys) {
    this.#keys = keys;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    const { id, key } = await this.#keys.active();
    return payloads.map((payload) => ({
      metadata: { encoding: ENCRYPTED, [KEY_ID]: Buffer.from(id, 'utf8') },
      data: aeadSeal(key, PayloadMessage.encode(payload).finish(), additionalData(id)),
    }));
  }

  /**
   * Payloads that are not encrypted pass unchanged: a workflow's input is no authority, so nothing is gained by inventing one.
   * @throws LockstepError ConfigInvalid `codec.payload-unreadable` (unknown key, or changed bytes)
   */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map(async (payload) => (isEncrypted(payload) ? this.#open(payload) : payload)));
  }

  async #open(payload: Payload): Promise<Payload> {
    const id = Buffer.from(payload.metadata?.[KEY_ID] ?? []).toString('utf8');
    const key = await this.#keys.find(id);
    if (key === undefined) throw unreadable(`it names the key "${id.slice(0, 36)}", which this installation does not have`);
    try {
      return PayloadMessage.decode(aeadOpen(key.key, payload.data ?? new Uint8Array(), additionalData(id)));
    } catch (cause) {
      if (cause instanceof AeadError) throw unreadable('its bytes were changed', cause);
      throw cause;
    }
  }
}

export const isEncrypted = (payload: Payload): boolean => ENCRYPTED.equals(payload.metadata?.['encoding'] ?? new Uint8Array());

const unreadable = (why: string, cause?: unknown): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'codec.payload-unreadable',
    message: `A payload of Temporal cannot be decrypted: ${why}.`,
    next: 'Check that this server uses the database that belongs to this Temporal namespace.',
    cause,
  });
