/**
 * Stored items under rules that are other than those by which their folder was judged last: somebody changed the definition, the organisation's
 * decision about private items or the folder's place, or a day began where rules speak of age. Who is wanted now is asked for by id (that is a
 * list of `retry`, whose pages bring them); who is not wanted any more leaves the scope with the end of the pass, and what is stored stays.
 */
import { type RawBuilder, sql } from 'kysely';
import type { FolderId, ItemId, MailboxId } from '../shared/ids.ts';
import type { SourceItemId } from '../shared/mailbox.ts';
import type { OrganisationTransaction } from './database.ts';
import { type EffectiveRules, type FolderPlace, folderRules, type FolderRules, type LeftOutReason, leftOutSql, rulesHash } from './mailbox-rules.ts';
import { sqlFile } from './sql-file.ts';

export interface JudgedMailbox {
  readonly id: MailboxId;
  readonly rules: EffectiveRules;
  readonly now: Date;
}
export interface FolderToJudge {
  readonly id: FolderId;
  /** Null: it never held anything. */
  readonly rules_hash: Buffer | null;
  readonly place: FolderPlace;
}

/** Folders for which rules say the same, and whose items were judged by others. */
export interface OutdatedFolders {
  readonly folders: readonly FolderId[];
  readonly rules: FolderRules;
  readonly hash: Buffer;
}

/** A mailbox has few groups: most rules speak of few of its folders. */
export function outdatedRules({ rules, now }: Pick<JudgedMailbox, 'rules' | 'now'>, folders: readonly FolderToJudge[]): OutdatedFolders[] {
  const groups = new Map<string, { folders: FolderId[]; rules: FolderRules; hash: Buffer }>();
  for (const { id, rules_hash, place } of folders) {
    const ofFolder = folderRules(rules, place, now);
    const hash = rulesHash(ofFolder);
    if (rules_hash?.equals(hash) === true) continue;
    const group = groups.get(hash.toString('hex'));
    if (group === undefined) groups.set(hash.toString('hex'), { folders: [id], rules: ofFolder, hash });
    else group.folders.push(id);
  }
  return [...groups.values()];
}

/** What is asked for by id at once, of a folder. */
export const RETRIES_A_FOLDER = 500;

/** One that could not be read is asked for when its time has come. */
const isWanted = (rules: FolderRules): RawBuilder<boolean> => sql`
  i.left_out is not null and (${leftOutSql(rules)}) is null and not exists (
    select from item_problem p where p.mailbox_id = i.mailbox_id and p.source_hash = i.source_hash and p.resolved_at is null and p.next_at > now())`;

/** Items that were left out and are wanted now: of each folder the first few. */
export async function wantedItems(tx: OrganisationTransaction, mailbox: MailboxId, { folders, rules }: OutdatedFolders): Promise<Map<FolderId, SourceItemId[]>> {
  const { rows } = await sql<{ folder_id: FolderId; source_id: SourceItemId }>`
    select f.id as folder_id, x.source_id
    from unnest(${folders}::bigint[]) as f (id)
    cross join lateral (
      select i.source_id from item i
      where i.mailbox_id = ${mailbox} and i.folder_id = f.id and ${isWanted(rules)}
      limit ${RETRIES_A_FOLDER}) x`.execute(tx);
  const byFolder = new Map<FolderId, SourceItemId[]>();
  for (const { folder_id, source_id } of rows) {
    const items = byFolder.get(folder_id);
    if (items === undefined) byFolder.set(folder_id, [source_id]);
    else items.push(source_id);
  }
  return byFolder;
}

/** Kept so that it equals no hash: pages of the folder were judged in different ways. */
const MIXED = Buffer.alloc(0);

/** Pages were judged by these rules. The first to come decides what the folder was judged by. */
export async function noteRules(tx: OrganisationTransaction, folder: FolderId, rules: FolderRules): Promise<void> {
  const hash = rulesHash(rules);
  await sql`
    update folder set rules_hash = case when rules_hash is null then ${hash}::bytea else ${MIXED}::bytea end
    where id = ${folder} and rules_hash is distinct from ${hash} and rules_hash is distinct from ${MIXED}`.execute(tx);
}

const leaveScopeSql = sqlFile<never, [items: readonly ItemId[], reasons: readonly LeftOutReason[], mailbox: MailboxId, pass: number]>('leave-scope');

/** Items a statement. */
const JUDGED_AT_ONCE = 5000;

/**
 * Judges the items of these folders by the rules of now, with the end of a pass, which `openPass` opens when somebody leaves. A folder in which
 * items are wanted that were not read yet stays outdated. Repeating it changes nothing.
 */
export async function judgeFolders(
  tx: OrganisationTransaction,
  mailbox: JudgedMailbox,
  folders: readonly FolderToJudge[],
  openPass: () => Promise<number>,
): Promise<void> {
  for (const group of outdatedRules(mailbox, folders)) {
    await leaveScope(tx, mailbox.id, group, openPass);
    await renameReasons(tx, mailbox.id, group);
    await sql`
      update folder f set rules_hash = ${group.hash}
      from unnest(${group.folders}::bigint[]) as g (id)
      where f.id = g.id and not exists (
        select from item i where i.mailbox_id = ${mailbox.id} and i.folder_id = g.id and ${isWanted(group.rules)})`.execute(tx);
  }
}

async function leaveScope(tx: OrganisationTransaction, mailbox: MailboxId, { folders, rules }: OutdatedFolders, openPass: () => Promise<number>): Promise<void> {
  if (!rules.leaveOutPrivate && rules.decisions.every(({ reason }) => reason === null)) return;
  for (;;) {
    // Who has left is not found again.
    const { rows } = await sql<{ id: ItemId; reason: LeftOutReason }>`
      select i.id, (${leftOutSql(rules)}) as reason from item i
      where i.mailbox_id = ${mailbox} and i.folder_id = any (${folders}::bigint[]) and i.left_out is null and (${leftOutSql(rules)}) is not null
      limit ${JUDGED_AT_ONCE}`.execute(tx);
    if (rows.length > 0) await leaveScopeSql(tx, rows.map(({ id }) => id), rows.map(({ reason }) => reason), mailbox, await openPass());
    if (rows.length < JUDGED_AT_ONCE) return;
  }
}

/** Of those that stay left out. What is private now is not known any more. */
async function renameReasons(tx: OrganisationTransaction, mailbox: MailboxId, { folders, rules }: OutdatedFolders): Promise<void> {
  await sql`
    update item i set left_out = x.reason,
      item_class = case when x.reason = 'private' then '' else i.item_class end, size = case when x.reason = 'private' then 0 else i.size end,
      properties = case when x.reason = 'private' then '{}' else i.properties end
    from (
      select i.id, (${leftOutSql(rules)}) as reason from item i
      where i.mailbox_id = ${mailbox} and i.folder_id = any (${folders}::bigint[]) and i.left_out is not null) x
    where i.mailbox_id = ${mailbox} and i.id = x.id and x.reason <> i.left_out`.execute(tx);
}
