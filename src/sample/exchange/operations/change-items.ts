/** CreateItem, UpdateItem, MoveItem, DeleteItem: as far as clients that were not written for the sample need them to change it. */
import { createHash, randomUUID } from 'node:crypto';
import { sizeOf } from '../message-text.ts';
import type { Address, FlagStatus, Importance, ItemContent, ItemRecord, Sensitivity } from '../model.ts';
import { itemIdElement } from '../shapes.ts';
import { EwsFault, failedMessage, type Xml } from '../soap.ts';
import { type Answer, type Context, folderOf, itemOf, type Operation } from './context.ts';

const success = '<m:ResponseCode>NoError</m:ResponseCode>';

/** One message for each part: what fails is told, and the others are done. */
function* each(operation: string, parts: readonly Xml[], empty: string, work: (part: Xml) => string): Answer {
  for (const part of parts) {
    let message: string;
    try {
      message = `<m:${operation}ResponseMessage ResponseClass="Success">${success}${work(part)}</m:${operation}ResponseMessage>`;
    } catch (error) {
      if (!(error instanceof EwsFault)) throw error;
      message = failedMessage(operation, error, empty);
    }
    yield message;
  }
}

const items = (item: ItemRecord, { mailbox }: Context): string => `<m:Items><t:Message>${itemIdElement(mailbox, item)}</t:Message></m:Items>`;

export const createItem: Operation = (request, context) => {
  const folder = folderOf(request.at('SavedItemFolderId')?.children()[0] ?? request.child('Items'), context);
  return each('CreateItem', request.child('Items')?.children() ?? [], '<m:Items/>', (given) => {
    const now = new Date();
    const content = contentOf(given, now);
    const made = context.mailbox.addItem(() => ({
      folder: folder.number,
      itemClass: given.child('ItemClass')?.text() ?? 'IPM.Note',
      content,
      receivedAt: now,
      createdAt: now,
      modifiedAt: now,
      sensitivity: (given.child('Sensitivity')?.text() ?? 'Normal') as Sensitivity,
      importance: (given.child('Importance')?.text() ?? 'Normal') as Importance,
      isRead: given.child('IsRead')?.text() !== 'false',
      isDraft: request.attribute('MessageDisposition') === 'SaveOnly',
      flag: 'NotFlagged',
      categories: given.child('Categories')?.children().map((name) => name.text()) ?? [],
      searchKey: createHash('md5').update(randomUUID()).digest(),
      conversation: createHash('md5').update(content.subject).digest(),
      stamped: new Map(),
      size: sizeOf(content),
    }));
    return items(made, context);
  });
};

function contentOf(given: Xml, now: Date): ItemContent {
  const body = given.child('Body');
  const html = body?.attribute('BodyType') === 'HTML' ? body.text() : undefined;
  return {
    subject: given.child('Subject')?.text() ?? '',
    from: addresses(given.child('From'))[0] ?? addresses(given.child('Sender'))[0],
    to: addresses(given.child('ToRecipients')),
    cc: addresses(given.child('CcRecipients')),
    bcc: addresses(given.child('BccRecipients')),
    sentAt: now,
    messageId: given.child('InternetMessageId')?.text() ?? `<${randomUUID()}@sample.example>`,
    inReplyTo: given.child('InReplyTo')?.text(),
    references: [],
    text: html === undefined ? (body?.text() ?? '') : undefined,
    html,
    charset: 'utf-8',
    attachments: [],
  };
}

