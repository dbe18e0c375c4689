/**
 * Task tokens as sites see them: Temporal's token, sealed for one site. Whoever holds a Temporal task token can answer the
 * task; sealed, it is good only in the hands of the site that polled it, and nobody can make one.
 *
 * Bytes: version (1) | key id (16) | nonce (12) | ciphertext | tag (16); additional data: the site's id.
 */
import { AeadError, aeadOpen, aeadSeal } from '../security/aead.ts';
import type { InstallationKeys } from '../security/installation-keys.ts';
import { deriveFor } from '../security/signed-token.ts';
import type { SiteId } from '../shared/ids.ts';

const VERSION = 1;
const KEY_ID_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES;
const USE = 'task-token';
/** How long a task that was handed out under a retired key can still be answered. One that takes longer starts again. */
const RETIRED_KEY_MS = 24 * 3_600_000;

const additionalData = (header: Uint8Array, site: SiteId): Buffer => Buffer.concat([header, Buffer.from(site, 'utf8')]);

export async function sealTaskToken(keys: InstallationKeys, site: SiteId, token: Uint8Array): Promise<Buffer> {
  const key = await keys.active();
  const header = Buffer.concat([Buffer.of(VERSION), Buffer.from(key.id.replaceAll('-', ''), 'hex')]);
  return Buffer.concat([header, aeadSeal(deriveFor(key, USE), token, additionalData(header, site))]);
}

/** Temporal's token; undefined when it was not sealed here for this site. */
export async function openTaskToken(
  keys: InstallationKeys,
  site: SiteId,
  sealed: Uint8Array,
  now = Date.now(),
): Promise<Buffer | undefined> {
  if (sealed[0] !== VERSION || sealed.length < HEADER_BYTES) return undefined;
  const header = sealed.subarray(0, HEADER_BYTES);
  const id = Buffer.from(header.subarray(1)).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const key = await keys.find(id);
  if (key === undefined || (key.retiredAt !== null && now - key.retiredAt.getTime() > RETIRED_KEY_MS)) return undefined;
  try {
    return aeadOpen(deriveFor(key, USE), sealed.subarray(HEADER_BYTES), additionalData(header, site));
  } catch (error) {
    if (error instanceof AeadError) return undefined;
    throw error;
  }
}
