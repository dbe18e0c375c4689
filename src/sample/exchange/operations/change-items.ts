/** CreateItem, UpdateItem, MoveItem, CopyItem, DeleteItem: as far as clients that were not written for the sample need them to change it. */
import { createHash, randomBytes } from 'node:crypto';
import { addresses, givenItem, strings } from '../given-item.ts';
import { bareItem } from '../item-xml.ts';
import { sizeOf } from '../message-text.ts';
import type { FlagStatus, Importance, ItemRecord, Sensitivity } from '../model.ts';
import { extendedPath } from '../shape.ts';
import { EwsFault, type Xml } from '../soap.ts';
import { each } from './answers.ts';
import { type Context, folderOf, itemOf, type Operation } from './context.ts';

const items = (item: ItemRecord, { mailbox }: Context): string => `<m:Items>${bareItem(item, mailbox)}</m:Items>`;

export const createItem: Operation = (request, context) => {
  const place = request.at('SavedItemFolderId')?.children()[0];
  const folder = place === undefined ? context.mailbox.wellKnown('drafts') : folderOf(place, context);
  if (folder === undefined) throw new EwsFault('ErrorFolderNotFound', 'The specified folder could not be found in the store.');
  return each('CreateItem', request.child('Items')?.children() ?? [], '<m:Items/>', (given) => {
    const now = new Date();
    const item = givenItem(given, now);
    const made = context.mailbox.addItem(() => ({
      ...item,
      folder: folder.number,
      receivedAt: now,
      createdAt: now,
      modifiedAt: now,
      isDraft: item.isDraft && request.attribute('MessageDisposition') === 'SaveOnly',
      searchKey: randomBytes(16),
      conversation: createHash('md5').update(item.content.subject).digest(),
      size: sizeOf(item.content),
    }));
    return items(made, context);
  });
};

export const updateItem: Operation = (request, context) =>
  each('UpdateItem', request.child('ItemChanges')?.children() ?? [], '<m:Items/>', (change) => {
    const reference = change.child('ItemId');
    if (reference === undefined) throw new EwsFault('ErrorInvalidIdEmpty', 'Id must be non-empty.');
    let item = itemOf(reference, context);
    for (const update of change.child('Updates')?.children() ?? []) {
      const [path, value] = update.children();
      item = context.mailbox.changeItem(item.uid, changed(item, path, update.name === 'DeleteItemField' ? undefined : value?.children()[0]));
    }
    return `${items(item, context)}<m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>`;
  });

function changed(item: ItemRecord, path: Xml | undefined, value: Xml | undefined): Parameters<Context['mailbox']['changeItem']>[1] {
  if (path?.name === 'ExtendedFieldURI') {
    // A property that is stamped makes the item a little larger, and is in no MIME.
    return { stamped: new Map([...item.stamped, [extendedPath(path).name, value?.child('Value')?.text() ?? '']]), size: item.size + 64 };
  }
  const { content } = item;
  switch (path?.attribute('FieldURI')) {
    case 'item:Subject':
      return { content: { ...content, subject: value?.text() ?? '' } };
    case 'item:Body':
      return { content: { ...content, ...(value?.attribute('BodyType') === 'HTML' ? { html: value.text(), text: undefined } : { text: value?.text() ?? '', html: undefined }) } };
    case 'item:Categories':
      return { categories: strings(value) };
    case 'item:Importance':
      return { importance: (value?.text() ?? 'Normal') as Importance };
    case 'item:Sensitivity':
      return { sensitivity: (value?.text() ?? 'Normal') as Sensitivity };
    case 'item:Flag':
      return { flag: (value?.child('FlagStatus')?.text() ?? 'NotFlagged') as FlagStatus };
    case 'message:IsRead':
      return { isRead: value?.text() === 'true' };
    case 'message:ToRecipients':
      return { content: { ...content, to: addresses(value) } };
    case undefined:
    default:
      throw new EwsFault('ErrorInvalidPropertySet', 'Set action is invalid for property.');
  }
}

export const moveItem: Operation = (request, context) => {
  const to = folderOf(request.at('ToFolderId')?.children()[0], context, 'ErrorToFolderNotFound');
  return each('MoveItem', request.child('ItemIds')?.children() ?? [], '<m:Items/>', (reference) =>
    items(context.mailbox.moveItem(itemOf(reference, context).uid, to.number), context),
  );
};

/** A copy shares the search key of its original. */
export const copyItem: Operation = (request, context) => {
  const to = folderOf(request.at('ToFolderId')?.children()[0], context, 'ErrorToFolderNotFound');
  return each('CopyItem', request.child('ItemIds')?.children() ?? [], '<m:Items/>', (reference) => {
    const item = itemOf(reference, context);
    return items(context.mailbox.addItem(() => ({ ...item, folder: to.number })), context);
  });
};

export const deleteItem: Operation = (request, context) =>
  each('DeleteItem', request.child('ItemIds')?.children() ?? [], '', (reference) => {
    const { uid } = itemOf(reference, context);
    const bin = request.attribute('DeleteType') === 'MoveToDeletedItems' ? context.mailbox.wellKnown('deleteditems') : undefined;
    if (bin === undefined) context.mailbox.deleteItem(uid);
    else context.mailbox.moveItem(uid, bin.number);
    return '';
  });
