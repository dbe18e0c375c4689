/** CreateFolder, UpdateFolder, MoveFolder, EmptyFolder, DeleteFolder. */
import { folderElement } from '../folder-xml.ts';
import type { FolderRecord } from '../model.ts';
import { EwsFault } from '../soap.ts';
import { folderIdElement } from '../xml-parts.ts';
import { each } from './answers.ts';
import { type Context, folderOf, type Operation } from './context.ts';

const folders = (folder: FolderRecord, { mailbox }: Context): string =>
  `<m:Folders><t:${folderElement(folder)}>${folderIdElement(mailbox, folder.number)}</t:${folderElement(folder)}></m:Folders>`;

export const createFolder: Operation = (request, context) => {
  const parent = folderOf(request.at('ParentFolderId')?.children()[0], context, 'ErrorParentFolderNotFound');
  return each('CreateFolder', request.child('Folders')?.children() ?? [], '<m:Folders/>', (given) => {
    const name = given.child('DisplayName')?.text() ?? '';
    if (context.mailbox.folders().some((other) => other.parent === parent.number && other.name.toLowerCase() === name.toLowerCase())) {
      throw new EwsFault('ErrorFolderExists', 'A folder with the specified name already exists.');
    }
    return folders(context.mailbox.addFolder({ parent: parent.number, name, folderClass: given.child('FolderClass')?.text() ?? 'IPF.Note' }), context);
  });
};

export const updateFolder: Operation = (request, context) =>
  each('UpdateFolder', request.child('FolderChanges')?.children() ?? [], '<m:Folders/>', (change) => {
    let folder = folderOf(change.children()[0], context);
    for (const update of change.child('Updates')?.children() ?? []) {
      const [path, value] = update.children();
      const field = path?.attribute('FieldURI');
      if (field === 'folder:DisplayName') folder = context.mailbox.changeFolder(folder.number, { name: value?.child('DisplayName')?.text() ?? '' });
      // Clients send it with the name; a folder keeps its class.
      else if (field !== 'folder:FolderClass') throw new EwsFault('ErrorInvalidPropertySet', 'Set action is invalid for property.');
    }
    return folders(folder, context);
  });

export const moveFolder: Operation = (request, context) => {
  const to = folderOf(request.at('ToFolderId')?.children()[0], context, 'ErrorToFolderNotFound');
  return each('MoveFolder', request.child('FolderIds')?.children() ?? [], '<m:Folders/>', (reference) => {
    const folder = folderOf(reference, context);
    if (folder.wellKnown !== undefined) throw new EwsFault('ErrorMoveDistinguishedFolder', 'Distinguished folders cannot be moved.');
    return folders(context.mailbox.changeFolder(folder.number, { parent: to.number }), context);
  });
};

export const emptyFolder: Operation = (request, context) =>
  each('EmptyFolder', request.child('FolderIds')?.children() ?? [], '', (reference) => {
    const { mailbox } = context;
    const folder = folderOf(reference, context);
    const bin = request.attribute('DeleteType') === 'MoveToDeletedItems' ? mailbox.wellKnown('deleteditems') : undefined;
    for (const { uid } of [...mailbox.itemsBelow(folder.number)]) {
      if (bin === undefined) mailbox.deleteItem(uid);
      else mailbox.moveItem(uid, bin.number);
    }
    if (request.attribute('DeleteSubFolders') === 'true') {
      for (const { number, parent } of mailbox.folders()) if (parent === folder.number) mailbox.deleteFolder(number);
    }
    return '';
  });

export const deleteFolder: Operation = (request, context) =>
  each('DeleteFolder', request.child('FolderIds')?.children() ?? [], '', (reference) => {
    const { mailbox } = context;
    const folder = folderOf(reference, context);
    if (folder.wellKnown !== undefined) throw new EwsFault('ErrorDeleteDistinguishedFolder', 'Distinguished folders cannot be deleted.');
    const bin = request.attribute('DeleteType') === 'MoveToDeletedItems' ? mailbox.wellKnown('deleteditems') : undefined;
    if (bin === undefined) mailbox.deleteFolder(folder.number);
    else mailbox.changeFolder(folder.number, { parent: bin.number });
    return '';
  });
