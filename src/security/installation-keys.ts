import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../archive/database.ts';
import { type InstallationKeyPurpose, unwrapRow, type WrappedKeyRow, wrappedKeyColumns } from './encryption-keys.ts';
import type { MasterKey } from './master-key.ts';

/** A key and the name under which ciphertexts and tokens refer to it. */
export interface NamedKey {
  readonly id: string;
  readonly key: Buffer;
  /** Since when new work uses another key; null = this is the active one. */
  readonly retiredAt: Date | null;
}

/** All keys of one purpose: the active one for new work, the retired ones for what was made before. */
export interface InstallationKeys {
  active(): Promise<NamedKey>;
  find(id: string): Promise<NamedKey | undefined>;
}

/** How long another server process may go on with a key after it was rotated. */
const REFRESH_MS = 30_000;
/**
 * How often names that nobody knows may cause a look at the database, and how long they wait for it at most: forged tokens
 * must not become queries, and another process may have made the key since the last look.
 */
const UNKNOWN_LOOK_MS = 500;

/** The keys of one purpose, kept in memory and read again now and then. @throws LockstepError ConfigInvalid of unwrapRow */
export async function installationKeys(
  database: Database,
  masterKey: MasterKey,
  purpose: InstallationKeyPurpose,
): Promise<InstallationKeys> {
  const byId = new Map<string, NamedKey>();
  let activeKey: NamedKey | undefined;
  let readAt = 0;
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    const rows: WrappedKeyRow[] = await database
      .selectFrom('encryption_key')
      .select(wrappedKeyColumns)
      .where('org_id', 'is', null)
      .where('purpose', '=', purpose)
      .execute();
    for (const row of rows) {
      // A known key needs no unwrapping: after a rotation of the master key, this process only lacks what is newer.
      const key = byId.get(row.id)?.key ?? (await unwrapRow(masterKey, row));
      const named = { id: row.id, key, retiredAt: row.retired_at };
      byId.set(row.id, named);
      if (row.retired_at === null) activeKey = named;
    }
    readAt = Date.now();
  };
  const refresh = (): Promise<void> => {
    if (Date.now() - readAt < REFRESH_MS) return Promise.resolve();
    reading ??= read().finally(() => (reading = undefined));
    return reading;
  };

  let lookedAt = 0;
  let nextLook: Promise<void> | undefined;
  const look = (): Promise<void> => {
    nextLook ??= (async () => {
      await pause(Math.max(0, lookedAt + UNKNOWN_LOOK_MS - Date.now()));
      // Who asks from here on may be too late for this reading.
      nextLook = undefined;
      lookedAt = Date.now();
      await read();
    })();
    return nextLook;
  };

  await read();
  return {
    async active() {
      await refresh();
      if (activeKey === undefined) throw new Error(`no active ${purpose} key`);
      return activeKey;
    },
    async find(id) {
      await refresh();
      if (!byId.has(id)) await look();
      return byId.get(id);
    },
  };
}
