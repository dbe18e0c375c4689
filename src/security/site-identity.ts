/**
 * The site's side of its identity: enrolment, assertions, opening of what was sealed to it, and replacement of its keys.
 * All nodes of a site share one identity: the state folder is copied to each.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { LockstepError } from '../shared/errors.ts';
import { type ConnectionId, type IntegrationId, siteId, type SiteId } from '../shared/ids.ts';
import { SITE_CONTRACT_VERSION } from '../shared/site-contract.ts';
import { connectionCredentialInfo, directoryCredentialInfo, generateSealKeyPair, openSealed, sealTo } from './seal.ts';
import {
  identityPath,
  identityVersion,
  promoteNextIdentity,
  readIdentity,
  readNextIdentity,
  type StoredIdentity,
  writeIdentity,
  writeNextIdentity,
} from './site-identity-file.ts';
import type { SitePlatform } from './site-platform.ts';
import { ASSERTION_AUDIENCE, enrolmentText, rotationText, signKeyThumbprint, signText } from './site-signature.ts';

const ASSERTION_SECONDS = 60;

export class SiteIdentity {
  readonly #stateFolder: string;
  #stored: StoredIdentity;
  #signKey: { readonly of: string; readonly id: string } | undefined;
  /** The file as it was when it was read last. */
  #version: string | undefined;

  private constructor(stateFolder: string, stored: StoredIdentity) {
    this.#stateFolder = stateFolder;
    this.#stored = stored;
  }

  /**
   * The identity in the state folder; undefined when the site was never enrolled.
   * @throws LockstepError ConfigInvalid `site.identity-readable`, `site.identity-damaged`
   */
  static async load(stateFolder: string): Promise<SiteIdentity | undefined> {
    const stored = await readIdentity(stateFolder);
    return stored === undefined ? undefined : new SiteIdentity(stateFolder, stored);
  }

  get siteId(): SiteId {
    return siteId(this.#stored.siteId);
  }
  get siteName(): string {
    return this.#stored.siteName;
  }
  get organisation(): string {
    return this.#stored.organisation;
  }
  /** Changes with the keys. */
  get signKeyId(): string {
    const { signPrivateKey } = this.#stored;
    // Asked for with every request to the platform.
    if (this.#signKey?.of !== signPrivateKey) this.#signKey = { of: signPrivateKey, id: signKeyThumbprint(publicPem(createPrivateKey(signPrivateKey))) };
    return this.#signKey.id;
  }
  get platformUrl(): string {
    return this.#stored.platformUrl;
  }

  /** An assertion for POST /site/v1/token (RFC 7523), valid for a minute and good once. */
  async assertion(now = new Date()): Promise<string> {
    const seconds = Math.floor(now.getTime() / 1000);
    return new SignJWT()
      .setProtectedHeader({ alg: 'EdDSA' })
      .setIssuer(this.#stored.siteId)
      .setSubject(this.#stored.siteId)
      .setAudience(ASSERTION_AUDIENCE)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + ASSERTION_SECONDS)
      .setJti(randomUUID())
      .sign(createPrivateKey(this.#stored.signPrivateKey));
  }

  /**
   * The password in a sealed credential of a directory integration.
   * @throws LockstepError ConfigInvalid `seal.not-for-this-key`
   */
  openCredential(sealed: Buffer, integration: IntegrationId): Promise<string> {
    return this.#open(sealed, directoryCredentialInfo(integration));
  }

  /** The password, or client secret, of an exchange connection. @throws as openCredential */
  openConnectionCredential(sealed: Buffer, connection: ConnectionId): Promise<string> {
    return this.#open(sealed, connectionCredentialInfo(connection));
  }

  /** When it does not open, the keys may have been replaced by another process of this site: they are read again once. */
  async #open(sealed: Buffer, info: string): Promise<string> {
    try {
      return (await openSealed(this.#sealPrivateKey(), sealed, info)).toString('utf8');
    } catch (error) {
      if (!(await this.reload())) throw error;
      return (await openSealed(this.#sealPrivateKey(), sealed, info)).toString('utf8');
    }
  }

  /** Reads the identity file again, if it is another one; true when its keys are others than those in memory. */
  async reload(): Promise<boolean> {
    const version = await identityVersion(this.#stateFolder);
    if (version !== undefined && version === this.#version) return false;
    this.#version = version;
    const stored = await readIdentity(this.#stateFolder);
    if (stored === undefined || stored.signPrivateKey === this.#stored.signPrivateKey) return false;
    this.#stored = stored;
    return true;
  }

  /**
   * Takes up keys of a change whose answer was lost, when there are any: the platform may know only them. True when the
   * identity is another one now; `undo` puts the former back.
   */
  async tryNextKeys(): Promise<{ promote(): Promise<void>; undo(): void } | undefined> {
    const next = await readNextIdentity(this.#stateFolder);
    if (next === undefined || next.siteId !== this.#stored.siteId || next.signPrivateKey === this.#stored.signPrivateKey) return undefined;
    const former = this.#stored;
    this.#stored = next;
    return {
      promote: () => promoteNextIdentity(this.#stateFolder),
      undo: () => {
        this.#stored = former;
      },
    };
  }

  /**
   * Replaces both key pairs and re-seals every credential, in one transaction of the platform. The new keys are on disk
   * before the platform hears of them, so that a crash at any point leaves keys that the platform knows.
   * @throws LockstepError `site.credentials-changed` (repeat), `seal.not-for-this-key`, and what the platform refuses
   */
  async rotateKeys(platform: SitePlatform, token: string): Promise<void> {
    const { credentials } = await platform.credentials(token);
    const keys = await newKeys();
    const resealed = await Promise.all(
      credentials.map(async ({ context, sealed }) => {
        const bytes = Buffer.from(sealed, 'base64');
        const plaintext = await openSealed(this.#sealPrivateKey(), bytes, context);
        return {
          context,
          replaces: createHash('sha256').update(bytes).digest('hex'),
          sealed: (await sealTo(keys.sealPublicKey, plaintext, context)).toString('base64'),
        };
      }),
    );
    const request = {
      signPublicKey: publicPem(keys.signPrivateKey),
      sealPublicKey: keys.sealPublicKey.toString('base64'),
      credentials: resealed,
    };
    const text = rotationText(this.#stored.siteId, request);
    const next = { ...this.#stored, ...privateParts(keys) };
    await writeNextIdentity(this.#stateFolder, next);
    await platform.rotateKeys(token, {
      ...request,
      signature: signText(createPrivateKey(this.#stored.signPrivateKey), text),
      proof: signText(keys.signPrivateKey, text),
    });
    await promoteNextIdentity(this.#stateFolder);
    this.#stored = next;
  }

  #sealPrivateKey(): Buffer {
    return Buffer.from(this.#stored.sealPrivateKey, 'base64');
  }
}

/**
 * Enrols this machine as the engine of the site that the code was issued for, and writes its identity to the state folder.
 * @throws LockstepError ConfigInvalid `site.already-enrolled`, and what the platform refuses
 */
export async function enrolThisSite(options: {
  readonly platform: SitePlatform;
  readonly platformUrl: string;
  readonly stateFolder: string;
  readonly code: string;
  readonly node: string;
  readonly version: string;
}): Promise<SiteIdentity> {
  if ((await SiteIdentity.load(options.stateFolder)) !== undefined) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'site.already-enrolled',
      message: `This machine is enrolled already: ${identityPath(options.stateFolder)} exists.`,
      next: 'To enrol it anew, stop the site and move that file away first.',
    });
  }
  const keys = await newKeys();
  const sealPublicKey = keys.sealPublicKey.toString('base64');
  const answer = await options.platform.enrol({
    code: options.code,
    signPublicKey: publicPem(keys.signPrivateKey),
    sealPublicKey,
    node: options.node,
    version: options.version,
    contract: SITE_CONTRACT_VERSION,
    signature: signText(keys.signPrivateKey, enrolmentText(options.code, sealPublicKey)),
  });
  await writeIdentity(options.stateFolder, { format: 1, platformUrl: options.platformUrl, ...answer, ...privateParts(keys) });
  const identity = await SiteIdentity.load(options.stateFolder);
  if (identity === undefined) throw new Error('the identity file vanished');
  return identity;
}

interface SiteKeys {
  readonly signPrivateKey: KeyObject;
  readonly sealPublicKey: Buffer;
  readonly sealPrivateKey: Buffer;
}

async function newKeys(): Promise<SiteKeys> {
  const seal = await generateSealKeyPair();
  return { signPrivateKey: generateKeyPairSync('ed25519').privateKey, sealPublicKey: seal.publicKey, sealPrivateKey: seal.privateKey };
}

const publicPem = (privateKey: KeyObject): string => createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();

const privateParts = (keys: SiteKeys): Pick<StoredIdentity, 'signPrivateKey' | 'sealPrivateKey'> => ({
  signPrivateKey: keys.signPrivateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  sealPrivateKey: keys.sealPrivateKey.toString('base64'),
});
