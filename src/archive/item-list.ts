/** The items of a folder, newest first, at one of the moments of mailbox-view.ts. */
import { type RawBuilder, sql } from 'kysely';
import type { FolderId, ItemId, MailboxId } from '../shared/ids.ts';
import type { ItemProperties } from '../shared/mailbox.ts';
import type { OrganisationTransaction } from './database.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { findViewedPass, type MailboxView, type ViewedPass } from './mailbox-view.ts';
import { isAfterPlace, microseconds, type NewestPlace, newestPlace } from './newest-first.ts';
import { NotFoundError } from './record-errors.ts';

export type PlacementEnd = 'moved' | 'deleted' | 'folder-deleted' | 'left-scope' | 'resync-missing';

export interface ListedItem {
  readonly id: ItemId;
  readonly sourceId: string;
  readonly changeKey: string;
  readonly properties: ItemProperties;
}
export interface ItemList extends KeysetPage<ListedItem> {
  readonly at: ViewedPass;
}
export interface ItemRange {
  readonly folder: FolderId;
  readonly view: MailboxView;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

interface Row {
  readonly id: ItemId;
  readonly source_id: string;
  readonly change_key: string;
  readonly properties: ItemProperties;
  readonly sort_key: string;
}

/** @throws NotFoundError for a folder that the mailbox never had, InvalidInputError for an `after` that no page gave */
export async function listItems(tx: OrganisationTransaction, mailbox: MailboxId, { folder, view, after, limit }: ItemRange): Promise<ItemList> {
  const at = await findViewedPass(tx, mailbox, view);
  const { rows: [known] } = await sql`select from folder where id = ${folder} and mailbox_id = ${mailbox}`.execute(tx);
  if (known === undefined) throw new NotFoundError('such folder');
  const range = { mailbox, folder, after: after === undefined ? undefined : newestPlace(after), limit: limit + 1 };
  const { rows } = await (at.full ? everThere(range) : thereIn(range, at.pass)).execute(tx);
  const page = keysetPage(rows, limit, ({ sort_key, id }) => `${sort_key}.${id}`);
  return {
    at,
    next: page.next,
    items: page.items.map(({ id, source_id, change_key, properties }) => ({ id, sourceId: source_id, changeKey: change_key, properties })),
  };
}

interface Range {
  readonly mailbox: MailboxId;
  readonly folder: FolderId;
  readonly after: NewestPlace | undefined;
  readonly limit: number;
}

const sortKey = sql`${microseconds(sql.ref('c.sort_at'))} as sort_key`;
const isAfter = ({ after }: Range, id: RawBuilder<unknown>) => (after === undefined ? sql`` : sql`and ${isAfterPlace(after, id)}`);

/** Each branch gives the first of its own by an index; together they are sorted. */
function thereIn(range: Range, pass: number): RawBuilder<Row> {
  const { mailbox, folder, limit } = range;
  // Not "exists", for which the planner may read all former versions of the mailbox.
  const shownBefore = sql`(
    select true from former_version v
    where v.mailbox_id = ${mailbox} and v.item_id = i.id and v.since_pass <= ${pass} and v.until_pass > ${pass} and v.left_out is null limit 1)`;
  const first = (id: RawBuilder<unknown>) => sql`${isAfter(range, id)} order by sort_at desc, ${id} desc limit ${limit}`;
  return sql<Row>`
    with c as materialized (
      (select i.id, i.sort_at from item i
        where i.mailbox_id = ${mailbox} and i.folder_id = ${folder} and i.left_out is null and i.placed_pass <= ${pass}
          and (i.version_pass <= ${pass} or ${shownBefore}) ${first(sql.ref('id'))})
      union all
      (select i.id, i.sort_at from item i
        where i.mailbox_id = ${mailbox} and i.folder_id = ${folder} and i.left_out is not null and i.version_pass > ${pass} and i.placed_pass <= ${pass}
          and ${shownBefore} ${first(sql.ref('id'))})
      union all
      (select p.item_id, p.sort_at from former_placement p
        where p.mailbox_id = ${mailbox} and p.folder_id = ${folder} and p.opened_pass <= ${pass} and p.closed_pass > ${pass}
          and (
            select true from item i where i.mailbox_id = ${mailbox} and i.id = p.item_id
              and case when i.version_pass <= ${pass} then i.left_out is null else ${shownBefore} end) ${first(sql.ref('item_id'))})
    )
    select i.id, i.source_id, ${sortKey}, coalesce(v.change_key, i.change_key) as change_key, coalesce(v.properties, i.properties) as properties
    from c
    join item i on i.mailbox_id = ${mailbox} and i.id = c.id
    left join lateral (
      select v.change_key, v.properties from former_version v
      where i.version_pass > ${pass} and v.mailbox_id = ${mailbox} and v.item_id = i.id and v.since_pass <= ${pass} and v.until_pass > ${pass} limit 1) v on true
    order by c.sort_at desc, c.id desc
    limit ${limit}`;
}

/** As it last was when it was kept. */
function everThere(range: Range): RawBuilder<Row> {
  const { mailbox, folder, limit } = range;
  const wasKept = sql`(select true from former_version v where v.mailbox_id = ${mailbox} and v.item_id = i.id and v.left_out is null limit 1)`;
  const first = (id: RawBuilder<unknown>) => sql`${isAfter(range, id)} order by sort_at desc, ${id} desc limit ${limit}`;
  return sql<Row>`
    with c as materialized (
      (select i.id, i.sort_at from item i where i.mailbox_id = ${mailbox} and i.folder_id = ${folder} and i.left_out is null ${first(sql.ref('id'))})
      union
      (select i.id, i.sort_at from item i where i.mailbox_id = ${mailbox} and i.folder_id = ${folder} and i.left_out is not null and ${wasKept} ${first(sql.ref('id'))})
      union
      (select distinct p.item_id, p.sort_at from former_placement p
        where p.mailbox_id = ${mailbox} and p.folder_id = ${folder}
          and (select true from item i where i.mailbox_id = ${mailbox} and i.id = p.item_id and (i.left_out is null or ${wasKept})) ${first(sql.ref('item_id'))})
    )
    select i.id, i.source_id, ${sortKey}, coalesce(v.change_key, i.change_key) as change_key, coalesce(v.properties, i.properties) as properties
    from (select id, max(sort_at) as sort_at from c group by id) c
    join item i on i.mailbox_id = ${mailbox} and i.id = c.id
    left join lateral (
      select v.change_key, v.properties from former_version v
      where i.left_out is not null and v.mailbox_id = ${mailbox} and v.item_id = i.id and v.left_out is null
      order by v.until_pass desc limit 1) v on true
    order by c.sort_at desc, c.id desc
    limit ${limit}`;
}
