import { link, rename } from 'node:fs/promises';
import type { Database } from '../archive/database.ts';
import { LockstepError } from '../shared/errors.ts';
import { type WrappedKeyRow, unwrapRow, wrapContext, wrappedKeyColumns, wrongMasterKey } from './encryption-keys.ts';
import { createMasterKeyFile, loadMasterKey, type MasterKey } from './master-key.ts';
import { isErrno } from './private-file.ts';

/**
 * Re-wraps every key of the installation under another master key, in one transaction: afterwards the old one opens nothing.
 * `owner` is the role that owns the schema, because keys of all organisations are touched. Servers that still run with the
 * old master key go on with the keys that they hold, but create none; restart them with the new one.
 * @throws LockstepError ConfigInvalid `key.master-wrong`, `key.unwrap-failed`: nothing was changed
 */
export async function rotateMasterKey(owner: Database, from: MasterKey, to: MasterKey): Promise<{ readonly rewrapped: number }> {
  return owner.transaction().execute(async (tx) => {
    // The order of the ids keeps two rotations at once from waiting for each other for ever.
    const rows: WrappedKeyRow[] = await tx.selectFrom('encryption_key').select(wrappedKeyColumns).orderBy('id').forUpdate().execute();
    for (const row of rows) {
      const key = await unwrapRow(from, row);
      await tx
        .updateTable('encryption_key')
        .set({ wrapped: await to.wrap(key, wrapContext(row)), wrapped_by: to.fingerprint })
        .where('id', '=', row.id)
        .execute();
    }
    return { rewrapped: rows.length };
  });
}

/** The master key under which the database's keys are wrapped; undefined for a database without keys. */
export async function wrappingMasterKey(owner: Database): Promise<string | undefined> {
  const row = await owner.selectFrom('encryption_key').select('wrapped_by').where('org_id', 'is', null).executeTakeFirst();
  return row?.wrapped_by;
}

/**
 * Rotates the master key that is kept in a file. The new key is in `<file>.new` before the database changes and becomes the
 * file after; the old one stays as `<file>.old-<fingerprint>` until somebody deletes it. Called again after a crash at any
 * point, it finishes what was begun.
 * @throws LockstepError ConfigInvalid of loadMasterKey and rotateMasterKey
 */
export async function rotateMasterKeyFile(
  owner: Database,
  file: string,
): Promise<{ readonly from: string; readonly to: string; readonly oldFile: string }> {
  const from = await loadMasterKey({ file });
  const to = await pendingOrNewKey(`${file}.new`);
  const wrappedBy = await wrappingMasterKey(owner);
  if (wrappedBy === from.fingerprint || wrappedBy === undefined) await rotateMasterKey(owner, from, to);
  else if (wrappedBy !== to.fingerprint) throw wrongMasterKey(from, wrappedBy);
  const oldFile = `${file}.old-${from.fingerprint}`;
  // A second name, then one rename over the first: at no moment is there no master key file.
  await link(file, oldFile).catch((error: unknown) => {
    if (!isErrno(error, 'EEXIST')) throw error;
  });
  await rename(`${file}.new`, file);
  return { from: from.fingerprint, to: to.fingerprint, oldFile };
}

async function pendingOrNewKey(file: string): Promise<MasterKey> {
  try {
    return await loadMasterKey({ file });
  } catch (error) {
    if (error instanceof LockstepError && isErrno(error.cause, 'ENOENT')) return createMasterKeyFile(file);
    throw error;
  }
}
