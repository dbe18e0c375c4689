/** Items and folders of a source as the rows that keep them. Pure. */
import { createHash } from 'node:crypto';
import type { FolderEntry, ItemEntry, ItemProperties } from '../shared/mailbox.ts';
import { storable } from './directory-text.ts';
import { type FolderRules, isPrivate, leftOut, type LeftOutReason } from './mailbox-rules.ts';

const HASH_BYTES = 16;

/** Finds an id of the source, however long it is. Compared exactly: ids that differ in case only are two. */
export const sourceHash = (id: string): Buffer => createHash('sha256').update(id).digest().subarray(0, HASH_BYTES);

export interface FolderRow {
  readonly hash: string;
  readonly source_id: string;
  readonly parent_hash: string;
  readonly name: string;
  readonly folder_class: string;
  readonly well_known: string | null;
}

export const folderRow = ({ id, parentId, name, folderClass, wellKnown }: FolderEntry): FolderRow => ({
  hash: sourceHash(id).toString('hex'),
  source_id: storable(id),
  parent_hash: sourceHash(parentId).toString('hex'),
  name: storable(name),
  folder_class: storable(folderClass),
  well_known: wellKnown,
});

export interface ItemRow {
  readonly hash: string;
  readonly source_id: string;
  readonly change_key: string;
  readonly search_key: string | null;
  readonly source_key: string | null;
  readonly left_out: LeftOutReason | null;
  readonly item_class: string;
  readonly size: number;
  readonly sort_at: string;
  readonly properties: ItemProperties | Partial<Pick<ItemProperties, 'sensitivity'>>;
  readonly signature: string;
}

/** An item that says of no time when it came is listed last. */
const NO_TIME = '1601-01-01T00:00:00Z';

/** The row of an item. Of one that is left out only ids and what rules look at are kept, and of a private one not even that. */
export function itemRow(entry: ItemEntry, rules: FolderRules): ItemRow {
  const { properties } = entry;
  const { size, sensitivity } = properties;
  const itemClass = storable(properties.itemClass);
  const sortAt = properties.receivedAt ?? properties.createdAt ?? properties.sentAt ?? NO_TIME;
  const reason = leftOut(rules, { itemClass, size, sortAt, sensitivity });
  const known = reason !== 'private';
  return {
    hash: sourceHash(entry.id).toString('hex'),
    source_id: storable(entry.id),
    change_key: storable(entry.changeKey),
    search_key: entry.searchKey,
    source_key: entry.sourceKey,
    left_out: reason,
    item_class: known ? itemClass : '',
    size: known ? size : 0,
    sort_at: known ? sortAt : NO_TIME,
    properties: reason === null ? storableProperties(properties) : known && isPrivate(sensitivity) ? { sensitivity } : {},
    signature: reason === null ? contentSignature(properties) : '',
  };
}

/** Messages whose MIME does not change without one of the properties below. Of others and of drafts any change may be one of content. */
const SETTLED = /^(?:ipm\.note|report|ipm\.schedule|ipm\.post)(?:\.|$)/i;

/**
 * Changes when what MIME holds may have changed, and not with a stamped property, flag, category or read mark, which change an item's
 * size and time too. Hex SHA-256.
 */
export function contentSignature(properties: ItemProperties): string {
  const { itemClass, subject, from, to, cc, bcc, sentAt, hasAttachments, messageId, inReplyTo, isDraft, size, modifiedAt } = properties;
  const held = [itemClass, subject, from, to, cc, bcc, sentAt, hasAttachments, messageId, inReplyTo, isDraft];
  const settled = SETTLED.test(itemClass) && !isDraft;
  return createHash('sha256').update(JSON.stringify(settled ? held : [...held, size, modifiedAt])).digest('hex');
}

/** With exactly the fields of the contract, each fit for PostgreSQL. */
function storableProperties(properties: ItemProperties): ItemProperties {
  const text = (value: string | null) => (value === null ? null : storable(value));
  const person = ({ name, address }: { readonly name: string; readonly address: string }) => ({ name: storable(name), address: storable(address) });
  return {
    itemClass: storable(properties.itemClass),
    subject: storable(properties.subject),
    from: properties.from === null ? null : person(properties.from),
    to: properties.to.map(person),
    cc: properties.cc.map(person),
    bcc: properties.bcc.map(person),
    sentAt: properties.sentAt,
    receivedAt: properties.receivedAt,
    createdAt: properties.createdAt,
    modifiedAt: properties.modifiedAt,
    size: properties.size,
    sensitivity: properties.sensitivity,
    importance: properties.importance,
    isRead: properties.isRead,
    isDraft: properties.isDraft,
    hasAttachments: properties.hasAttachments,
    flag: properties.flag,
    categories: properties.categories.map(storable),
    messageId: text(properties.messageId),
    inReplyTo: text(properties.inReplyTo),
    conversationId: text(properties.conversationId),
  };
}
