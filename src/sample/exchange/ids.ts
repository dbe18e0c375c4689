/**
 * Ids as Exchange makes them: opaque base64, case-sensitive, each of one mailbox. An item's id holds how often it moved, so that a
 * moved item has another; a folder's stays.
 */
import { createHash } from 'node:crypto';

const FOLDER = 1;
const ITEM = 2;
const ATTACHMENT = 3;
/** Like the real ones, so that a client that shortens them notices. */
const FILLER = 40;

export interface ItemPlace {
  readonly mailbox: number;
  readonly uid: number;
  readonly moves: number;
}
export interface AttachmentPlace extends ItemPlace {
  readonly index: number;
}
export interface FolderPlace {
  readonly mailbox: number;
  readonly folder: number;
}

export const itemId = ({ mailbox, uid, moves }: ItemPlace): string => encode(ITEM, mailbox, uid, moves);
export const folderId = ({ mailbox, folder }: FolderPlace): string => encode(FOLDER, mailbox, folder, 0);
/** Attachments of one item that a server of a sample ever has. */
const ATTACHMENTS = 1000;
export const attachmentId = ({ mailbox, uid, moves, index }: AttachmentPlace): string => encode(ATTACHMENT, mailbox, uid, moves * ATTACHMENTS + index);
export const changeKey = (what: string, version: number): string =>
  createHash('sha256').update(`${what} ${version}`).digest().subarray(0, 12).toString('base64');

export function readItemId(id: string): ItemPlace | undefined {
  const numbers = decode(ITEM, id);
  return numbers === undefined ? undefined : { mailbox: numbers[0], uid: numbers[1], moves: numbers[2] };
}
export function readAttachmentId(id: string): AttachmentPlace | undefined {
  const numbers = decode(ATTACHMENT, id);
  return numbers === undefined ? undefined : { mailbox: numbers[0], uid: numbers[1], moves: Math.floor(numbers[2] / ATTACHMENTS), index: numbers[2] % ATTACHMENTS };
}
export function readFolderId(id: string): FolderPlace | undefined {
  const numbers = decode(FOLDER, id);
  return numbers === undefined ? undefined : { mailbox: numbers[0], folder: numbers[1] };
}

function encode(kind: number, ...numbers: readonly [number, number, number]): string {
  const bytes = Buffer.alloc(16 + FILLER);
  bytes.writeUInt32BE(kind, 0);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 + index * 4);
  createHash('sha512').update(bytes.subarray(0, 16)).digest().copy(bytes, 16, 0, FILLER);
  return bytes.toString('base64');
}

/** Undefined for anything that this server did not write. */
function decode(kind: number, id: string): readonly [number, number, number] | undefined {
  const bytes = Buffer.from(id, 'base64');
  if (bytes.length !== 16 + FILLER || bytes.readUInt32BE(0) !== kind) return undefined;
  const numbers = [bytes.readUInt32BE(4), bytes.readUInt32BE(8), bytes.readUInt32BE(12)] as const;
  return encode(kind, ...numbers) === id ? numbers : undefined;
}
