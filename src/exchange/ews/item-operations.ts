/** SyncFolderItems, and GetItem for the metadata and the content of items. */
import { PassThrough } from 'node:stream';
import type { LockstepError } from '../../shared/errors.ts';
import type { SourceFolderId, SourceItemId } from '../../shared/mailbox.ts';
import type { ContentSink } from '../mailbox.ts';
import { fieldUris, itemIds } from './envelope.ts';
import { RecordHandler } from './record-handler.ts';
import type { ResponseHandler } from './response-reader.ts';
import { escapeXml } from './xml-text.ts';

/** MaxSyncChangesReturnedType: the most that the schema allows. */
const CHANGES_A_PAGE = 512;

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/syncfolderitems-operation */
export const syncFolderItems = (folder: SourceFolderId, state: string | null): string =>
  '<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>' +
  `<m:SyncFolderId><t:FolderId Id="${escapeXml(folder)}"/></m:SyncFolderId>` +
  `${state === null ? '' : `<m:SyncState>${escapeXml(state)}</m:SyncState>`}` +
  `<m:MaxChangesReturned>${CHANGES_A_PAGE}</m:MaxChangesReturned><m:SyncScope>NormalItems</m:SyncScope></m:SyncFolderItems>`;

/** Which items changed, in the order of the answer: of several changes of an item the last counts. */
export class SyncItemsHandler extends RecordHandler {
  readonly #changes = new Map<string, 'changed' | 'removed' | { readonly isRead: boolean }>();
  #kind: 'changed' | 'removed' | 'read' | undefined;
  #id = '';
  state = '';
  last = false;

  constructor() {
    super(['SyncState', 'IncludesLastItemInRange', 'IsRead']);
  }

