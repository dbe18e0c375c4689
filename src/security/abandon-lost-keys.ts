import { sql } from 'kysely';
import type { Database } from '../archive/database.ts';
import { LockstepError } from '../shared/errors.ts';
import { installationKeyPurposes, newWrappedKey } from './encryption-keys.ts';
import type { MasterKey } from './master-key.ts';
import { forgetCredentials } from './stored-credentials.ts';

/**
 * After the master key was lost for good: forgets every key and every stored credential, none of which anybody can read any
 * more, and makes new keys under another master key. Everything else of the archive is untouched. `owner`: the role that owns
 * the schema. Passwords have to be set again; Temporal's store has to be deleted, because its payloads are unreadable.
 * @throws LockstepError ConfigInvalid `key.not-lost`: the keys are wrapped by this very master key
 */
export async function abandonLostKeys(
  owner: Database,
  masterKey: MasterKey,
): Promise<{ readonly organisations: number; readonly credentials: number }> {
  return owner.transaction().execute(async (tx) => {
    await sql`lock table encryption_key in exclusive mode`.execute(tx);
    const wrappedByThis = await tx.selectFrom('encryption_key').select('id').where('wrapped_by', '=', masterKey.fingerprint).executeTakeFirst();
    if (wrappedByThis !== undefined) throw notLost();
    await tx.deleteFrom('encryption_key').execute();
    const credentials = await forgetCredentials(tx);
    const organisations = await tx.selectFrom('organisation').select('id').orderBy('id').forUpdate().execute();
    const wanted = [
      ...installationKeyPurposes.map((purpose) => ({ organisation: null, purpose })),
      ...organisations.map(({ id }) => ({ organisation: id, purpose: 'organisation' })),
    ];
    for (const { organisation, purpose } of wanted) {
      await tx.insertInto('encryption_key').values((await newWrappedKey(masterKey, organisation, purpose)).row).execute();
    }
    return { organisations: organisations.length, credentials };
  });
}

const notLost = (): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'key.not-lost',
    message: 'The master key that is configured opens the keys of this database: nothing is lost, and nothing was changed.',
    next: 'To replace the master key, run lockstep keys rotate master.',
  });
