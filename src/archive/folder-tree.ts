/** The folders of a mailbox with the number of their items, at one of the moments of mailbox-view.ts. */
import { sql } from 'kysely';
import type { ErrorReport } from '../shared/errors.ts';
import type { FolderId, MailboxId } from '../shared/ids.ts';
import type { WellKnownFolder } from '../shared/mailbox.ts';
import type { OrganisationTransaction } from './database.ts';
import { findViewedPass, type MailboxView, type ViewedPass } from './mailbox-view.ts';

export interface ViewedFolder {
  readonly id: FolderId;
  /** Null: at the top. */
  readonly parent: FolderId | null;
  readonly name: string;
  readonly folderClass: string;
  readonly wellKnown: WellKnownFolder | null;
  /** Items that are kept. */
  readonly items: number;
  /** Items of which only the ids are kept: private, or left out by the definition. */
  readonly leftOut: number;
  /** In which it went away; null: it is there. */
  readonly closedPass: number | null;
  /** Why it could not be read in the last pass. */
  readonly error: ErrorReport | null;
}
export interface FolderTree {
  readonly at: ViewedPass;
  readonly folders: readonly ViewedFolder[];
}

interface FolderRow {
  readonly id: FolderId;
  readonly source_hash: Buffer;
  readonly parent_hash: Buffer;
  readonly name: string;
  readonly folder_class: string;
  readonly well_known: WellKnownFolder | null;
  readonly closed_pass: string | null;
  readonly error: ErrorReport | null;
  readonly items: string | null;
  readonly left_out: string | null;
}

/** @throws NotFoundError */
export async function findFolderTree(tx: OrganisationTransaction, mailbox: MailboxId, view: MailboxView): Promise<FolderTree> {
  const at = await findViewedPass(tx, mailbox, view);
  const counts = at.full ? everCounted(mailbox) : counted(mailbox, at.pass);
  const { rows } = await sql<FolderRow>`
    with counts as materialized (${counts})
    select f.id, f.source_hash, coalesce(past.parent_hash, f.parent_hash) as parent_hash, coalesce(past.name, f.name) as name, f.folder_class,
      f.well_known, case when f.closed_pass <= ${at.pass} then f.closed_pass end as closed_pass, f.error, counts.items, counts.left_out
    from folder f
    left join lateral (
      select parent_hash, name from former_folder p
      where p.folder_id = f.id and f.named_pass > ${at.pass} and p.since_pass <= ${at.pass} and p.until_pass > ${at.pass} limit 1) past on true
    left join counts on counts.folder_id = f.id
    where f.mailbox_id = ${mailbox} and f.opened_pass <= ${at.pass}
      ${at.full ? sql`` : sql`and (f.closed_pass is null or f.closed_pass > ${at.pass})`}
    order by name, f.id`.execute(tx);
  // Of one that came back under the same id the one that is there.
  const last = [...rows].sort((a, b) => Number(b.closed_pass !== null) - Number(a.closed_pass !== null));
  const byHash = new Map(last.map((row) => [row.source_hash.toString('hex'), row.id]));
  return { at, folders: rows.map((row) => viewed(row, byHash.get(row.parent_hash.toString('hex')) ?? null)) };
}

const viewed = (row: FolderRow, parent: FolderId | null): ViewedFolder => ({
  id: row.id,
  parent,
  name: row.name,
  folderClass: row.folder_class,
  wellKnown: row.well_known,
  items: Number(row.items ?? 0),
  leftOut: Number(row.left_out ?? 0),
  closedPass: row.closed_pass === null ? null : Number(row.closed_pass),
  error: row.error,
});

/** Those that are still where they were, as they were, are counted in an index without a look at their rows. */
const counted = (mailbox: MailboxId, pass: number) => sql`
  select folder_id, count(*) filter (where left_out is null) as items, count(*) filter (where left_out is not null) as left_out
  from (
    select i.folder_id, i.left_out from item i
    where i.mailbox_id = ${mailbox} and i.folder_id is not null and i.placed_pass <= ${pass} and i.version_pass <= ${pass}
    union all
    select i.folder_id, v.left_out from item i
    join former_version v on v.mailbox_id = i.mailbox_id and v.item_id = i.id and v.since_pass <= ${pass} and v.until_pass > ${pass}
    where i.mailbox_id = ${mailbox} and i.folder_id is not null and i.placed_pass <= ${pass} and i.version_pass > ${pass}
    union all
    select p.folder_id, case when i.version_pass <= ${pass} then i.left_out else v.left_out end
    from former_placement p
    join item i on i.mailbox_id = p.mailbox_id and i.id = p.item_id
    left join former_version v on i.version_pass > ${pass} and v.mailbox_id = p.mailbox_id and v.item_id = p.item_id and v.since_pass <= ${pass} and v.until_pass > ${pass}
    where p.mailbox_id = ${mailbox} and p.opened_pass <= ${pass} and p.closed_pass > ${pass}
  ) placed
  group by folder_id`;

const everCounted = (mailbox: MailboxId) => sql`
  select placed.folder_id, count(*) filter (where kept) as items, count(*) filter (where not kept) as left_out
  from (
    select id, folder_id from item where mailbox_id = ${mailbox} and folder_id is not null
    union
    select item_id, folder_id from former_placement where mailbox_id = ${mailbox}
  ) placed
  cross join lateral (
    select i.left_out is null or exists (
      select from former_version v where v.mailbox_id = ${mailbox} and v.item_id = i.id and v.left_out is null) as kept
    from item i where i.mailbox_id = ${mailbox} and i.id = placed.id) known
  group by placed.folder_id`;
