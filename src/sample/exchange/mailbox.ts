/**
 * One mailbox that clients read by synchronising and change while they read. Messages that nobody has touched are made when they are
 * asked for, so a mailbox of a million costs the memory of those that changed.
 *
 * Every change takes the next number of the mailbox's clock. A folder remembers, for each item, the number of its last change, of
 * its arrival and of its departure: a state of synchronisation is such a number.
 */
import { type Generated, NOTHING_GENERATED } from './generated.ts';
import type { FolderRecord, ItemRecord, MailboxOwner } from './model.ts';

/** What happened to an item in a folder since a state. */
export type FolderChange =
  | { readonly kind: 'create' | 'update'; readonly item: ItemRecord }
  | { readonly kind: 'read'; readonly item: ItemRecord }
  | { readonly kind: 'delete'; readonly uid: number; readonly moves: number };

export interface SyncPosition {
  /** Clock when the first page was asked for. */
  readonly clock: number;
  /** During the first synchronisation: items with lower uids are to come. */
  readonly below?: number | undefined;
  /** Of a round of changes: the last number that was given. */
  readonly after?: number | undefined;
}

interface LoggedChange {
  at: number;
  kind: 'create' | 'update' | 'read' | 'delete';
  readonly uid: number;
  readonly moves: number;
}

interface FolderState {
  record: FolderRecord;
  changedAt: number;
  /** Uids of items that are here and were not generated here, ascending. */
  readonly added: number[];
  /** Uids of generated items that are not here any more. */
  readonly gone: Set<number>;
  /** The last change of each item (uid and moves), in order of their numbers. */
  readonly log: Map<string, LoggedChange>;
  deletions: number;
  commitTime: Date;
}

export class SampleMailbox {
  readonly owner: MailboxOwner;
  /** Number in its server. */
  readonly number: number;
  readonly #generated: Generated;
  readonly #folders = new Map<number, FolderState>();
  readonly #deletedFolders = new Map<number, number>();
  /** Items that differ from what would be generated; null: gone for good. */
  readonly #items = new Map<number, ItemRecord | null>();
  readonly #now: () => Date;
  readonly #onChange: (mailbox: SampleMailbox) => void;
  #clock = 1;
  #nextUid: number;
  #nextFolder: number;

  /** `onChange`: called at each change. */
  constructor(
    owner: MailboxOwner,
    number: number,
    generated: Generated = NOTHING_GENERATED,
    now: () => Date = () => new Date(),
    onChange: (mailbox: SampleMailbox) => void = () => undefined,
  ) {
    this.owner = owner;
    this.number = number;
    this.#generated = generated;
    this.#now = now;
    this.#onChange = onChange;
    for (const record of generated.folders) this.#addFolder(record, 1, generated.at);
    this.#nextUid = generated.nextUid;
    this.#nextFolder = Math.max(0, ...generated.folders.map(({ number: used }) => used)) + 1;
  }

  get clock(): number {
    return this.#clock;
  }

