/** What tasks are made of beside connections: definitions and mailbox groups. Types, and the bounds of what they may hold. */
import type { DirectoryObjectId, FolderId, MailboxId } from './ids.ts';
import type { WellKnownFolder } from './mailbox.ts';

/** Folders that a definition leaves out with a switch, each with its subfolders. */
export const excludableFolders = ['inbox', 'sentItems', 'deletedItems'] as const;
export type ExcludableFolder = (typeof excludableFolders)[number];

/**
 * Decides about items in a folder. All conditions that are given must hold; at least one is. The first rule that holds decides; what
 * no rule speaks of is replicated. A switch of `exclude` comes before all rules.
 */
export interface ItemRule {
  readonly action: 'include' | 'exclude';
  /** The default folder, with its subfolders. */
  readonly wellKnown?: WellKnownFolder;
  /** Names of folders from the top, in any case: `Projects/Old*`. `*` is any text in a name, `**` any number of folders. */
  readonly path?: string;
  /** The item class and those below it: `IPM.Note` is `IPM.Note.SMIME` too. */
  readonly itemClass?: string;
  /** Older: by when it was received, else made. */
  readonly olderThanDays?: number;
  readonly largerThanBytes?: number;
}

/** Settings of a definition of folder replication. Items marked private are the organisation's decision, not a definition's. */
export interface FolderReplicationSettings {
  /** False: metadata only, as MSE does. */
  readonly withContent: boolean;
  readonly exclude: Readonly<Record<ExcludableFolder, boolean>>;
  readonly rules: readonly ItemRule[];
}

/** Which mailboxes. */
export type MailboxGroupSource =
  /** Members of a synchronised group, through all levels, as they are at each run. */
  | { readonly kind: 'directory-group'; readonly group: DirectoryObjectId }
  /** These, by address in lower case. */
  | { readonly kind: 'mailboxes'; readonly addresses: readonly string[] };

/** How a mailbox fares in a task. `duplicate`: another task does the feature of it. `skipped`, `attention`: with a reason and what to do next. */
export const mailboxStates = ['pending', 'healthy', 'duplicate', 'skipped', 'attention'] as const;
export type MailboxState = (typeof mailboxStates)[number];

export const MAX_RULES = 100;
/** An organisation's largest group in MSE's terms; longer lists are groups of the directory. */
export const MAX_ADDRESSES = 10_000;

/** How far a resync reaches, within a task. */
export interface TaskRunScope {
  /** Everything from the beginning; else what changed, without trust in hints. */
  readonly full: boolean;
  /** Absent: all mailboxes of the task. */
  readonly mailbox?: MailboxId;
  /** Of the mailbox; absent: all. */
  readonly folder?: FolderId;
}
