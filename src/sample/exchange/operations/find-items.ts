/** FindItem: a page of a folder, newest first unless it is asked for otherwise. */
import { itemXml } from '../item-xml.ts';
import type { ItemRecord } from '../model.ts';
import { property, readCondition } from '../restriction.ts';
import { readShape } from '../shape.ts';
import { EwsFault, type Xml } from '../soap.ts';
import { type Context, folderOf, type Operation } from './context.ts';

/** EWSFindCountLimit of Exchange's default throttling policy; and since Exchange 2013 with a restriction. */
const MOST_ROWS = 1000;
const MOST_RESTRICTED = 250;

export const findItem: Operation = function* (request, context) {
  const { mailbox } = context;
  if (request.child('QueryString') !== undefined) throw new EwsFault('ErrorUnsupportedQueryFilter', 'The sample Exchange has no index.');
  const shape = readShape(request.child('ItemShape'));
  const folder = folderOf(request.child('ParentFolderIds')?.children()[0], context);
  const restriction = request.child('Restriction');
  const view = request.child('IndexedPageItemView');
  const offset = Number(view?.attribute('Offset') ?? 0);
  const most = Math.min(restriction === undefined ? MOST_ROWS : MOST_RESTRICTED, Number(view?.attribute('MaxEntriesReturned') ?? MOST_ROWS));
  const order = request.child('SortOrder')?.child('FieldOrder');
  const { page, total } =
    restriction === undefined && order === undefined
      ? { page: mailbox.page(folder.number, offset, most), total: mailbox.summary(folder.number).count }
      : found(folder.number, context, restriction, order, offset, most);
  yield '<m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>' +
    `<m:RootFolder IndexedPagingOffset="${offset + page.length}" TotalItemsInView="${total}" IncludesLastItemInRange="${offset + page.length >= total}"><t:Items>`;
  for (const item of page) {
    const { head, tail } = itemXml(item, mailbox, shape);
    yield head + tail;
  }
  yield '</t:Items></m:RootFolder></m:FindItemResponseMessage>';
};

function found(folder: number, { mailbox }: Context, restriction: Xml | undefined, order: Xml | undefined, offset: number, most: number): { page: ItemRecord[]; total: number } {
  const holds = restriction === undefined ? () => true : readCondition(restriction.children()[0]);
  const all = [...mailbox.itemsBelow(folder)].filter(holds);
  if (order !== undefined) {
    const of = property(order.children()[0]);
    const direction = order.attribute('Order') === 'Descending' ? -1 : 1;
    all.sort((one, other) => direction * compare(of(one), of(other)));
  }
  return { page: all.slice(offset, offset + most), total: all.length };
}

/** What there is not comes first. */
function compare(one: string | number | undefined, other: string | number | undefined): number {
  if (one === other) return 0;
  if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
  return one < other ? -1 : 1;
}