  folders(): FolderRecord[] {
    return [...this.#folders.values()].map(({ record }) => record);
  }

  folder(number: number): FolderRecord | undefined {
    return this.#folders.get(number)?.record;
  }

  wellKnown(name: string): FolderRecord | undefined {
    return this.folders().find(({ wellKnown }) => wellKnown === name);
  }

  /** Undefined when there is no such item, or it has moved since. */
  item(uid: number, moves?: number): ItemRecord | undefined {
    const item = this.#items.has(uid) ? this.#items.get(uid) : this.#generated.item(uid);
    if (item === undefined || item === null) return undefined;
    return moves === undefined || item.moves === moves ? item : undefined;
  }

  /** What a folder shows of itself without being read. */
  summary(number: number): { count: number; unread: number; deletions: number; commitTime: Date } {
    const folder = this.#folderState(number);
    let [count, unread] = [0, 0];
    const generated = this.#generated.range(number);
    if (generated !== undefined) {
      count = generated.to - generated.from - folder.gone.size;
      unread = this.#generated.unread(number);
      // Of those that changed, the present state counts.
      for (const [uid, item] of this.#items) {
        if (uid < generated.from || uid >= generated.to) continue;
        unread += (item !== null && item.folder === number && !item.isRead ? 1 : 0) - (this.#generated.item(uid)?.isRead === false ? 1 : 0);
      }
    }
    for (const uid of folder.added) {
      count += 1;
      if (this.item(uid)?.isRead === false) unread += 1;
    }
    return { count, unread, deletions: folder.deletions, commitTime: folder.commitTime };
  }

  /** Items of a folder, newest first, below a uid. */
  *itemsBelow(number: number, below: number = Number.POSITIVE_INFINITY): Generator<ItemRecord> {
    for (const uid of this.#uidsBelow(number, below)) {
      const item = this.item(uid);
      if (item !== undefined) yield item;
    }
  }

  /** So many items of a folder from a place on, newest first; those before are not made. */
  page(number: number, offset: number, count: number): ItemRecord[] {
    const items: ItemRecord[] = [];
    let place = 0;
    for (const uid of this.#uidsBelow(number, Number.POSITIVE_INFINITY)) {
      if (items.length === count) break;
      const item = place >= offset ? this.item(uid) : undefined;
      if (item !== undefined) items.push(item);
      place += 1;
    }
    return items;
  }

  /** The next changes of a folder, at most `limit`, and where to go on. A state of undefined begins. */
  sync(number: number, state: SyncPosition | undefined, limit: number): { changes: FolderChange[]; state: SyncPosition; last: boolean } {
    if (state === undefined || state.below !== undefined) return this.#firstSync(number, state, limit);
    const folder = this.#folderState(number);
    const after = state.after ?? state.clock;
    const pending = [...folder.log.values()].filter(({ at }) => at > after);
    const given = pending.slice(0, limit);
    const changes = given.flatMap((change) => this.#told(change));
    const last = given.length === pending.length;
    const position = given.at(-1)?.at ?? this.#clock;
    return { changes, state: last ? { clock: this.#clock } : { clock: state.clock, after: position }, last };
  }

  /** Folders that changed or went since a clock. */
  foldersSince(clock: number): { changed: { record: FolderRecord; isNew: boolean }[]; removed: number[] } {
    return {
      changed: [...this.#folders.values()]
        .filter(({ changedAt }) => changedAt > clock)
        .map(({ record }) => ({ record, isNew: record.version === 1 })),
      removed: [...this.#deletedFolders].filter(([, at]) => at > clock).map(([number]) => number),
    };
  }

  /* ---- changes ---- */

  addItem(make: (uid: number) => Omit<ItemRecord, 'uid' | 'moves' | 'version'>): ItemRecord {
    const uid = this.#nextUid;
    this.#nextUid += 1;
    const item: ItemRecord = { ...make(uid), uid, moves: 0, version: 1 };
    this.#folderState(item.folder);
    this.#items.set(uid, item);
    this.#arrive(item);
    return item;
  }

  /** `quiet`: Exchange tells a change of the read flag alone as that. */
  changeItem(uid: number, change: Partial<Omit<ItemRecord, 'uid' | 'moves' | 'folder' | 'version'>>): ItemRecord {
    const before = this.#require(uid);
    const item: ItemRecord = { ...before, ...change, modifiedAt: this.#now(), version: before.version + 1 };
    this.#items.set(uid, item);
    const onlyRead = Object.keys(change).every((name) => name === 'isRead');
    this.#log(item, onlyRead ? 'read' : 'update');
    return item;
  }

  moveItem(uid: number, to: number): ItemRecord {
    const before = this.#require(uid);
    this.#folderState(to);
    this.#depart(before);
    const item: ItemRecord = { ...before, folder: to, moves: before.moves + 1, version: before.version + 1 };
    this.#items.set(uid, item);
    this.#arrive(item);
    return item;
  }

  /** Gone for good, not to Deleted Items. */
  deleteItem(uid: number): void {
    const item = this.#require(uid);
    this.#depart(item);
    this.#items.set(uid, null);
  }

  addFolder(folder: Pick<FolderRecord, 'parent' | 'name'> & Partial<Pick<FolderRecord, 'folderClass' | 'hidden' | 'search'>>): FolderRecord {
    const record: FolderRecord = { folderClass: 'IPF.Note', hidden: false, search: false, wellKnown: undefined, ...folder, number: this.#nextFolder, version: 1 };
    this.#nextFolder += 1;
    this.#addFolder(record, this.#tick(), this.#now());
    return record;
  }

  changeFolder(number: number, change: Partial<Pick<FolderRecord, 'parent' | 'name' | 'hidden'>>): FolderRecord {
    const folder = this.#folderState(number);
    folder.record = { ...folder.record, ...change, version: folder.record.version + 1 };
    folder.changedAt = this.#tick();
    return folder.record;
  }

  /** With what is in it and below it. */
  deleteFolder(number: number): void {
    for (const { number: child, parent } of this.folders()) if (parent === number) this.deleteFolder(child);
    for (const item of [...this.itemsBelow(number)]) this.#items.set(item.uid, null);
    this.#folders.delete(number);
    this.#deletedFolders.set(number, this.#tick());
  }

  *#uidsBelow(number: number, below: number): Generator<number> {
    const folder = this.#folderState(number);
    const generated = this.#generated.range(number);
    let added = folder.added.length - 1;
    let next = generated === undefined ? -1 : Math.min(generated.to, below) - 1;
    const from = generated?.from ?? 0;
    for (;;) {
      while (added >= 0 && (folder.added[added] ?? 0) >= below) added -= 1;
      while (next >= from && folder.gone.has(next)) next -= 1;
      const candidate = Math.max(added >= 0 ? (folder.added[added] ?? -1) : -1, next >= from ? next : -1);
      if (candidate < 0) return;
      if (candidate === next && next >= from) next -= 1;
      else added -= 1;
      yield candidate;
    }
  }

  #firstSync(number: number, state: SyncPosition | undefined, limit: number) {
    const clock = state?.clock ?? this.#clock;
    const folder = this.#folderState(number);
    const changes: FolderChange[] = [];
    let below = state?.below ?? Number.POSITIVE_INFINITY;
    for (const item of this.itemsBelow(number, below)) {
      if (changes.length === limit) return { changes, state: { clock, below }, last: false };
      below = item.uid;
      // What arrived meanwhile is told as a change.
      const arrived = folder.log.get(key(item));
      if (arrived?.kind === 'create' && arrived.at > clock) continue;
      changes.push({ kind: 'create', item });
    }
    return { changes, state: { clock }, last: true };
  }

  #told({ kind, uid, moves }: LoggedChange): FolderChange[] {
    if (kind === 'delete') return [{ kind, uid, moves }];
    const item = this.item(uid, moves);
    return item === undefined ? [] : [{ kind, item }];
  }

  #arrive(item: ItemRecord): void {
    const folder = this.#folderState(item.folder);
    const generated = this.#generated.range(item.folder);
    if (generated !== undefined && item.uid >= generated.from && item.uid < generated.to) folder.gone.delete(item.uid);
    else {
      const at = folder.added.findIndex((uid) => uid > item.uid);
      folder.added.splice(at < 0 ? folder.added.length : at, 0, item.uid);
    }
    this.#log(item, 'create');
  }

  #depart(item: ItemRecord): void {
    const folder = this.#folderState(item.folder);
    const at = folder.added.indexOf(item.uid);
    if (at >= 0) folder.added.splice(at, 1);
    else folder.gone.add(item.uid);
    folder.deletions += 1;
    this.#log(item, 'delete');
  }

  /** One entry an item: a client that comes later is told its last state only. */
  #log(item: ItemRecord, kind: LoggedChange['kind']): void {
    const folder = this.#folderState(item.folder);
    const before = folder.log.get(key(item));
    folder.log.delete(key(item));
    const at = this.#tick();
    // Still new to those who have not heard of its arrival; to others an update of something unknown is one too.
    const told = kind === 'delete' ? 'delete' : before?.kind === 'create' ? 'create' : kind === 'read' && before?.kind === 'update' ? 'update' : kind;
    folder.log.set(key(item), { at, kind: told, uid: item.uid, moves: item.moves });
    folder.commitTime = this.#now();
  }

  #addFolder(record: FolderRecord, at: number, commitTime: Date): void {
    this.#folders.set(record.number, {
      record,
      changedAt: at,
      added: [],
      gone: new Set(),
      log: new Map(),
      deletions: 0,
      commitTime,
    });
  }

  #tick(): number {
    this.#clock += 1;
    this.#onChange(this);
    return this.#clock;
  }

  #require(uid: number): ItemRecord {
    const item = this.item(uid);
    if (item === undefined) throw new RangeError(`no item ${uid}`);
    return item;
  }

  #folderState(number: number): FolderState {
    const folder = this.#folders.get(number);
    if (folder === undefined) throw new RangeError(`no folder ${number}`);
    return folder;
  }
}

const key = ({ uid, moves }: { readonly uid: number; readonly moves: number }): string => `${uid}.${moves}`;
