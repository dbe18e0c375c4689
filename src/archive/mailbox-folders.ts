/** Folders that are replicated: where each is among the others, where its reading is, and what to ask for beside its changes. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { FolderId, MailboxId, MailboxKey } from '../shared/ids.ts';
import type { SourceFolderId, SourceItemId, WellKnownFolder } from '../shared/mailbox.ts';
import type { FolderCursor } from '../shared/mailbox-contract.ts';
import type { OrganisationTransaction } from './database.ts';
import { type CursorRow, cursorState } from './mailbox-cursor.ts';
import { type EffectiveRules, excluded, type FolderPlace, type LeftOutReason, rulesKey } from './mailbox-rules.ts';

interface KnownFolder {
  readonly id: FolderId;
  readonly source_hash: Buffer;
  readonly parent_hash: Buffer;
  readonly name: string;
  readonly well_known: WellKnownFolder | null;
}

/** Deeper than any mailbox: Exchange allows 300 levels. A ring, which Exchange never has, ends here. */
const MOST_LEVELS = 300;

/** Places of folders by their ids. */
export function placesOf(folders: readonly KnownFolder[]): Map<FolderId, FolderPlace> {
  const byHash = new Map(folders.map((folder) => [folder.source_hash.toString('hex'), folder]));
  const placeOf = (folder: KnownFolder): FolderPlace => {
    const path: string[] = [];
    const wellKnown: WellKnownFolder[] = [];
    for (let at: KnownFolder | undefined = folder; at !== undefined && path.length < MOST_LEVELS; at = byHash.get(at.parent_hash.toString('hex'))) {
      path.unshift(at.name);
      if (at.well_known !== null) wellKnown.push(at.well_known);
    }
    return { path, wellKnown };
  };
  return new Map(folders.map((folder) => [folder.id, placeOf(folder)]));
}

/** As the open pass has them. */
export async function folderPlaces(tx: OrganisationTransaction, mailbox: MailboxId): Promise<Map<FolderId, FolderPlace>> {
  const { rows } = await sql<KnownFolder>`
    select id, source_hash, parent_hash, name, well_known from folder where mailbox_id = ${mailbox} and closed_pass is null`.execute(tx);
  return placesOf(rows);
}

interface ReadMailbox {
  readonly id: MailboxId;
  readonly key: MailboxKey;
  readonly rules: EffectiveRules;
  readonly now: Date;
}

/** What is asked for by id in one pass of a folder. */
const RETRIES_A_FOLDER = 500;

/** The folders of a mailbox to read, in the order in which they were found. */
export async function folderCursors(tx: OrganisationTransaction, mailbox: ReadMailbox): Promise<FolderCursor[]> {
  const { rows } = await sql<KnownFolder & CursorRow & { source_id: SourceFolderId; hint: string | null; rules_hash: Buffer | null }>`
    select f.id, f.source_hash, f.parent_hash, f.name, f.well_known, f.source_id, f.hint, f.rules_hash, c.epoch, c.seq, c.phase, c.value
    from folder f
    join page_cursor c on c.owner = ${mailbox.key} and c.scope = 'folder:' || f.id
    where f.mailbox_id = ${mailbox.id} and f.closed_pass is null
    order by f.id`.execute(tx);
  const places = placesOf(rows);
  const problems = await dueProblems(tx, mailbox.id);
  const cursors: FolderCursor[] = [];
  for (const row of rows) {
    const wanted = await wantedNow(tx, mailbox, row, places.get(row.id) ?? { path: [row.name], wellKnown: [] });
    const retry = [...(problems.get(row.id) ?? []), ...wanted].slice(0, RETRIES_A_FOLDER);
    cursors.push({ folder: row.id, source: row.source_id, cursor: cursorState(row), hint: row.hint, retry });
  }
  return cursors;
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

const LEFT_OUT_AT_ONCE = 5000;

/** Items that were left out by other rules, or when the folder was elsewhere, and are wanted now. When there are none this is remembered. */
async function wantedNow(
  tx: OrganisationTransaction,
  { id: mailbox, rules, now }: ReadMailbox,
  folder: { readonly id: FolderId; readonly rules_hash: Buffer | null },
  place: FolderPlace,
): Promise<SourceItemId[]> {
  const hash = createHash('sha256').update(rulesKey(rules, place, now)).digest();
  if (folder.rules_hash?.equals(hash) === true) return [];
  const wanted: SourceItemId[] = [];
  for (let after = '0'; ; ) {
    const { rows } = await sql<{ id: string; source_id: SourceItemId; left_out: LeftOutReason; itemClass: string; size: string; sortAt: Date }>`
      select id, source_id, left_out, item_class as "itemClass", size, sort_at as "sortAt" from item
      where mailbox_id = ${mailbox} and folder_id = ${folder.id} and left_out is not null and id > ${after}
      order by id limit ${LEFT_OUT_AT_ONCE}`.execute(tx);
    for (const { left_out, source_id, itemClass, size, sortAt } of rows) {
      const item = { itemClass, size: Number(size), sortAt: sortAt.toISOString() };
      // Of a private one nothing else is known: reading it again tells.
      if (left_out === 'private' ? !rules.leaveOutPrivate : excluded(rules, place, item, now) === null) wanted.push(source_id);
    }
    after = rows.at(-1)?.id ?? after;
    if (rows.length < LEFT_OUT_AT_ONCE || wanted.length >= RETRIES_A_FOLDER) break;
  }
  if (wanted.length === 0) await sql`update folder set rules_hash = ${hash} where id = ${folder.id}`.execute(tx);
  return wanted;
}
