/**
 * The port through which features reach mailboxes. A feature knows this port and no protocol. Two adapters stand behind it, since
 * the two Exchange worlds differ: EWS (on-premises) and Graph (Microsoft 365). What one of them cannot do is a capability that it
 * does not declare, and is said before a task is saved.
 *
 * Every method takes an AbortSignal, ends within seconds when it is aborted, and fails with a LockstepError only: the class is
 * assigned where the response is read. An adapter never waits out a throttled mailbox: it fails as Throttled with `waitMs`, at once
 * while the time has not passed, because only the caller knows whether to wait or to go on with another mailbox.
 */
import type { Readable } from 'node:stream';
import type { FolderHint, FolderPage, HierarchyPage, ItemEntry, ItemProblem, SourceFolderId, SourceItemId } from '../shared/mailbox.ts';
import type { MailboxCapability } from '../shared/mailbox-capabilities.ts';

/** Which mailbox of the connection. */
export interface MailboxName {
  /** Primary SMTP address: whom the connection impersonates. */
  readonly address: string;
  /** msExchMailboxGuid, canonical; null: not known. A mailbox that answers with another GUID is not this one. */
  readonly guid: string | null;
}

/** One exchange connection, shared by all mailboxes that a site reads through it: pools, back-off and budgets live here. */
export interface MailboxSource {
  readonly capabilities: ReadonlySet<MailboxCapability>;
  mailbox(name: MailboxName): Mailbox;
  close(): Promise<void>;
}

/**
 * Takes the bytes of one item, to their end, and says what became of them. A source may name the item only after its bytes, so it
 * is not said here.
 */
export type ContentSink<Taken> = (mime: Readable) => Promise<Taken>;

/** What became of items that were asked for by their ids: each is in one of the lists. */
export interface ItemsRead {
  readonly items: readonly ItemEntry[];
  readonly problems: readonly ItemProblem[];
  /** Moved or deleted. */
  readonly gone: readonly SourceItemId[];
}

/** What became of one item's content. */
export type ContentOutcome<Taken> =
  | { readonly id: SourceItemId; readonly outcome: 'read'; readonly changeKey: string; readonly taken: Taken }
  /** Moved or deleted meanwhile: the next pass says where to. */
  | { readonly id: SourceItemId; readonly outcome: 'gone' }
  | { readonly id: SourceItemId; readonly outcome: 'unreadable'; readonly code: string; readonly detail: string };

export interface Mailbox {
  /**
   * Folders since `state`; null: all, and the pages together are the whole hierarchy below msgfolderroot. One page at a time is
   * asked for, when the one before was taken.
   * @throws LockstepError CursorInvalid when the state is refused, MailboxGone, AuthRejected, ConfigInvalid, Throttled, Unavailable
   */
  syncHierarchy(state: string | null, signal: AbortSignal): AsyncIterable<HierarchyPage>;

  /** Hints of all folders below msgfolderroot, by one request. Only with `folder-hints`. */
  folderHints(signal: AbortSignal): Promise<readonly FolderHint[]>;

  /**
   * Items of a folder since `state`; null: all. Created and changed ones come with their metadata.
   * @throws as syncHierarchy; a folder that is gone is CursorInvalid `mailbox.folder-gone`
   */
  syncFolder(folder: SourceFolderId, state: string | null, signal: AbortSignal): AsyncIterable<FolderPage>;

  /** Metadata of items, where a folder's changes do not tell of them. At most a few hundred ids a call. */
  readItems(items: readonly SourceItemId[], signal: AbortSignal): Promise<ItemsRead>;

  /**
   * Content of items as MIME, streamed: no item is ever whole in memory. In any order; one outcome for each, given when its bytes
   * were taken. The bytes of a call that fails may have been taken and have no outcome. Large items are best asked for alone.
   */
  readContent<Taken>(items: readonly SourceItemId[], sink: ContentSink<Taken>, signal: AbortSignal): AsyncIterable<ContentOutcome<Taken>>;
}
