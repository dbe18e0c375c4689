/** What the sample Exchange holds: mailboxes, folders and items, free of any protocol. */

export interface Address {
  readonly name: string;
  readonly address: string;
}

/** A part of a message beside its text. */
export type Attachment =
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly contentType: string;
      /** Made when it is read; a large one in pieces, so that nobody holds it whole. */
      readonly bytes: () => Iterable<Buffer>;
      readonly size: number;
      /** Content-ID of a picture that the text shows. */
      readonly inline?: string;
    }
  /** A message in a message. */
  | { readonly kind: 'message'; readonly name: string; readonly message: ItemContent };

/** What an item is made of, as far as MIME holds it. */
export interface ItemContent {
  readonly subject: string;
  readonly from: Address | undefined;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bcc: readonly Address[];
  readonly sentAt: Date | undefined;
  readonly messageId: string | undefined;
  readonly inReplyTo: string | undefined;
  readonly references: readonly string[];
  /** Text and HTML, either may be missing; `charset`: in which MIME writes it. */
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly charset: string;
  readonly attachments: readonly Attachment[];
  /** Of a meeting request: iCalendar. */
  readonly calendar?: string;
  /** Of a delivery report. */
  readonly report?: { readonly recipient: string; readonly diagnostic: string };
  /** These very bytes, each time: mail that is signed, and mail that a client brought as MIME. */
  readonly raw?: () => Iterable<Buffer>;
}

/** What an item that is no mail says of itself. */
export type ItemDetails =
  | {
      readonly kind: 'contact';
      readonly given: string;
      readonly surname: string;
      readonly company: string;
      readonly jobTitle: string;
      readonly addresses: readonly string[];
      readonly phone: string;
    }
  | { readonly kind: 'task'; readonly status: 'NotStarted' | 'InProgress' | 'Completed'; readonly percent: number; readonly dueAt: Date | undefined }
  /** An appointment, or the meeting that a request is for. */
  | {
      readonly kind: 'meeting';
      readonly uid: string;
      readonly startsAt: Date;
      readonly endsAt: Date;
      readonly place: string;
      readonly organizer: Address;
      readonly attendees: readonly Address[];
    };

export type Sensitivity = 'Normal' | 'Personal' | 'Private' | 'Confidential';
export type Importance = 'Low' | 'Normal' | 'High';
export type FlagStatus = 'NotFlagged' | 'Flagged' | 'Complete';

/** An item at one moment. Changed by replacing it. */
export interface ItemRecord {
  /** Number in its mailbox: stays when the item moves. */
  readonly uid: number;
  /** Grows with each move, since a moved item has another id. */
  readonly moves: number;
  readonly folder: number;
  readonly itemClass: string;
  readonly content: ItemContent;
  readonly details?: ItemDetails | undefined;
  readonly receivedAt: Date | undefined;
  readonly createdAt: Date;
  readonly modifiedAt: Date;
  readonly sensitivity: Sensitivity;
  readonly importance: Importance;
  readonly isRead: boolean;
  readonly isDraft: boolean;
  readonly flag: FlagStatus;
  readonly categories: readonly string[];
  /** Copies share it. */
  readonly searchKey: Buffer;
  readonly conversation: Buffer;
  /** Properties that a client stamped on it, by GUID and name. */
  readonly stamped: ReadonlyMap<string, string>;
  /** Counts changes: what a change key is made of. */
  readonly version: number;
  /** PidTagMessageSize. */
  readonly size: number;
}

export interface FolderRecord {
  readonly number: number;
  /** Null: msgfolderroot. */
  readonly parent: number | null;
  readonly name: string;
  readonly folderClass: string;
  readonly wellKnown: string | undefined;
  readonly hidden: boolean;
  readonly search: boolean;
  readonly version: number;
}

/** Who has a mailbox here. */
export interface MailboxOwner {
  readonly address: string;
  readonly displayName: string;
  /** msExchMailboxGuid. */
  readonly guid: string;
}
