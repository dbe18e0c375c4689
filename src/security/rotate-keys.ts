/** Rotation of the keys below the master key. Retired keys stay, wrapped, so that what they encrypted is still readable. */
import { sql } from 'kysely';
import { type Database, type OrganisationTransaction, withOrganisation } from '../archive/database.ts';
import type { OrganisationId } from '../shared/ids.ts';
import {
  holdMasterKey,
  type InstallationKeyPurpose,
  newWrappedKey,
  unwrapRow,
  wrappedKeyColumns,
} from './encryption-keys.ts';
import { decryptUnder, encryptUnder, keyIdOf } from './keyring.ts';
import type { MasterKey } from './master-key.ts';
import { listStoredCredentials, replaceStoredCredential } from './stored-credentials.ts';

export interface RotationDeps {
  readonly database: Database;
  readonly masterKey: MasterKey;
}

/**
 * A new installation key: servers use it within 30 seconds. `codec`: histories written before stay readable. `token`: tokens
 * and cookies signed before stay good for their own lifetime (10 minutes, 8 hours), tasks handed out before for 24 hours.
 * @throws LockstepError ConfigInvalid `key.master-wrong`
 */
export async function rotateInstallationKey(deps: RotationDeps, purpose: InstallationKeyPurpose): Promise<{ readonly keyId: string }> {
  const { id } = await deps.database.transaction().execute((tx) => replaceActiveKey(tx, deps.masterKey, null, purpose));
  return { keyId: id };
}

/**
 * A new key for an organisation, and every stored credential encrypted anew under it, in one transaction. A credential that
 * another server encrypts in that very moment may still be under the old key: readable, and taken up by the next rotation.
 * @throws LockstepError ConfigInvalid `key.master-wrong`, `key.ciphertext-unreadable`: nothing was changed
 */
export async function rotateOrganisationKey(
  deps: RotationDeps,
  organisation: OrganisationId,
): Promise<{ readonly keyId: string; readonly reencrypted: number }> {
  return withOrganisation(deps.database, organisation, async (tx) => {
    const keys = await organisationKeys(tx, deps.masterKey, organisation);
    const active = await replaceActiveKey(tx, deps.masterKey, organisation, 'organisation');
    const stored = await listStoredCredentials(tx, { hold: true });
    for (const one of stored) {
      const binding = { organisation, purpose: 'secrets', context: one.context } as const;
      const plaintext = decryptUnder(keys.get(keyIdOf(one.credential) ?? ''), binding, one.credential);
      await replaceStoredCredential(tx, one, { credential: encryptUnder(active, binding, plaintext) });
    }
    return { keyId: active.id, reencrypted: stored.length };
  });
}

async function replaceActiveKey(
  tx: OrganisationTransaction,
  masterKey: MasterKey,
  organisation: OrganisationId | null,
  purpose: string,
): Promise<{ readonly id: string; readonly key: Buffer }> {
  await holdMasterKey(tx, masterKey);
  await tx
    .updateTable('encryption_key')
    .set({ retired_at: sql<Date>`now()` })
    .where('org_id', organisation === null ? 'is' : '=', organisation)
    .where('purpose', '=', purpose)
    .where('retired_at', 'is', null)
    .execute();
  const { row, key } = await newWrappedKey(masterKey, organisation, purpose);
  await tx.insertInto('encryption_key').values(row).execute();
  return { id: row.id, key };
}

async function organisationKeys(tx: OrganisationTransaction, masterKey: MasterKey, organisation: OrganisationId): Promise<Map<string, Buffer>> {
  const rows = await tx
    .selectFrom('encryption_key')
    .select(wrappedKeyColumns)
    .where('org_id', '=', organisation)
    .where('purpose', '=', 'organisation')
    .execute();
  return new Map(await Promise.all(rows.map(async (row) => [row.id, await unwrapRow(masterKey, row)] as const)));
}
