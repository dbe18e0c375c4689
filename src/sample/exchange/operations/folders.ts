/** SyncFolderHierarchy, FindFolder, GetFolder. */
import { folderXml } from '../folder-xml.ts';
import { readShape } from '../shape.ts';
import { EwsFault, failedMessage } from '../soap.ts';
import { readState, writeState } from '../sync-state.ts';
import { folderIdElement } from '../xml-parts.ts';
import { type Context, folderOf, type Operation } from './context.ts';

const success = '<m:ResponseCode>NoError</m:ResponseCode>';

export const syncFolderHierarchy: Operation = function* (request, context) {
  const { mailbox, stateGeneration: generation } = context;
  const shape = readShape(request.child('FolderShape'));
  const scope = `${mailbox.number} hierarchy`;
  const since = readState(request.child('SyncState')?.text(), scope, generation)?.['clock'];
  const { changed, removed } = mailbox.foldersSince(since ?? 0);
  const changes = [
    ...changed
      .filter(({ record }) => record.parent !== null)
      .map(({ record, isNew }) => {
        const kind = isNew || since === undefined ? 'Create' : 'Update';
        return `<t:${kind}>${folderXml(record, mailbox, shape)}</t:${kind}>`;
      }),
    ...(since === undefined ? [] : removed.map((number) => `<t:Delete>${folderIdElement(mailbox, number)}</t:Delete>`)),
  ];
  yield `<m:SyncFolderHierarchyResponseMessage ResponseClass="Success">${success}` +
    `<m:SyncState>${writeState({ scope, generation, position: { clock: mailbox.clock } })}</m:SyncState>` +
    `<m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange><m:Changes>${changes.join('')}</m:Changes></m:SyncFolderHierarchyResponseMessage>`;
};

export const findFolder: Operation = function* (request, context) {
  const { mailbox } = context;
  const shape = readShape(request.child('FolderShape'));
  const parent = folderOf(request.child('ParentFolderIds')?.children()[0], context);
  const deep = request.attribute('Traversal') === 'Deep';
  const found = mailbox.folders().filter((folder) => (deep ? isBelow(folder.number, parent.number, context) : folder.parent === parent.number));
  const view = request.child('IndexedPageFolderView');
  const offset = Number(view?.attribute('Offset') ?? 0);
  const most = Math.min(1000, Number(view?.attribute('MaxEntriesReturned') ?? 1000));
  const page = found.slice(offset, offset + most);
  yield `<m:FindFolderResponseMessage ResponseClass="Success">${success}` +
    `<m:RootFolder IndexedPagingOffset="${offset + page.length}" TotalItemsInView="${found.length}" IncludesLastItemInRange="${offset + page.length >= found.length}">` +
    `<t:Folders>${page.map((folder) => folderXml(folder, mailbox, shape)).join('')}</t:Folders></m:RootFolder></m:FindFolderResponseMessage>`;
};

export const getFolder: Operation = function* (request, context) {
  const shape = readShape(request.child('FolderShape'));
  for (const reference of request.child('FolderIds')?.children() ?? []) {
    try {
      const folder = folderOf(reference, context);
      yield `<m:GetFolderResponseMessage ResponseClass="Success">${success}<m:Folders>${folderXml(folder, context.mailbox, shape)}</m:Folders></m:GetFolderResponseMessage>`;
    } catch (error) {
      if (!(error instanceof EwsFault)) throw error;
      yield failedMessage('GetFolder', error, '<m:Folders/>');
    }
  }
};

function isBelow(number: number, ancestor: number, { mailbox }: Context): boolean {
  for (let at = mailbox.folder(number)?.parent ?? null; at !== null; at = mailbox.folder(at)?.parent ?? null) if (at === ancestor) return true;
  return false;
}
