/** The sample Exchange's mailbox changed at random, and what an archive of it must show. */
import { createHash, randomBytes } from 'node:crypto';
import { type Database, withOrganisation } from '../../src/archive/database.ts';
import { findFolderTree, type ViewedFolder } from '../../src/archive/folder-tree.ts';
import { listItems } from '../../src/archive/item-list.ts';
import type { MailboxView } from '../../src/archive/mailbox-view.ts';
import { GeneratedMailbox, ROOT } from '../../src/sample/exchange/generated.ts';
import { SampleMailbox } from '../../src/sample/exchange/mailbox.ts';
import type { FolderRecord, ItemRecord } from '../../src/sample/exchange/model.ts';
import type { OrganisationId } from '../../src/shared/ids.ts';
import { type ItemProperties, sensitivities } from '../../src/shared/mailbox.ts';
import type { LabMailbox } from './mailboxes.ts';

/** A mailbox whose clock moves on with each change, as fast as one changes it. */
export function sampleMailbox(address: string, messages: number, number = 1): SampleMailbox {
  const guid = createHash('sha256').update(address).digest('hex');
  const owner = { address, displayName: address, guid: `${guid.slice(0, 8)}-${guid.slice(8, 12)}-4${guid.slice(13, 16)}-8${guid.slice(17, 20)}-${guid.slice(20, 32)}` };
  let seconds = Date.UTC(2026, 10, 20) / 1000;
  return new SampleMailbox(owner, number, new GeneratedMailbox({ owner, seed: 'mail', messages, correspondents: [] }), () => new Date((seconds += 1) * 1000));
}

export const itemsOf = (mailbox: SampleMailbox): ItemRecord[] => mailbox.folders().flatMap(({ number }) => [...mailbox.itemsBelow(number)]);

/** One change, by three numbers of any size. */
export function changeAtRandom(mailbox: SampleMailbox, kind: number, one: number, two: number): void {
  const pick = <T>(list: readonly T[], by: number): T | undefined => list[by % Math.max(1, list.length)];
  const items = itemsOf(mailbox);
  const item = pick(items, one);
  const folders = mailbox.folders().filter(({ number }) => number !== ROOT);
  const folder = pick(folders, two);
  const own = folders.filter(({ wellKnown, search }) => wellKnown === undefined && !search);
  const ownFolder = pick(own, one);
  if (folder === undefined) return;
  switch (kind % 12) {
    case 0:
    case 1:
      if (item !== undefined) mailbox.moveItem(item.uid, folder.number);
      return;
    case 2:
      if (item !== undefined) mailbox.deleteItem(item.uid);
      return;
    case 3:
      if (item !== undefined) mailbox.changeItem(item.uid, { isRead: !item.isRead });
      return;
    case 4:
      if (item !== undefined) mailbox.changeItem(item.uid, { categories: [`c${two}`], flag: two % 2 === 0 ? 'Flagged' : 'Complete' });
      return;
    case 5:
      if (item !== undefined) mailbox.changeItem(item.uid, { sensitivity: item.sensitivity === 'Normal' ? 'Private' : 'Normal' });
      return;
    case 6:
    case 7: {
      // A copy shares its search key.
      if (item === undefined) return;
      mailbox.addItem(() => ({ ...item, folder: folder.number, searchKey: kind % 12 === 6 ? item.searchKey : randomBytes(16), categories: [`new${two}`] }));
      return;
    }
    case 8:
      mailbox.addFolder({ parent: two % 2 === 0 ? ROOT : folder.number, name: `Folder ${one}` });
      return;
    case 9:
      if (ownFolder !== undefined) mailbox.changeFolder(ownFolder.number, { name: `Renamed ${two}` });
      return;
    case 10:
      if (ownFolder !== undefined && !isBelow(mailbox, folder, ownFolder)) mailbox.changeFolder(ownFolder.number, { parent: folder.number });
      return;
    default:
      if (ownFolder !== undefined && two % 3 === 0) mailbox.changeFolder(ownFolder.number, { hidden: !ownFolder.hidden });
      else if (ownFolder !== undefined && two % 3 === 1) mailbox.deleteFolder(ownFolder.number);
  }
}

