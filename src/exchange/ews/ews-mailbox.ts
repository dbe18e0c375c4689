/** A mailbox of an on-premises Exchange, by Exchange Web Services. */
import { LockstepError } from '../../shared/errors.ts';
import type { FolderHint, FolderPage, HierarchyPage, ItemEntry, ItemProblem, SourceFolderId, SourceItemId } from '../../shared/mailbox.ts';
import type { ContentOutcome, ContentSink, ItemsRead, Mailbox } from '../mailbox.ts';
import type { EwsServer } from './ews-server.ts';
import { findFolderHints, HierarchyHandler, HintHandler, syncFolderHierarchy } from './folder-operations.ts';
import { ContentHandler, getContent, getProperties, syncFolderItems, SyncItemsHandler } from './item-operations.ts';
import { metadataFields, metadataTags, MetadataHandler } from './item-properties.ts';
import type { PagesInHand } from './pages-in-hand.ts';
import type { AnswerShape, ResponseHandler } from './response-reader.ts';

/** Items a GetItem for metadata: a few properties each, far below the minute that a call may take. */
const ITEMS_A_CALL = 128;
/** Microsoft's advice for GetItem, which holds for content. */
const CONTENTS_A_CALL = 10;

export class EwsMailbox implements Mailbox {
  readonly #server: EwsServer;
  readonly #pages: PagesInHand;
  readonly #address: string;

  constructor(server: EwsServer, pages: PagesInHand, address: string) {
    this.#server = server;
    this.#pages = pages;
    this.#address = address;
  }

  async *syncHierarchy(given: string | null, signal: AbortSignal): AsyncGenerator<HierarchyPage> {
    for (let state = given; ; ) {
      const { page } = await this.#call(syncFolderHierarchy(state), 'single', () => new HierarchyHandler(), signal);
      refuseStandstill(page, state, page.folders.length + page.removed.length);
      yield page;
      if (page.last) return;
      state = page.state;
    }
  }

  async folderHints(signal: AbortSignal): Promise<readonly FolderHint[]> {
    const hints: FolderHint[] = [];
    for (;;) {
      const page = await this.#call(findFolderHints(hints.length), 'single', () => new HintHandler(), signal);
      hints.push(...page.hints);
      if (page.last || page.hints.length === 0) return hints;
    }
  }

  async *syncFolder(folder: SourceFolderId, given: string | null, signal: AbortSignal): AsyncGenerator<FolderPage> {
    for (let state = given; ; ) {
      const gone = await this.#pages.take(signal);
      try {
        const sync = await this.#call(syncFolderItems(folder, state), 'single', () => new SyncItemsHandler(), signal);
        const { changed, removed, read, last } = sync;
        refuseStandstill(sync, state, changed.length + removed.length + read.length);
        const { items, problems } = await this.readItems(changed, signal);
        // Of one that is gone the next sync says where to.
        yield { items, removed, read, problems, state: sync.state, last };
        if (last) return;
        state = sync.state;
      } finally {
        gone();
      }
    }
  }

  async readItems(ids: readonly SourceItemId[], signal: AbortSignal): Promise<ItemsRead> {
    const items: ItemEntry[] = [];
    const problems: ItemProblem[] = [];
    const gone: SourceItemId[] = [];
    for (let from = 0; from < ids.length; from += ITEMS_A_CALL) {
      const asked = ids.slice(from, from + ITEMS_A_CALL);
      const answer = await this.#call(getProperties(asked, metadataFields, metadataTags), 'batch', () => new MetadataHandler(), signal);
      items.push(...answer.items);
      for (const [id, { code, message }] of answer.failures.of(asked, new Set(answer.items.map(({ id: read }) => read)))) {
        if (code === 'item.gone') gone.push(id);
        else problems.push({ id, code, detail: message });
      }
    }
    return { items, problems, gone };
  }

  async *readContent<Taken>(items: readonly SourceItemId[], sink: ContentSink<Taken>, signal: AbortSignal): AsyncGenerator<ContentOutcome<Taken>> {
    for (let from = 0; from < items.length; from += CONTENTS_A_CALL) {
      yield* await this.#contents(items.slice(from, from + CONTENTS_A_CALL), sink, signal);
    }
  }

  async #contents<Taken>(asked: readonly SourceItemId[], sink: ContentSink<Taken>, signal: AbortSignal): Promise<ContentOutcome<Taken>[]> {
    let handler: ContentHandler<Taken> | undefined;
    const make = () => {
      handler = new ContentHandler(sink);
      return handler;
    };
    let answer: ContentHandler<Taken>;
    try {
      answer = await this.#call(getContent(asked), 'batch', make, signal);
    } catch (error) {
      handler?.abandon(error instanceof Error ? error : new Error('the answer ended'));
      throw error;
    }
    const outcomes: ContentOutcome<Taken>[] = [];
    for (const { id, changeKey, taken } of answer.taken) outcomes.push({ id, outcome: 'read', changeKey, taken: await taken });
    for (const [id, { code, message }] of answer.failures.of(asked, new Set(answer.taken.map(({ id: given }) => given)))) {
      outcomes.push(code === 'item.gone' ? { id, outcome: 'gone' } : { id, outcome: 'unreadable', code, detail: message });
    }
    return outcomes;
  }

  #call<Handler extends ResponseHandler>(
    body: string,
    shape: AnswerShape,
    handler: () => Handler,
    signal: AbortSignal,
  ): Promise<Handler> {
    return this.#server.call({ mailbox: this.#address, body, shape, handler, signal });
  }
}

/** A server that says there is more, gives nothing and stays where it is would be asked for ever. */
function refuseStandstill(page: { readonly last: boolean; readonly state: string }, before: string | null, changes: number): void {
  if (page.last || changes > 0 || page.state !== before) return;
  throw new LockstepError({
    class: 'Unavailable',
    code: 'ews.sync-stands-still',
    message: 'Exchange says that there is more to read and gives nothing.',
    next: 'It is asked again. If it stays so, repair the mailbox (New-MailboxRepairRequest).',
  });
}
