/** Pieces of an answer. */
import { changeKey, folderId, itemId } from './ids.ts';
import type { SampleMailbox } from './mailbox.ts';
import type { Address, ItemRecord } from './model.ts';
import type { ExtendedPath } from './shape.ts';
import { escapeText } from './soap.ts';

/** Nothing for a value that there is not. */
export const element = (name: string, value: string | number | boolean | undefined): string =>
  value === undefined ? '' : `<t:${name}>${typeof value === 'string' ? escapeText(value) : String(value)}</t:${name}>`;

/** Around other elements; nothing around nothing. */
export const around = (name: string, xml: string): string => (xml === '' ? '' : `<t:${name}>${xml}</t:${name}>`);

/** Exchange gives whole seconds. */
export const time = (at: Date | undefined): string | undefined => at?.toISOString().replace(/\.\d+Z$/, 'Z');

export const mailboxXml = ({ name, address }: Address): string =>
  `<t:Mailbox>${element('Name', name)}${element('EmailAddress', address)}<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>`;

export const itemIdElement = (mailbox: SampleMailbox, { uid, moves, version }: Pick<ItemRecord, 'uid' | 'moves' | 'version'>): string =>
  `<t:ItemId Id="${itemId({ mailbox: mailbox.number, uid, moves })}" ChangeKey="${itemChangeKey(mailbox, { uid, moves, version })}"/>`;

export const itemChangeKey = (mailbox: SampleMailbox, { uid, moves, version }: Pick<ItemRecord, 'uid' | 'moves' | 'version'>): string =>
  changeKey(`${mailbox.number} ${uid} ${moves}`, version);

export const folderIdElement = (mailbox: SampleMailbox, folder: number, name: 'FolderId' | 'ParentFolderId' = 'FolderId'): string =>
  `<t:${name} Id="${folderId({ mailbox: mailbox.number, folder })}" ChangeKey="${changeKey(`${mailbox.number} folder ${folder}`, mailbox.folder(folder)?.version ?? 1)}"/>`;

/** Nothing for a property that the object has not. */
export const extendedProperty = ({ attributes }: ExtendedPath, value: string | undefined): string =>
  value === undefined
    ? ''
    : `<t:ExtendedProperty><t:ExtendedFieldURI ${attributes.map(([name, written]) => `${name}="${escapeText(written)}"`).join(' ')}/>${element('Value', value)}</t:ExtendedProperty>`;
