/** One item with what it was and where it was. */
import { sql } from 'kysely';
import type { FolderId, ItemId, MailboxId } from '../shared/ids.ts';
import type { ItemProperties } from '../shared/mailbox.ts';
import type { OrganisationTransaction } from './database.ts';
import type { PlacementEnd } from './item-list.ts';
import type { LeftOutReason } from './mailbox-rules.ts';
import { findViewedPass, type MailboxView, type ViewedPass } from './mailbox-view.ts';
import { NotFoundError } from './record-errors.ts';

export interface ItemVersion {
  readonly since: number;
  /** Null: it is so still. */
  readonly until: number | null;
  readonly changeKey: string;
  /** Then there are no properties. */
  readonly leftOut: LeftOutReason | null;
  readonly properties: ItemProperties | null;
  /** Of its content in the archive (stored-content.ts); null: there is none. */
  readonly contentId: string | null;
}
export interface ItemPlacement {
  readonly folder: FolderId;
  readonly opened: number;
  /** Null: it is there still. */
  readonly closed: number | null;
  readonly reason: PlacementEnd | null;
}
export interface ItemHistory {
  readonly at: ViewedPass;
  readonly id: ItemId;
  readonly sourceId: string;
  readonly contentState: 'wanted' | 'stored' | 'unreadable' | 'not-wanted';
  /** As the view shows it. */
  readonly shown: ItemVersion;
  /** Newest first. */
  readonly versions: readonly ItemVersion[];
  readonly placements: readonly ItemPlacement[];
}

interface VersionRow {
  readonly since: string;
  readonly until: string | null;
  readonly change_key: string;
  readonly left_out: LeftOutReason | null;
  readonly properties: ItemProperties;
  readonly content_id: string | null;
}
interface PlacementRow {
  readonly folder_id: FolderId;
  readonly opened: string;
  readonly closed: string | null;
  readonly reason: PlacementEnd | null;
}

/**
 * What is later than the view's pass is not told.
 * @throws NotFoundError when there is no such item, or the view shows it nowhere
 */
export async function findItemHistory(tx: OrganisationTransaction, mailbox: MailboxId, item: ItemId, view: MailboxView): Promise<ItemHistory> {
  const at = await findViewedPass(tx, mailbox, view);
  const { rows: [found] } = await sql<{ id: ItemId; source_id: string; content_state: ItemHistory['contentState'] }>`
    select id, source_id, content_state from item where mailbox_id = ${mailbox} and id = ${item}`.execute(tx);
  if (found === undefined) throw new NotFoundError('such item');
  const { rows: versions } = await sql<VersionRow>`
    select version_pass as since, null as until, change_key, left_out, properties, content_id
    from item where mailbox_id = ${mailbox} and id = ${item} and version_pass <= ${at.pass}
    union all
    select since_pass, until_pass, change_key, left_out, properties, content_id
    from former_version where mailbox_id = ${mailbox} and item_id = ${item} and since_pass <= ${at.pass}
    order by since desc, until desc nulls first`.execute(tx);
  const { rows: placements } = await sql<PlacementRow>`
    select folder_id, placed_pass as opened, null as closed, null as reason
    from item where mailbox_id = ${mailbox} and id = ${item} and folder_id is not null and placed_pass <= ${at.pass}
    union all
    select folder_id, opened_pass, closed_pass, reason
    from former_placement where mailbox_id = ${mailbox} and item_id = ${item} and opened_pass <= ${at.pass}
    order by opened desc, closed desc nulls first`.execute(tx);
  const past = (pass: string | null) => (pass === null || Number(pass) > at.pass ? null : Number(pass));
  const told = versions.map((row) => version(row, past(row.until)));
  const places = placements.map((row) => placement(row, past(row.closed)));
  const shown = at.full ? told.find(({ leftOut }) => leftOut === null) : told.find(({ until, leftOut }) => until === null && leftOut === null);
  const isThere = at.full ? places.length > 0 : places.some(({ closed }) => closed === null);
  if (shown === undefined || !isThere) throw new NotFoundError('such item');
  return { at, id: found.id, sourceId: found.source_id, contentState: found.content_state, shown, versions: told, placements: places };
}

const version = ({ since, change_key, left_out, properties, content_id }: VersionRow, until: number | null): ItemVersion => ({
  since: Number(since),
  until,
  changeKey: change_key,
  leftOut: left_out,
  properties: left_out === null ? properties : null,
  contentId: content_id,
});
const placement = ({ folder_id, opened, reason }: PlacementRow, closed: number | null): ItemPlacement => ({
  folder: folder_id,
  opened: Number(opened),
  closed,
  reason: closed === null ? null : reason,
});
