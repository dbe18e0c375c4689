/** Rows of the table encryption_key: keys wrapped by the master key. Nothing is overwritten: every ciphertext names its key. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Database } from '../archive/database.ts';
import type { Tables } from '../archive/tables.ts';
import { LockstepError } from '../shared/errors.ts';
import type { OrganisationId } from '../shared/ids.ts';
import { KEY_BYTES } from './aead.ts';
import type { MasterKey } from './master-key.ts';

/** `codec` encrypts Temporal payloads; `token` signs what sites and browsers carry. */
export const installationKeyPurposes = ['codec', 'token'] as const;
export type InstallationKeyPurpose = (typeof installationKeyPurposes)[number];

export type WrappedKeyRow = Pick<Selectable<Tables['encryption_key']>, 'id' | 'org_id' | 'purpose' | 'wrapped_by' | 'wrapped' | 'retired_at'>;
export const wrappedKeyColumns = ['id', 'org_id', 'purpose', 'wrapped_by', 'wrapped', 'retired_at'] as const;

/** Binds a wrapped key to its row: a row cannot stand in for another key, organisation or purpose. */
export const wrapContext = (row: Pick<WrappedKeyRow, 'id' | 'org_id' | 'purpose'>): string =>
  `${row.purpose} key ${row.id} of ${row.org_id ?? 'the installation'}`;

/** The key of a row. @throws LockstepError ConfigInvalid `key.master-wrong`, `key.unwrap-failed` */
export async function unwrapRow(masterKey: MasterKey, row: WrappedKeyRow): Promise<Buffer> {
  if (row.wrapped_by !== masterKey.fingerprint) throw wrongMasterKey(masterKey, row.wrapped_by);
  return masterKey.unwrap(row.wrapped, wrapContext(row));
}

/** A new random key, and the row to insert for it. */
export async function newWrappedKey(masterKey: MasterKey, organisation: OrganisationId | null, purpose: string) {
  const key = randomBytes(KEY_BYTES);
  const named = { id: randomUUID() as string, org_id: organisation, purpose };
  return { key, row: { ...named, wrapped_by: masterKey.fingerprint, wrapped: await masterKey.wrap(key, wrapContext(named)) } };
}

/**
 * Holds the master key's rotation off until this transaction ends, and proves that no rotation came before it: without
 * this, a server that still runs with the old master key could add a key that the new one cannot unwrap.
 * @throws LockstepError ConfigInvalid `key.master-wrong`
 */
export async function holdMasterKey(tx: Database, masterKey: MasterKey): Promise<void> {
  const row = await tx
    .selectFrom('encryption_key')
    .select('wrapped_by')
    .where('org_id', 'is', null)
    .where('purpose', '=', 'token')
    .where('retired_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row !== undefined && row.wrapped_by !== masterKey.fingerprint) throw wrongMasterKey(masterKey, row.wrapped_by);
}

export const wrongMasterKey = (given: MasterKey, wanted: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'key.master-wrong',
    message: `This database was encrypted under the master key ${wanted}, but the configured one is ${given.fingerprint}.`,
    next: 'Put back the master key of this installation (or restart with the new one after a rotation); see docs/security.md, "A lost or wrong master key".',
  });
