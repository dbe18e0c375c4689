/**
 * The key hierarchy at work: master key → organisation key → purpose keys, and the installation keys beside them.
 * Ciphertext: version (1) | id of the organisation key (16) | nonce (12) | ciphertext | tag (16). The organisation, the
 * purpose and the caller's context are bound to it: bytes moved to another row, purpose or organisation do not open.
 */
import { hkdfSync } from 'node:crypto';
import { type Database, type OrganisationTransaction, withOrganisation } from '../archive/database.ts';
import { LockstepError } from '../shared/errors.ts';
import type { OrganisationId } from '../shared/ids.ts';
import { AEAD_OVERHEAD_BYTES, AeadError, aeadOpen, aeadSeal, KEY_BYTES } from './aead.ts';
import {
  holdMasterKey,
  installationKeyPurposes,
  newWrappedKey,
  unwrapRow,
  wrappedKeyColumns,
  wrongMasterKey,
} from './encryption-keys.ts';
import { type InstallationKeys, installationKeys } from './installation-keys.ts';
import type { MasterKey } from './master-key.ts';

/** What an organisation's key is split into, so that a key that does one thing cannot open another. */
export type KeyPurpose = 'secrets' | 'blobs' | 'links';

const VERSION = 1;
const ID_BYTES = 16;
const HEADER_BYTES = 1 + ID_BYTES;

const uuidBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');
const uuidText = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

export class Keyring {
  readonly #database: Database;
  readonly #masterKey: MasterKey;
  readonly #codecKeys: InstallationKeys;
  readonly #tokenKeys: InstallationKeys;
  /** Organisation keys that were unwrapped, by organisation and key id. Few: one an organisation and rotation. */
  readonly #unwrapped = new Map<string, Buffer>();

  private constructor(database: Database, masterKey: MasterKey, codecKeys: InstallationKeys, tokenKeys: InstallationKeys) {
    this.#database = database;
    this.#masterKey = masterKey;
    this.#codecKeys = codecKeys;
    this.#tokenKeys = tokenKeys;
  }