  get changed(): SourceItemId[] {
    return this.#of((change) => change === 'changed');
  }
  get removed(): SourceItemId[] {
    return this.#of((change) => change === 'removed');
  }
  get read(): { id: SourceItemId; isRead: boolean }[] {
    return [...this.#changes].flatMap(([id, change]) => (typeof change === 'string' ? [] : [{ id: id as SourceItemId, isRead: change.isRead }]));
  }

  protected override opened(name: string, attribute: (name: string) => string | undefined): void {
    this.#kind = kinds[name] ?? this.#kind;
    if (name !== 'ItemId') return;
    this.#id = attribute('Id') ?? '';
    if (this.#kind === 'changed' || this.#kind === 'removed') this.#note(this.#kind);
  }

  protected override value(name: string, text: string): void {
    if (name === 'SyncState') this.state = text;
    else if (name === 'IncludesLastItemInRange') this.last = text === 'true';
    // One that is read whole in this page needs no more.
    else if (this.#kind === 'read' && this.#changes.get(this.#id) !== 'changed') this.#note({ isRead: text === 'true' });
  }

  protected override closed(name: string): void {
    if (kinds[name] !== undefined) this.#kind = undefined;
  }

  #note(change: 'changed' | 'removed' | { readonly isRead: boolean }): void {
    this.#changes.set(this.#id, change);
  }

  #of(wanted: (change: unknown) => boolean): SourceItemId[] {
    return [...this.#changes].filter(([, change]) => wanted(change)).map(([id]) => id as SourceItemId);
  }
}
const kinds: Readonly<Record<string, 'changed' | 'removed' | 'read'>> = {
  Create: 'changed',
  Update: 'changed',
  Delete: 'removed',
  ReadFlagChange: 'read',
};

/** What GetItem answered of those items that it could not give; the rest is of the class that fails the call. */
export class ItemFailures {
  readonly #byPosition = new Map<number, LockstepError>();
  #messages = 0;
  #fatal: LockstepError | undefined;

  message(failure: LockstepError | undefined): void {
    if (failure !== undefined) {
      if (failure.class === 'ItemUnreadable') this.#byPosition.set(this.#messages, failure);
      else this.#fatal ??= failure;
    }
    this.#messages += 1;
  }

  /**
   * The failure of each item that was asked for and not given. A failed message does not name its item: it is the one at its
   * place, or, where the server keeps to no order, one of those that are missing.
   * @throws LockstepError when the call as a whole failed
   */
  of(asked: readonly SourceItemId[], given: ReadonlySet<string>): Map<SourceItemId, LockstepError> {
    if (this.#fatal !== undefined) throw this.#fatal;
    const missing = asked.filter((id) => !given.has(id));
    const failures = new Map<SourceItemId, LockstepError>();
    const misplaced: LockstepError[] = [];
    for (const [position, failure] of this.#byPosition) {
      const id = asked[position];
      if (id !== undefined && !given.has(id)) failures.set(id, failure);
      else misplaced.push(failure);
    }
    for (const id of missing) {
      if (failures.has(id)) continue;
      const failure = misplaced.shift();
      if (failure !== undefined) failures.set(id, failure);
    }
    return failures;
  }
}

/** Content only. `MimeContent` comes before `ItemId` (ItemType in Exchange's Types.xsd): whose bytes these were is known after them. */
export const getContent = (ids: readonly SourceItemId[]): string =>
  '<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:ItemShape>' +
  `<m:ItemIds>${itemIds(ids)}</m:ItemIds></m:GetItem>`;

export const getProperties = (ids: readonly SourceItemId[], names: readonly string[], tags: Parameters<typeof fieldUris>[1]): string =>
  `<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>${fieldUris(names, tags)}</t:AdditionalProperties></m:ItemShape>` +
  `<m:ItemIds>${itemIds(ids)}</m:ItemIds></m:GetItem>`;

/** Streams the content of each item to the sink as it arrives. */
export class ContentHandler<Taken> implements ResponseHandler {
  readonly failures = new ItemFailures();
  /** In the order of the answer; `changeKey` of the state whose bytes were taken. */
  readonly taken: { id: SourceItemId; changeKey: string; taken: Promise<Taken> }[] = [];
  readonly #sink: ContentSink<Taken>;
  #stream: PassThrough | undefined;
  #pending: Promise<Taken> | undefined;
  #rest = '';

  constructor(sink: ContentSink<Taken>) {
    this.#sink = sink;
  }

  get wantsText(): boolean {
    return this.#stream !== undefined;
  }

  message(failure: LockstepError | undefined): void {
    this.failures.message(failure);
  }

  open(name: string, attribute: (name: string) => string | undefined): void {
    if (name === 'MimeContent') {
      this.#stream = new PassThrough({ highWaterMark: 256 * 1024 });
      this.#pending = this.#sink(this.#stream);
      // Looked at when the item is named; until then its failure is not unhandled.
      this.#pending.catch(() => undefined);
    } else if (name === 'ItemId' && this.#pending !== undefined) {
      this.taken.push({ id: (attribute('Id') ?? '') as SourceItemId, changeKey: attribute('ChangeKey') ?? '', taken: this.#pending });
      this.#pending = undefined;
    }
  }

  text(text: string): void {
    // Groups of four characters are three bytes; what does not fill one waits for the next piece.
    const all = this.#rest + (text.includes('\n') ? text.replace(/\s+/g, '') : text);
    const whole = all.length - (all.length % 4);
    this.#rest = all.slice(whole);
    if (whole > 0) this.#stream?.write(Buffer.from(all.slice(0, whole), 'base64'));
  }

  close(name: string): void {
    if (name !== 'MimeContent') return;
    this.#rest = '';
    this.#stream?.end();
    this.#stream = undefined;
  }

  drained(): Promise<void> | undefined {
    const stream = this.#stream;
    if (stream === undefined || !stream.writableNeedDrain || stream.destroyed) return undefined;
    return new Promise((resolve) => {
      const go = () => {
        stream.off('drain', go).off('close', go);
        resolve();
      };
      stream.on('drain', go).on('close', go);
    });
  }

  /** The call failed in the middle of an item: its bytes are not all there. */
  abandon(reason: Error): void {
    this.#stream?.destroy(reason);
    this.#stream = undefined;
  }
}
