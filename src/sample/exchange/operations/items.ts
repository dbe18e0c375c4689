/** SyncFolderItems and GetItem. */
import type { SyncPosition } from '../mailbox.ts';
import { itemMime } from '../item-mime.ts';
import { itemXml } from '../item-xml.ts';
import { readShape } from '../shape.ts';
import { EwsFault, failedMessage } from '../soap.ts';
import { readState, writeState } from '../sync-state.ts';
import { itemIdElement } from '../xml-parts.ts';
import { base64 } from './base64.ts';
import { folderOf, itemOf, type Operation } from './context.ts';

const success = '<m:ResponseCode>NoError</m:ResponseCode>';
/** MaxSyncChangesReturnedType. */
const MOST_CHANGES = 512;

export const syncFolderItems: Operation = function* (request, context) {
  const { mailbox, stateGeneration: generation, faults, operation } = context;
  const shape = readShape(request.child('ItemShape'));
  const folder = folderOf(request.child('SyncFolderId')?.children()[0], context, 'ErrorSyncFolderNotFound');
  const scope = `${mailbox.number} ${folder.number}`;
  const given = readState(request.child('SyncState')?.text(), scope, generation);
  const asked = Number(request.child('MaxChangesReturned')?.text() ?? Number.NaN);
  if (!(asked >= 1 && asked <= MOST_CHANGES)) throw new EwsFault('ErrorSchemaValidation', 'The request failed schema validation.');
  const larger = faults.take('large-pages', { mailbox: mailbox.owner.address, operation });
  const { changes, state, last } = mailbox.sync(folder.number, given as SyncPosition | undefined, asked * (larger?.times ?? 1));
  yield `<m:SyncFolderItemsResponseMessage ResponseClass="Success">${success}` +
    `<m:SyncState>${writeState({ scope, generation, position: position(state) })}</m:SyncState>` +
    `<m:IncludesLastItemInRange>${last}</m:IncludesLastItemInRange><m:Changes>`;
  for (const change of changes) {
    if (change.kind === 'delete') yield `<t:Delete>${itemIdElement(mailbox, { ...change, version: 1 })}</t:Delete>`;
    else if (change.kind === 'read') yield `<t:ReadFlagChange>${itemIdElement(mailbox, change.item)}<t:IsRead>${change.item.isRead}</t:IsRead></t:ReadFlagChange>`;
    else {
      const { head, tail } = itemXml(change.item, mailbox, shape);
      const element = change.kind === 'create' ? 'Create' : 'Update';
      yield `<t:${element}>${head}${tail}</t:${element}>`;
    }
  }
  yield '</m:Changes></m:SyncFolderItemsResponseMessage>';
};

const position = ({ clock, below, after }: SyncPosition): Record<string, number> => ({
  clock,
  ...(below === undefined ? {} : { below }),
  ...(after === undefined ? {} : { after }),
});

export const getItem: Operation = function* (request, context) {
  const shape = readShape(request.child('ItemShape'));
  for (const reference of request.child('ItemIds')?.children() ?? []) {
    try {
      const item = itemOf(reference, context);
      const { head, tail } = itemXml(item, context.mailbox, shape);
      yield `<m:GetItemResponseMessage ResponseClass="Success">${success}<m:Items>${head}`;
      if (shape.mime) {
        yield '<t:MimeContent CharacterSet="UTF-8">';
        yield* base64(itemMime(item));
        yield '</t:MimeContent>';
      }
      yield `${tail}</m:Items></m:GetItemResponseMessage>`;
    } catch (error) {
      if (!(error instanceof EwsFault)) throw error;
      yield failedMessage('GetItem', error, '<m:Items/>');
    }
  }
};
