/** What requests name of a mailbox: itself, what is in it, and how it is looked at. */
import { Type } from 'typebox';
import type { OrganisationTransaction } from '../archive/database.ts';
import { isBigintId } from '../archive/directory-list.ts';
import { findMailboxId } from '../archive/find-mailbox.ts';
import type { MailboxView } from '../archive/mailbox-view.ts';
import { InvalidInputError, NotFoundError } from '../archive/record-errors.ts';
import { type FolderId, folderId, type ItemId, itemId, type MailboxId } from '../shared/ids.ts';
import { Bigint } from './schemas/common.ts';
import { Reference } from './schemas/lists.ts';

const mailbox = Type.String({ ...Reference, description: 'Its id, or any address that is its owner’s' });
export const MailboxPath = Type.Object({ mailbox });
export const FolderPath = Type.Object({ mailbox, folder: Bigint });
export const ItemPath = Type.Object({ mailbox, item: Bigint });

export const theMailbox = (tx: OrganisationTransaction, params: { readonly mailbox: string }): Promise<MailboxId> => findMailboxId(tx, params.mailbox);

/** @throws NotFoundError for a number that is too large for one */
export function theFolder({ folder }: { readonly folder: string }): FolderId {
  if (!isBigintId(folder)) throw new NotFoundError('such folder');
  return folderId(folder);
}
/** @throws NotFoundError for a number that is too large for one */
export function theItem({ item }: { readonly item: string }): ItemId {
  if (!isBigintId(item)) throw new NotFoundError('such item');
  return itemId(item);
}

/** @throws InvalidInputError for both at once, or a moment that is none */
export function theView({ full = false, at }: { readonly full?: boolean | undefined; readonly at?: string | undefined }): MailboxView {
  if (at === undefined) return { kind: full ? 'full' : 'live' };
  if (full) throw new InvalidInputError([{ path: '/at', message: 'goes not together with full' }]);
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) throw new InvalidInputError([{ path: '/at', message: 'is no moment' }]);
  return { kind: 'as-of', at: moment };
}