  /**
   * Opens the keys of an installation; makes the installation keys at its first start.
   * @throws LockstepError ConfigInvalid `key.master-wrong` (the database belongs to another master key), `key.unwrap-failed`
   */
  static async open(database: Database, masterKey: MasterKey): Promise<Keyring> {
    const existing = await database.selectFrom('encryption_key').select(['purpose', 'wrapped_by']).where('org_id', 'is', null).execute();
    const foreign = existing.find((row) => row.wrapped_by !== masterKey.fingerprint);
    if (foreign !== undefined) throw wrongMasterKey(masterKey, foreign.wrapped_by);
    for (const purpose of installationKeyPurposes) {
      if (existing.some((row) => row.purpose === purpose)) continue;
      // Two servers may start at once: the unique index lets one key win, and both read it below.
      await database
        .insertInto('encryption_key')
        .values((await newWrappedKey(masterKey, null, purpose)).row)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
    return new Keyring(
      database,
      masterKey,
      await installationKeys(database, masterKey, 'codec'),
      await installationKeys(database, masterKey, 'token'),
    );
  }

  /** Keys of the Temporal payload codec. */
  codecKeys(): InstallationKeys {
    return this.#codecKeys;
  }

  /** Keys under which tokens of sites and cookies are signed. */
  tokenKeys(): InstallationKeys {
    return this.#tokenKeys;
  }

  /**
   * Fails when this process holds a master key that was replaced: it could not read the keys that are made from now on.
   * @throws LockstepError ConfigInvalid `key.master-wrong`
   */
  async check(): Promise<void> {
    const rows = await this.#database.selectFrom('encryption_key').select('wrapped_by').where('org_id', 'is', null).where('retired_at', 'is', null).execute();
    const foreign = rows.find((row) => row.wrapped_by !== this.#masterKey.fingerprint);
    if (foreign !== undefined) throw wrongMasterKey(this.#masterKey, foreign.wrapped_by);
  }

  /** Makes the first key of an organisation, in the transaction that creates it. */
  async createOrganisationKey(tx: OrganisationTransaction, organisation: OrganisationId): Promise<void> {
    await holdMasterKey(tx, this.#masterKey);
    await tx
      .insertInto('encryption_key')
      .values((await newWrappedKey(this.#masterKey, organisation, 'organisation')).row)
      .execute();
  }

  /**
   * Encrypts under the organisation's active key. `context` says what the bytes are (`directory-credential:<id>`);
   * decrypting needs the same. Call it outside a transaction: it takes a connection of its own.
   */
  async encrypt(organisation: OrganisationId, purpose: KeyPurpose, plaintext: Buffer, context: string): Promise<Buffer> {
    const active = await this.#activeKey(organisation);
    return encryptUnder(active, { organisation, purpose, context }, plaintext);
  }

  /**
   * Decrypts what `encrypt` made for the same organisation, purpose and context, under whichever key it names.
   * @throws LockstepError ConfigInvalid `key.ciphertext-unreadable`
   */
  async decrypt(organisation: OrganisationId, purpose: KeyPurpose, ciphertext: Buffer, context: string): Promise<Buffer> {
    const id = keyIdOf(ciphertext);
    const organisationKey = id === undefined ? undefined : await this.#organisationKey(organisation, id);
    return decryptUnder(organisationKey, { organisation, purpose, context }, ciphertext);
  }

  /** The organisation's active key for a purpose, for what encrypts in another form; the ciphertext has to name it. */
  async activeKey(organisation: OrganisationId, purpose: KeyPurpose): Promise<NamedKey> {
    const { id, key } = await this.#activeKey(organisation);
    return { id, key: purposeKey(key, purpose) };
  }

  /** The key that a ciphertext of `activeKey` names; undefined: the organisation has none of that name. */
  async keyNamed(organisation: OrganisationId, purpose: KeyPurpose, id: string): Promise<Buffer | undefined> {
    const key = await this.#organisationKey(organisation, id);
    return key === undefined ? undefined : purposeKey(key, purpose);
  }

  async #activeKey(organisation: OrganisationId): Promise<NamedKey> {
    // The active key is asked for each time, so that a rotation by another process takes effect at once.
    const row = await withOrganisation(this.#database, organisation, (tx) =>
      tx
        .selectFrom('encryption_key')
        .select(wrappedKeyColumns)
        .where('org_id', '=', organisation)
        .where('purpose', '=', 'organisation')
        .where('retired_at', 'is', null)
        .executeTakeFirst(),
    );
    if (row === undefined) throw new Error(`organisation ${organisation} has no key`);
    const cached = this.#unwrapped.get(`${organisation}/${row.id}`);
    const organisationKey = cached ?? (await unwrapRow(this.#masterKey, row));
    this.#unwrapped.set(`${organisation}/${row.id}`, organisationKey);
    return { id: row.id, key: organisationKey };
  }

  async #organisationKey(organisation: OrganisationId, id: string): Promise<Buffer | undefined> {
    const cached = this.#unwrapped.get(`${organisation}/${id}`);
    if (cached !== undefined) return cached;
    const row = await withOrganisation(this.#database, organisation, (tx) =>
      tx
        .selectFrom('encryption_key')
        .select(wrappedKeyColumns)
        .where('org_id', '=', organisation)
        .where('id', '=', id)
        .executeTakeFirst(),
    );
    if (row === undefined) return undefined;
    const key = await unwrapRow(this.#masterKey, row);
    this.#unwrapped.set(`${organisation}/${id}`, key);
    return key;
  }
}

export interface NamedKey {
  readonly id: string;
  readonly key: Buffer;
}

/** What a ciphertext is bound to. */
export interface Binding {
  readonly organisation: OrganisationId;
  readonly purpose: KeyPurpose;
  readonly context: string;
}

const purposeKey = (organisationKey: Buffer, purpose: KeyPurpose): Buffer =>
  Buffer.from(hkdfSync('sha256', organisationKey, Buffer.alloc(0), `lockstep organisation key: ${purpose}`, KEY_BYTES));

const additionalData = (header: Buffer, binding: Binding): Buffer =>
  Buffer.concat([header, Buffer.from(`${binding.organisation}\n${binding.purpose}\n${binding.context}`, 'utf8')]);

export function encryptUnder(key: NamedKey, binding: Binding, plaintext: Buffer): Buffer {
  const header = Buffer.concat([Buffer.of(VERSION), uuidBytes(key.id)]);
  return Buffer.concat([header, aeadSeal(purposeKey(key.key, binding.purpose), plaintext, additionalData(header, binding))]);
}

/**
 * `organisationKey`: the one that the ciphertext names; undefined when the organisation has none of that name.
 * @throws LockstepError ConfigInvalid `key.ciphertext-unreadable`
 */
export function decryptUnder(organisationKey: Buffer | undefined, binding: Binding, ciphertext: Buffer): Buffer {
  if (organisationKey === undefined) throw unreadable(binding.context);
  const header = ciphertext.subarray(0, HEADER_BYTES);
  try {
    return aeadOpen(purposeKey(organisationKey, binding.purpose), ciphertext.subarray(HEADER_BYTES), additionalData(header, binding));
  } catch (cause) {
    if (cause instanceof AeadError) throw unreadable(binding.context, cause);
    throw cause;
  }
}

/** The id of the key that a ciphertext names; undefined when it is none of ours. */
export function keyIdOf(ciphertext: Buffer): string | undefined {
  if (ciphertext[0] !== VERSION || ciphertext.length < HEADER_BYTES + AEAD_OVERHEAD_BYTES) return undefined;
  return uuidText(ciphertext.subarray(1, HEADER_BYTES));
}

const unreadable = (context: string, cause?: unknown): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'key.ciphertext-unreadable',
    message: `What is stored as ${context} cannot be decrypted: it was changed, damaged, or belongs elsewhere.`,
    next: 'Set the value again (a password: lockstep directory change NAME --password); see docs/security.md, "A damaged key".',
    cause,
  });
