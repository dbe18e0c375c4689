/** SyncFolderItems and GetItem. */
import type { SyncPosition } from '../mailbox.ts';
import { writeMime } from '../mime-writer.ts';
import { itemIdElement, itemXml, readShape } from '../shapes.ts';
import { EwsFault, failedMessage } from '../soap.ts';
import { readState, writeState } from '../sync-state.ts';
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
        yield* base64(writeMime(item.content));
        yield '</t:MimeContent>';
      }
      yield `${tail}</m:Items></m:GetItemResponseMessage>`;
    } catch (error) {
      if (!(error instanceof EwsFault)) throw error;
      yield failedMessage('GetItem', error, '<m:Items/>');
    }
  }
};

/** Without line breaks, as Exchange; three bytes are four characters. */
function* base64(pieces: Iterable<Buffer>): Generator<string> {
  let rest = Buffer.alloc(0);
  for (const piece of pieces) {
    const all = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = all.length - (all.length % 3);
    rest = Buffer.from(all.subarray(whole));
    yield all.toString('base64', 0, whole);
  }
  if (rest.length > 0) yield rest.toString('base64');
}
