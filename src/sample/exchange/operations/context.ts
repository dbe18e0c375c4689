import type { ExchangeFaults } from '../faults.ts';
import { readFolderId, readItemId } from '../ids.ts';
import type { SampleMailbox } from '../mailbox.ts';
import type { FolderRecord, ItemRecord } from '../model.ts';
import { EwsFault, type Xml } from '../soap.ts';

/** What an operation works on. */
export interface Context {
  readonly mailbox: SampleMailbox;
  readonly operation: string;
  readonly faults: ExchangeFaults;
  readonly stateGeneration: number;
}

/** The messages of an answer, in pieces. */
export type Answer = Generator<string | Buffer>;
export type Operation = (request: Xml, context: Context) => Answer;

/** FolderId or DistinguishedFolderId. @throws EwsFault */
export function folderOf(reference: Xml | undefined, { mailbox }: Context, gone = 'ErrorFolderNotFound'): FolderRecord {
  const id = reference?.attribute('Id') ?? '';
  if (reference?.name === 'DistinguishedFolderId') {
    const folder = mailbox.wellKnown(id === 'root' ? 'msgfolderroot' : id);
    if (folder === undefined) throw new EwsFault('ErrorFolderNotFound', 'The specified folder could not be found in the store.');
    return folder;
  }
  const place = readFolderId(id);
  if (place === undefined) throw new EwsFault('ErrorInvalidIdMalformed', 'Id is malformed.');
  const folder = place.mailbox === mailbox.number ? mailbox.folder(place.folder) : undefined;
  if (folder === undefined) throw new EwsFault(gone, 'The specified folder could not be found in the store.');
  return folder;
}

/** @throws EwsFault */
export function itemOf(reference: Xml, { mailbox, faults, operation }: Context): ItemRecord {
  const place = readItemId(reference.attribute('Id') ?? '');
  if (place === undefined) throw new EwsFault('ErrorInvalidIdMalformed', 'Id is malformed.');
  const item = place.mailbox === mailbox.number ? mailbox.item(place.uid, place.moves) : undefined;
  if (item === undefined) throw new EwsFault('ErrorItemNotFound', 'The specified object was not found in the store.');
  const call = { mailbox: mailbox.owner.address, operation };
  if (faults.take('corrupt-item', call, ({ uid }) => uid === item.uid) !== undefined) {
    throw new EwsFault('ErrorItemCorrupt', 'The item is corrupt.');
  }
  return item;
}