function isBelow(mailbox: SampleMailbox, folder: FolderRecord, above: FolderRecord): boolean {
  for (let at: FolderRecord | undefined = folder; at !== undefined; at = at.parent === null ? undefined : mailbox.folder(at.parent)) {
    if (at.number === above.number) return true;
  }
  return false;
}

/** Lines of all folders by path and all items by folder, in no order of their own. */
export type Picture = readonly string[];

const itemLine = (path: string, { subject, isRead, flag, categories, itemClass, sensitivity }: Pick<ItemProperties, 'subject' | 'isRead' | 'flag' | 'categories' | 'itemClass' | 'sensitivity'>) =>
  // Exchange knows no read mark of contacts and tasks.
  `item ${path}: ${JSON.stringify([subject, itemClass.startsWith('IPM.Note') ? isRead : null, flag, categories, itemClass, sensitivity])}`;

/** Whether an archive keeps an item: by the names and default folders from its folder up to the top. */
export type Keeps = (item: ItemRecord, names: readonly string[], wellKnown: readonly string[]) => boolean;
const notPrivate: Keeps = ({ sensitivity }) => sensitivity !== 'Private' && sensitivity !== 'Personal';

export function pictureOfSample(mailbox: SampleMailbox, keeps: Keeps = notPrivate): Picture {
  const shown = mailbox.folders().filter(({ number, hidden, search }) => number !== ROOT && !hidden && !search);
  const byNumber = new Map(shown.map((folder) => [folder.number, folder]));
  const upwards = (folder: FolderRecord): FolderRecord[] => {
    const above = folder.parent === null ? undefined : byNumber.get(folder.parent);
    return above === undefined ? [folder] : [folder, ...upwards(above)];
  };
  const lines = shown.flatMap((folder) => {
    const chain = upwards(folder);
    const names = chain.map(({ name }) => name);
    const path = `/${names.toReversed().join('/')}`;
    const items = [...mailbox.itemsBelow(folder.number)];
    const kept = items.filter((item) => keeps(item, names, chain.flatMap(({ wellKnown }) => wellKnown ?? [])));
    return [
      `folder ${path} ${kept.length} ${items.length - kept.length}`,
      ...kept.map(({ content, isRead, flag, categories, itemClass, sensitivity }) =>
        itemLine(path, {
          subject: content.subject,
          isRead,
          flag: flag === 'NotFlagged' ? 'none' : flag === 'Flagged' ? 'flagged' : 'complete',
          categories,
          itemClass,
          sensitivity: sensitivities[['Normal', 'Personal', 'Private', 'Confidential'].indexOf(sensitivity)] ?? 'normal',
        }),
      ),
    ];
  });
  return lines.toSorted();
}

/** By the product's views, in pages of a few. */
export async function pictureOfArchive(app: Database, organisation: OrganisationId, mailbox: LabMailbox, view: MailboxView): Promise<Picture> {
  return withOrganisation(app, organisation, async (tx) => {
    const { folders } = await findFolderTree(tx, mailbox.id, view);
    const byId = new Map(folders.map((folder) => [folder.id, folder]));
    const pathOf = ({ parent, name }: ViewedFolder): string => {
      const above = parent === null ? undefined : byId.get(parent);
      return above === undefined ? `/${name}` : `${pathOf(above)}/${name}`;
    };
    const lines: string[] = [];
    for (const folder of folders) {
      const path = pathOf(folder);
      lines.push(`folder ${path} ${folder.items} ${folder.leftOut}`);
      for (let after: string | null | undefined = undefined; after !== null; ) {
        const page: Awaited<ReturnType<typeof listItems>> = await listItems(tx, mailbox.id, { folder: folder.id, view, limit: folder.items > 100 ? 97 : 7, after });
        lines.push(...page.items.map(({ properties }) => itemLine(path, properties)));
        after = page.next;
      }
    }
    return lines.toSorted();
  });
}
