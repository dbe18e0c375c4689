/**
 * What both the site and the platform know of a mailbox. Types only.
 *
 * Ids of the source are opaque and case-sensitive text, compared exactly. An EWS item id changes when the item moves, a folder id
 * does not (https://learn.microsoft.com/exchange/client-developer/exchange-web-services/ews-identifiers-in-exchange).
 */
declare const brand: unique symbol;
type SourceId<Kind extends string> = string & { readonly [brand]: Kind };
export type SourceFolderId = SourceId<'Folder'>;
export type SourceItemId = SourceId<'Item'>;

/** What a task does with a mailbox. Later features are added here. */
export const mailboxFeatures = ['folder-replication'] as const;
export type MailboxFeature = (typeof mailboxFeatures)[number];

/**
 * Default folders by the names that do not depend on the mailbox's language: EWS DistinguishedFolderIdNameType and Graph's
 * well-known names, in one spelling.
 */
export const wellKnownFolders = [
  'inbox',
  'sentitems',
  'deleteditems',
  'drafts',
  'junkemail',
  'outbox',
  'calendar',
  'contacts',
  'tasks',
  'notes',
  'journal',
  'archive',
  'conversationhistory',
  'syncissues',
  'conflicts',
  'localfailures',
  'serverfailures',
] as const;
export type WellKnownFolder = (typeof wellKnownFolders)[number];

/** A folder as the source says it is now. */
export interface FolderEntry {
  readonly id: SourceFolderId;
  /** A parent that is no folder of the mailbox is the root of what people see (msgfolderroot), which is never an entry itself. */
  readonly parentId: SourceFolderId;
  readonly name: string;
  /** IPF.Note, IPF.Appointment …; empty: the source says none. */
  readonly folderClass: string;
  readonly wellKnown: WellKnownFolder | null;
  /** PidTagAttributeHidden, or outside of msgfolderroot. Not replicated. */
  readonly hidden: boolean;
  /** A search folder holds nothing of its own. Not replicated. */
  readonly search: boolean;
  readonly itemCount: number;
}

/** One page of a mailbox's folders: everything (full) or what changed since the state (delta). */
export interface HierarchyPage {
  readonly folders: readonly FolderEntry[];
  readonly removed: readonly SourceFolderId[];
  /** Sync state after this page, base64. */
  readonly state: string;
  readonly last: boolean;
}

export interface MailAddress {
  readonly name: string;
  /** Lower case where it is an SMTP address; otherwise as the source writes it (an X.500 address of a deleted account). */
  readonly address: string;
}

export const sensitivities = ['normal', 'personal', 'private', 'confidential'] as const;
export type Sensitivity = (typeof sensitivities)[number];
export const importances = ['low', 'normal', 'high'] as const;
export type Importance = (typeof importances)[number];
export const flagStates = ['none', 'flagged', 'complete'] as const;
export type FlagState = (typeof flagStates)[number];

/** An item's metadata, whatever it is: messages, contacts, appointments and all others appear in their folders as what they are. */
export interface ItemProperties {
  /** PidTagMessageClass: IPM.Note, IPM.Contact, REPORT.IPM.Note.NDR … */
  readonly itemClass: string;
  readonly subject: string;
  readonly from: MailAddress | null;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly bcc: readonly MailAddress[];
  /** Instants, RFC 3339 in UTC; null: the item has none. */
  readonly sentAt: string | null;
  readonly receivedAt: string | null;
  readonly createdAt: string | null;
  readonly modifiedAt: string | null;
  /** PidTagMessageSize in bytes. */
  readonly size: number;
  readonly sensitivity: Sensitivity;
  readonly importance: Importance;
  readonly isRead: boolean;
  readonly isDraft: boolean;
  readonly hasAttachments: boolean;
  readonly flag: FlagState;
  readonly categories: readonly string[];
  /** PidTagInternetMessageId with its angle brackets, as it is written: may be absent, and two items may have one. */
  readonly messageId: string | null;
  readonly inReplyTo: string | null;
  /** Base64 of what the source groups conversations by. */
  readonly conversationId: string | null;
}

/** An item as the source says it is now. */
export interface ItemEntry {
  readonly id: SourceItemId;
  /** Another after each change of the item. */
  readonly changeKey: string;
  /** PidTagSearchKey, base64: survives a move; copies share it. */
  readonly searchKey: string | null;
  /** PidTagSourceKey, base64: unique in a mailbox; changes on a move. */
  readonly sourceKey: string | null;
  readonly properties: ItemProperties;
}

/** An item that could not be read. Does not stop the folder. */
export interface ItemProblem {
  readonly id: SourceItemId;
  readonly code: string;
  readonly detail: string;
}

/** One page of a folder's items: everything (full) or what changed since the state (delta). An id is in one of the lists only. */
export interface FolderPage {
  readonly items: readonly ItemEntry[];
  readonly removed: readonly SourceItemId[];
  /** Only the read flag changed. */
  readonly read: readonly { readonly id: SourceItemId; readonly isRead: boolean }[];
  readonly problems: readonly ItemProblem[];
  /** Sync state after this page, base64. */
  readonly state: string;
  readonly last: boolean;
}

/**
 * What a folder shows of itself without being synchronised: as long as it is the same, nothing in the folder changed (EWS:
 * PidTagLocalCommitTimeMax, PidTagDeletedCountTotal and counts). Opaque; compared for equality.
 */
export interface FolderHint {
  readonly id: SourceFolderId;
  readonly hint: string;
  /** There is nothing in it. */
  readonly empty: boolean;
}
