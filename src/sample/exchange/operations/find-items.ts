/** FindItem: a page of a folder, newest first. */
import { itemXml, readShape } from '../shapes.ts';
import { EwsFault } from '../soap.ts';
import { folderOf, type Operation } from './context.ts';

/** EWSFindCountLimit of Exchange's default throttling policy. */
const MOST_ROWS = 1000;

export const findItem: Operation = function* (request, context) {
  const { mailbox } = context;
  if (request.child('Restriction') !== undefined || request.child('QueryString') !== undefined) {
    throw new EwsFault('ErrorUnsupportedQueryFilter', 'The sample Exchange finds items without a restriction only.');
  }
  const shape = readShape(request.child('ItemShape'));
  const folder = folderOf(request.child('ParentFolderIds')?.children()[0], context);
  const view = request.child('IndexedPageItemView');
  const offset = Number(view?.attribute('Offset') ?? 0);
  const most = Math.min(MOST_ROWS, Number(view?.attribute('MaxEntriesReturned') ?? MOST_ROWS));
  const all = [...mailbox.itemsBelow(folder.number)];
  const page = all.slice(offset, offset + most);
  yield '<m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>' +
    `<m:RootFolder IndexedPagingOffset="${offset + page.length}" TotalItemsInView="${all.length}" IncludesLastItemInRange="${offset + page.length >= all.length}"><t:Items>`;
  for (const item of page) {
    const { head, tail } = itemXml(item, mailbox, shape);
    yield head + tail;
  }
  yield '</t:Items></m:RootFolder></m:FindItemResponseMessage>';
};
