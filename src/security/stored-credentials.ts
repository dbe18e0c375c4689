/** Everything that is stored sealed to a site, of whichever kind, for those who replace keys. */
import type { Database, OrganisationTransaction } from '../archive/database.ts';
import type { SiteId } from '../shared/ids.ts';
import { connectionCredentialInfo, directoryCredentialInfo } from './seal.ts';

const kinds = [
  { table: 'directory_integration', contextOf: directoryCredentialInfo },
  { table: 'exchange_connection', contextOf: connectionCredentialInfo },
] as const;

export interface StoredCredential {
  readonly table: (typeof kinds)[number]['table'];
  readonly id: string;
  /** What it is sealed and encrypted for. */
  readonly context: string;
  readonly credential: Buffer;
}

/** Those of a site, else of the organisation; held until the end of the transaction when they are to be replaced in it. */
export async function listStoredCredentials(
  tx: OrganisationTransaction,
  { site, hold = false }: { readonly site?: SiteId; readonly hold?: boolean },
): Promise<StoredCredential[]> {
  const found: StoredCredential[] = [];
  for (const { table, contextOf } of kinds) {
    let query = tx.selectFrom(table).select(['id', 'credential']).where('credential', 'is not', null).orderBy('id').$narrowType<{ credential: Buffer }>();
    if (site !== undefined) query = query.where('site_id', '=', site);
    if (hold) query = query.forUpdate();
    found.push(...(await query.execute()).map(({ id, credential }) => ({ table, id, context: contextOf(id), credential })));
  }
  return found;
}

/** False when it is no longer what it was, or no longer of the site. */
export async function replaceStoredCredential(
  tx: OrganisationTransaction,
  { table, id, credential: before }: StoredCredential,
  { credential, site }: { readonly credential: Buffer; readonly site?: SiteId },
): Promise<boolean> {
  // By text: an id of one table is no id of the other.
  let query = tx.updateTable(table).set({ credential }).where((eb) => eb(eb.cast<string>('id', 'text'), '=', id)).where('credential', '=', before);
  if (site !== undefined) query = query.where('site_id', '=', site);
  return (await query.executeTakeFirst()).numUpdatedRows === 1n;
}

/** Forgets those of a site, or all that the caller sees; gives how many. They have to be entered again. */
export async function forgetCredentials(database: Database, site?: SiteId): Promise<number> {
  let count = 0;
  for (const { table } of kinds) {
    let query = database.updateTable(table).set({ credential: null }).where('credential', 'is not', null);
    if (site !== undefined) query = query.where('site_id', '=', site);
    count += Number((await query.executeTakeFirst()).numUpdatedRows);
  }
  return count;
}
