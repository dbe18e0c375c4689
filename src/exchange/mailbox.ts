/**
 * The port through which features reach mailboxes. A feature knows this port and no protocol. Two adapters stand behind it, since
 * the two Exchange worlds differ: EWS (on-premises) and Graph (Microsoft 365). What one of them cannot do is a capability that it
 * does not declare, and is said before a task is saved.
 *
 * Every method takes an AbortSignal, ends within seconds when it is aborted, and fails with a LockstepError only: the class is
 * assigned where the response is read. Throttling is waited for inside the adapter up to what the caller's budget allows, then
 * surfaces as Throttled with `waitMs`.
 */
import type { Readable } from 'node:stream';
import type { FolderHint, FolderPage, HierarchyPage, SourceFolderId, SourceItemId } from '../shared/mailbox.ts';

export const mailboxCapabilities = [
  /** Folder hints tell which folders changed (one request a mailbox). */
  'folder-hints',
  /** Items of every class, not only mail. */
  'every-item-class',
  /** Content as MIME. */
  'mime',
] as const;
export type MailboxCapability = (typeof mailboxCapabilities)[number];

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

/** What is asked of content: where the bytes go. Called once an item, before its bytes. */
export type ContentSink = (item: SourceItemId, mime: Readable) => Promise<void>;

/** What became of one item's content. */
export type ContentOutcome =
  | { readonly id: SourceItemId; readonly outcome: 'read'; readonly changeKey: string }
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

  /**
   * Content of items as MIME, streamed: no item is ever whole in memory. In any order; one outcome for each.
   */
  readContent(items: readonly SourceItemId[], sink: ContentSink, signal: AbortSignal): AsyncIterable<ContentOutcome>;
}
