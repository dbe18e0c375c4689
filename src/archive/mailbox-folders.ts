/** Folders that are replicated: where each is among the others, where its reading is, and what to ask for beside its changes. */
import { sql } from 'kysely';
import type { FolderId, MailboxId, MailboxKey } from '../shared/ids.ts';
import type { SourceFolderId, SourceItemId, WellKnownFolder } from '../shared/mailbox.ts';
import type { FolderCursor } from '../shared/mailbox-contract.ts';
import type { OrganisationTransaction } from './database.ts';
import { type CursorRow, cursorState } from './mailbox-cursor.ts';
import { type FolderToJudge, type JudgedMailbox, outdatedRules, RETRIES_A_FOLDER, wantedItems } from './mailbox-judging.ts';
import type { FolderPlace } from './mailbox-rules.ts';

interface KnownFolder {
  readonly id: FolderId;
  readonly source_hash: Buffer;
  readonly parent_hash: Buffer;
  readonly name: string;
  readonly well_known: WellKnownFolder | null;
}

/** Exchange allows 300. Of a hierarchy that is deeper the nearest count: no hierarchy that a site sends makes places large. */
const MOST_LEVELS = 300;

/** Places of folders by their ids. A ring, which no Exchange should have, ends where it would begin again. */
export function placesOf(folders: readonly KnownFolder[]): Map<FolderId, FolderPlace> {
  const byHash = new Map(folders.map((folder) => [folder.source_hash.toString('hex'), folder]));
  const placeOf = (folder: KnownFolder): FolderPlace => {
    const chain = new Set<KnownFolder>();
    for (let at: KnownFolder | undefined = folder; at !== undefined && !chain.has(at) && chain.size < MOST_LEVELS; at = byHash.get(at.parent_hash.toString('hex'))) chain.add(at);
    const above = [...chain];
    return { path: above.map(({ name }) => name).toReversed(), wellKnown: above.flatMap(({ well_known }) => well_known ?? []) };
  };
  return new Map(folders.map((folder) => [folder.id, placeOf(folder)]));
}

/** As the open pass has it. */
export async function folderPlace(tx: OrganisationTransaction, mailbox: MailboxId, folder: FolderId): Promise<FolderPlace> {
  const { rows } = await sql<KnownFolder>`
    with recursive chain as (
      select id, source_hash, parent_hash, name, well_known, 1 as level from folder where mailbox_id = ${mailbox} and id = ${folder}
      union all
      select f.id, f.source_hash, f.parent_hash, f.name, f.well_known, c.level + 1
      from chain c
      cross join lateral (
        select * from folder f where f.mailbox_id = ${mailbox} and f.source_hash = c.parent_hash and f.closed_pass is null limit 1) f
      where c.level < ${MOST_LEVELS})
    select * from chain order by level`.execute(tx);
  return placesOf(rows).get(folder) ?? { path: [], wellKnown: [] };
}

/** Of all folders that are there, as the open pass has them. */
export async function foldersToJudge(tx: OrganisationTransaction, mailbox: MailboxId): Promise<FolderToJudge[]> {
  const { rows } = await sql<KnownFolder & { rules_hash: Buffer | null }>`
    select id, source_hash, parent_hash, name, well_known, rules_hash from folder where mailbox_id = ${mailbox} and closed_pass is null`.execute(tx);
  return withPlaces(rows);
}

function withPlaces<Row extends KnownFolder & { readonly rules_hash: Buffer | null }>(rows: readonly Row[]): (Row & FolderToJudge)[] {
  const places = placesOf(rows);
  return rows.map((row) => ({ ...row, place: places.get(row.id) ?? { path: [row.name], wellKnown: [] } }));
}

interface ReadMailbox extends JudgedMailbox {
  readonly key: MailboxKey;
}

export interface FoldersToRead {
  /** In the order in which they were found. */
  readonly cursors: FolderCursor[];
  /** Items were judged by other rules, or when their folder was elsewhere: the end of the pass judges them again. */
  readonly outdated: boolean;
}

export async function foldersToRead(tx: OrganisationTransaction, mailbox: ReadMailbox): Promise<FoldersToRead> {
  const { rows } = await sql<KnownFolder & CursorRow & { source_id: SourceFolderId; hint: string | null; rules_hash: Buffer | null }>`
    select f.id, f.source_hash, f.parent_hash, f.name, f.well_known, f.source_id, f.hint, f.rules_hash, c.epoch, c.seq, c.phase, c.value
    from folder f
    join page_cursor c on c.owner = ${mailbox.key} and c.scope = 'folder:' || f.id
    where f.mailbox_id = ${mailbox.id} and f.closed_pass is null
    order by f.id`.execute(tx);
  const groups = outdatedRules(mailbox, withPlaces(rows));
  const asked = [await dueProblems(tx, mailbox.id)];
  for (const group of groups) asked.push(await wantedItems(tx, mailbox.id, group));
  const retriesOf = (id: FolderId) => [...new Set(asked.flatMap((items) => items.get(id) ?? []))].slice(0, RETRIES_A_FOLDER);
  return {
    cursors: rows.map((row) => ({ folder: row.id, source: row.source_id, cursor: cursorState(row), hint: row.hint, retry: retriesOf(row.id) })),
    outdated: groups.length > 0,
  };
}

async function dueProblems(tx: OrganisationTransaction, mailbox: MailboxId): Promise<Map<FolderId, SourceItemId[]>> {
  const { rows } = await sql<{ folder_id: FolderId; source_id: SourceItemId }>`
    select folder_id, source_id from item_problem
    where org_id = current_setting('lockstep.org')::uuid and mailbox_id = ${mailbox} and part = 'metadata' and resolved_at is null and next_at <= now()
    order by next_at limit ${RETRIES_A_FOLDER}`.execute(tx);
  const byFolder = new Map<FolderId, SourceItemId[]>();
  for (const { folder_id, source_id } of rows) byFolder.set(folder_id, [...(byFolder.get(folder_id) ?? []), source_id]);
  return byFolder;
}
