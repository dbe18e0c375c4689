/** SyncFolderHierarchy, and FindFolder for the hints of all folders. */
import type { FolderEntry, FolderHint, HierarchyPage, SourceFolderId, WellKnownFolder } from '../../shared/mailbox.ts';
import { wellKnownFolders } from '../../shared/mailbox.ts';
import { fieldUris } from './envelope.ts';
import { attributeHidden, deletedCountTotal, folderType, localCommitTimeMax } from './mapi-properties.ts';
import { RecordHandler } from './record-handler.ts';
import { escapeXml } from './xml-text.ts';

const root = '<t:DistinguishedFolderId Id="msgfolderroot"/>';

const hierarchyShape =
  '<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>' +
  fieldUris(
    ['folder:DisplayName', 'folder:ParentFolderId', 'folder:FolderClass', 'folder:TotalCount', 'folder:DistinguishedFolderId'],
    [attributeHidden, folderType],
  ) +
  '</t:AdditionalProperties></m:FolderShape>';

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/syncfolderhierarchy-operation */
export const syncFolderHierarchy = (state: string | null): string =>
  `<m:SyncFolderHierarchy>${hierarchyShape}<m:SyncFolderId>${root}</m:SyncFolderId>` +
  `${state === null ? '' : `<m:SyncState>${escapeXml(state)}</m:SyncState>`}</m:SyncFolderHierarchy>`;

/** PidTagFolderType (MS-OXPROPS 2.700): 2 is a search folder. */
const SEARCH = '2';

interface OpenFolder {
  id: string;
  parentId: string;
  name: string;
  folderClass: string;
  wellKnown: string;
  itemCount: number;
  readonly properties: Map<number, string>;
  /** A search folder says so by its element too. */
  readonly element: string;
}

const folderElements = new Set(['Folder', 'CalendarFolder', 'ContactsFolder', 'SearchFolder', 'TasksFolder']);

/** Reads the folders of any answer that holds some. */
abstract class FolderHandler extends RecordHandler {
  #folder: OpenFolder | undefined;
  #property: number | undefined;

  constructor(textElements: readonly string[]) {
    super(['DisplayName', 'FolderClass', 'TotalCount', 'UnreadCount', 'DistinguishedFolderId', 'Value', ...textElements]);
  }

  protected abstract folderRead(folder: OpenFolder): void;
  /** An id outside of a folder: of one that was deleted. */
  protected folderNamed?(id: string): void;

  protected override opened(name: string, attribute: (name: string) => string | undefined): void {
    if (folderElements.has(name)) {
      this.#folder = { id: '', parentId: '', name: '', folderClass: '', wellKnown: '', itemCount: 0, properties: new Map(), element: name };
    } else if (name === 'FolderId') {
      const id = attribute('Id') ?? '';
      if (this.#folder === undefined) this.folderNamed?.(id);
      else this.#folder.id = id;
    } else if (name === 'ParentFolderId' && this.#folder !== undefined) this.#folder.parentId = attribute('Id') ?? '';
    else if (name === 'ExtendedFieldURI') this.#property = Number(attribute('PropertyTag') ?? Number.NaN);
  }

  protected override value(name: string, text: string): void {
    const folder = this.#folder;
    if (folder === undefined) return;
    if (name === 'DisplayName') folder.name = text;
    else if (name === 'FolderClass') folder.folderClass = text;
    else if (name === 'DistinguishedFolderId') folder.wellKnown = text;
    else if (name === 'TotalCount') folder.itemCount = Number(text);
    else if (name === 'UnreadCount') folder.properties.set(UNREAD, text);
    else if (name === 'Value' && this.#property !== undefined) folder.properties.set(this.#property, text);
  }

  protected override closed(name: string): void {
    if (name === 'ExtendedProperty') this.#property = undefined;
    const folder = this.#folder;
    if (folder === undefined || name !== folder.element) return;
    this.#folder = undefined;
    this.folderRead(folder);
  }
}
/** No tag has this number. */
const UNREAD = -1;

export class HierarchyHandler extends FolderHandler {
  readonly folders: FolderEntry[] = [];
  readonly removed: SourceFolderId[] = [];
  state = '';
  last = false;

  constructor() {
    super(['SyncState', 'IncludesLastFolderInRange']);
  }

  get page(): HierarchyPage {
    return { folders: this.folders, removed: this.removed, state: this.state, last: this.last };
  }

  protected override folderRead(folder: OpenFolder): void {
    this.folders.push({
      id: folder.id as SourceFolderId,
      parentId: folder.parentId as SourceFolderId,
      name: folder.name,
      folderClass: folder.folderClass,
      wellKnown: wellKnownName(folder.wellKnown),
      hidden: folder.properties.get(Number(attributeHidden.tag)) === 'true',
      search: folder.element === 'SearchFolder' || folder.properties.get(Number(folderType.tag)) === SEARCH,
      itemCount: folder.itemCount,
    });
  }

  protected override folderNamed(id: string): void {
    this.removed.push(id as SourceFolderId);
  }

  protected override value(name: string, text: string): void {
    if (name === 'SyncState') this.state = text;
    else if (name === 'IncludesLastFolderInRange') this.last = text === 'true';
    else super.value(name, text);
  }
}

const wellKnownNames: ReadonlySet<string> = new Set(wellKnownFolders);
const wellKnownName = (name: string): WellKnownFolder | null => (wellKnownNames.has(name) ? (name as WellKnownFolder) : null);

const hintShape =
  '<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>' +
  fieldUris(['folder:TotalCount', 'folder:UnreadCount'], [localCommitTimeMax, deletedCountTotal]) +
  '</t:AdditionalProperties></m:FolderShape>';

/** Folders an answer; Exchange gives 1,000 rows at most (EWSFindCountLimit). */
export const HINTS_A_PAGE = 1000;

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/findfolder-operation */
export const findFolderHints = (offset: number): string =>
  `<m:FindFolder Traversal="Deep">${hintShape}<m:IndexedPageFolderView MaxEntriesReturned="${HINTS_A_PAGE}" Offset="${offset}" BasePoint="Beginning"/>` +
  `<m:ParentFolderIds>${root}</m:ParentFolderIds></m:FindFolder>`;

export class HintHandler extends FolderHandler {
  readonly hints: FolderHint[] = [];
  last = true;

  constructor() {
    super([]);
  }

  protected override opened(name: string, attribute: (name: string) => string | undefined): void {
    if (name === 'RootFolder') this.last = attribute('IncludesLastItemInRange') !== 'false';
    else super.opened(name, attribute);
  }

  protected override folderRead({ id, itemCount, properties }: OpenFolder): void {
    const of = (tag: number) => properties.get(tag) ?? '';
    const hint = [of(Number(localCommitTimeMax.tag)), of(Number(deletedCountTotal.tag)), String(itemCount), of(UNREAD)].join(' ');
    this.hints.push({ id: id as SourceFolderId, hint, empty: itemCount === 0 });
  }
}