const addresses = (list: Xml | undefined): Address[] =>
  (list?.children() ?? []).map((mailbox) => ({ name: mailbox.child('Name')?.text() ?? '', address: mailbox.child('EmailAddress')?.text() ?? '' }));

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
    const key = `${path.attribute('PropertySetId') ?? ''} ${path.attribute('PropertyName') ?? path.attribute('PropertyTag') ?? ''}`;
    // A property that is stamped makes the item a little larger, and is in no MIME.
    return { stamped: new Map([...item.stamped, [key, value?.child('Value')?.text() ?? '']]), size: item.size + 64 };
  }
  switch (path?.attribute('FieldURI')) {
    case 'item:Subject':
      return { content: { ...item.content, subject: value?.text() ?? '' } };
    case 'item:Categories':
      return { categories: value?.children().map((name) => name.text()) ?? [] };
    case 'item:Importance':
      return { importance: (value?.text() ?? 'Normal') as Importance };
    case 'item:Sensitivity':
      return { sensitivity: (value?.text() ?? 'Normal') as Sensitivity };
    case 'item:Flag':
      return { flag: (value?.child('FlagStatus')?.text() ?? 'NotFlagged') as FlagStatus };
    case 'message:IsRead':
      return { isRead: value?.text() === 'true' };
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

export const deleteItem: Operation = (request, context) =>
  each('DeleteItem', request.child('ItemIds')?.children() ?? [], '', (reference) => {
    const { uid } = itemOf(reference, context);
    const bin = request.attribute('DeleteType') === 'MoveToDeletedItems' ? context.mailbox.wellKnown('deleteditems') : undefined;
    if (bin === undefined) context.mailbox.deleteItem(uid);
    else context.mailbox.moveItem(uid, bin.number);
    return '';
  });

/* ---- folders ---- */

const folders = (number: number, { mailbox }: Context, element: (mailbox: Context['mailbox'], folder: number) => string): string =>
  `<m:Folders><t:Folder>${element(mailbox, number)}</t:Folder></m:Folders>`;

/** CreateFolder, UpdateFolder, MoveFolder, DeleteFolder. */
export const changeFolders = (folderIdElement: (mailbox: Context['mailbox'], folder: number) => string): Readonly<Record<string, Operation>> => ({
  CreateFolder: (request, context) => {
    const parent = folderOf(request.at('ParentFolderId')?.children()[0], context, 'ErrorParentFolderNotFound');
    return each('CreateFolder', request.child('Folders')?.children() ?? [], '<m:Folders/>', (given) => {
      const name = given.child('DisplayName')?.text() ?? '';
      if (context.mailbox.folders().some((other) => other.parent === parent.number && other.name.toLowerCase() === name.toLowerCase())) {
        throw new EwsFault('ErrorFolderExists', 'A folder with the specified name already exists.');
      }
      const made = context.mailbox.addFolder({ parent: parent.number, name, folderClass: given.child('FolderClass')?.text() ?? 'IPF.Note' });
      return folders(made.number, context, folderIdElement);
    });
  },
  UpdateFolder: (request, context) =>
    each('UpdateFolder', request.child('FolderChanges')?.children() ?? [], '<m:Folders/>', (change) => {
      const folder = folderOf(change.children()[0], context);
      for (const update of change.child('Updates')?.children() ?? []) {
        const [path, value] = update.children();
        if (path?.attribute('FieldURI') !== 'folder:DisplayName') throw new EwsFault('ErrorInvalidPropertySet', 'Set action is invalid for property.');
        context.mailbox.changeFolder(folder.number, { name: value?.child('DisplayName')?.text() ?? '' });
      }
      return folders(folder.number, context, folderIdElement);
    }),
  MoveFolder: (request, context) => {
    const to = folderOf(request.at('ToFolderId')?.children()[0], context, 'ErrorToFolderNotFound');
    return each('MoveFolder', request.child('FolderIds')?.children() ?? [], '<m:Folders/>', (reference) => {
      const folder = folderOf(reference, context);
      if (folder.wellKnown !== undefined) throw new EwsFault('ErrorMoveDistinguishedFolder', 'Distinguished folders cannot be moved.');
      context.mailbox.changeFolder(folder.number, { parent: to.number });
      return folders(folder.number, context, folderIdElement);
    });
  },
  DeleteFolder: (request, context) =>
    each('DeleteFolder', request.child('FolderIds')?.children() ?? [], '', (reference) => {
      const folder = folderOf(reference, context);
      if (folder.wellKnown !== undefined) throw new EwsFault('ErrorDeleteDistinguishedFolder', 'Distinguished folders cannot be deleted.');
      context.mailbox.deleteFolder(folder.number);
      return '';
    }),
});
