/** What folders are called now, from the top; those that are gone as they were called last. */
import { sql } from 'kysely';
import type { FolderId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';

/** Deeper than any mailbox: Exchange allows 300 levels. A ring, which Exchange never has, ends here. */
const MOST_LEVELS = 300;

/** Names of each folder and of those above it. Folders may be of several mailboxes. */
export async function folderPaths(tx: OrganisationTransaction, folders: readonly FolderId[]): Promise<Map<FolderId, readonly string[]>> {
  const { rows } = await sql<{ id: FolderId; path: string[] }>`
    with recursive up as (
      select f.id, f.mailbox_id, f.parent_hash, array[f.name] as path
      from unnest(${[...new Set(folders)]}::bigint[]) as given (id)
      cross join lateral (select * from folder f where f.id = given.id limit 1) f
      union all
      select up.id, up.mailbox_id, p.parent_hash, p.name || up.path
      from up
      -- Of one that came back under the same id the one that is there.
      cross join lateral (
        select p.parent_hash, p.name from folder p
        where p.mailbox_id = up.mailbox_id and p.source_hash = up.parent_hash
        order by p.closed_pass is not null, p.id desc limit 1) p
      where cardinality(up.path) < ${MOST_LEVELS}
    )
    select distinct on (id) id, path from up order by id, cardinality(path) desc`.execute(tx);
  return new Map(rows.map(({ id, path }) => [id, path]));
}
