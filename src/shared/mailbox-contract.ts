/**
 * The part of the site contract that concerns mailboxes: what a site asks and says while it works on the mailboxes of a run.
 * Types only. All calls: HTTP, JSON, bearer token of the site; what belongs to one mailbox carries its lease in the header
 * `x-lockstep-lease`, and 409 `mailbox.lease-lost` means that another attempt has it: stop.
 */
import type { ErrorReport } from './errors.ts';
import type { BlobHash, ConnectionId, FolderId, ItemId, MailboxKey, RunId } from './ids.ts';
import type { MailboxFeature, SourceFolderId, SourceItemId } from './mailbox.ts';

/* ---- activities of a site, on `site.<id>` ---- */

/** A slice of the run's list of mailboxes (rows run_mailbox): at most SWEEP_LENGTH. */
export interface SweepInput {
  readonly runId: RunId;
  readonly offset: number;
  readonly length: number;
}
export const SWEEP_LENGTH = 200;

/** Counts, and the ordinals of mailboxes that need an activity of their own. */
export interface SweepResult {
  readonly finished: number;
  readonly failed: number;
  readonly deferred: readonly number[];
}

export interface ProcessMailboxInput {
  readonly runId: RunId;
  readonly ordinal: number;
}
/** `failed`: permanently for this run; the reason is in the mailbox's state. */
export interface ProcessMailboxResult {
  readonly outcome: 'finished' | 'failed' | 'lease-lost';
}

export interface MailboxSiteActivities {
  /** Several mailboxes at once; finishes those with little or nothing new, leaves the others. */
  sweepMailboxes(input: SweepInput): Promise<SweepResult>;
  processMailbox(input: ProcessMailboxInput): Promise<ProcessMailboxResult>;
  testConnection(input: { readonly runId: RunId }): Promise<{ readonly passed: number; readonly failed: number }>;
}

/* ---- ingest API ---- */

/** POST /site/v1/runs/{runId}/mailboxes/claim */
export interface ClaimRequest {
  readonly offset: number;
  readonly length: number;
}
/** In the order of their ordinals. One that is done already, or that another task owns, is left out. */
export interface ClaimAnswer {
  readonly mailboxes: readonly MailboxClaim[];
}

/** Where a reading is: of the hierarchy or of a folder. `state` null: from the beginning. */
export interface CursorState {
  readonly epoch: number;
  readonly seq: number;
  readonly phase: 'full' | 'delta';
  readonly state: string | null;
}

export interface FolderCursor {
  readonly folder: FolderId;
  readonly source: SourceFolderId;
  readonly cursor: CursorState;
  /** Stored when the folder was last read to its end; null: it never was. */
  readonly hint: string | null;
  /**
   * Items to ask for by their ids, beside what changed: those that could not be read and are due again, and those that are wanted since
   * the rules are wider. What becomes of them is posted as a page of the folder that leaves the state as it is.
   */
  readonly retry: readonly SourceItemId[];
}

export interface MailboxClaim {
  readonly ordinal: number;
  readonly mailbox: MailboxKey;
  readonly address: string;
  readonly guid: string | null;
  readonly connection: ConnectionId;
  readonly feature: MailboxFeature;
  /** Proves in every later call that this attempt works on the mailbox. */
  readonly lease: string;
  /** Attempts in a row, in this run, that failed and brought nothing. */
  readonly fruitless: number;
  readonly hierarchy: CursorState;
  /** Folders that are replicated, as far as they are known. */
  readonly folders: readonly FolderCursor[];
  /** False: read every folder in this pass, and report where a hint would have been wrong. */
  readonly trustHints: boolean;
  /**
   * An earlier attempt left a pass that is not complete, or items are to be judged by other rules than before: the pass is completed even if
   * nothing more is new.
   */
  readonly passOpen: boolean;
  /** Content is wanted and missing, of what is known before the mailbox is read. */
  readonly contentDue: boolean;
  /** False: metadata only. */
  readonly withContent: boolean;
}

/** GET /site/v1/connections/{connection}: how to reach Exchange. `version` changes with settings or credential. */
export interface ConnectionAnswer {
  readonly version: string;
  readonly settings: ConnectionSettings;
  /** base64, sealed to this site. */
  readonly sealedCredential: string;
}

export const ewsAuthentications = ['basic', 'ntlm', 'oauth'] as const;
export type EwsAuthentication = (typeof ewsAuthentications)[number];

/** Settings of an exchange connection that are no secret. */
export interface ConnectionSettings {
  readonly type: 'ews';
  /** https://mail.corp.example/EWS/Exchange.asmx; http only to loopback addresses. */
  readonly url: string;
  readonly authentication: EwsAuthentication;
  /** UPN or DOMAIN\name; for oauth the client id. */
  readonly account: string;
  /** Only for oauth: where tokens are asked for, and for what. */
  readonly oauth?: { readonly authority: string; readonly scope: string };
  /** PEM of the certification authority of the server. Default: the system's. */
  readonly caPem?: string;
  /** http://proxy:port of the customer's network. */
  readonly proxy?: string;
  /** Requests in flight at once to this server, for all mailboxes together. Default 20. */
  readonly maxRequests?: number;
}

/**
 * POST /site/v1/mailboxes/{mailbox}/hierarchy/{epoch}/{seq}, body HierarchyPage; POST
 * /site/v1/mailboxes/{mailbox}/folders/{folder}/{epoch}/{seq}, body FolderPage; each with header `x-page-sha256`. As PageAnswer of the
 * site contract, and where the next page belongs: the last page of a full reading opens an epoch of changes.
 */
export type MailboxPageAnswer =
  | {
      readonly outcome: 'applied' | 'already-applied';
      readonly next: { readonly epoch: number; readonly seq: number };
      /** With the last page of the hierarchy: the folders to read. */
      readonly folders?: readonly FolderCursor[];
      /** With the last page of a folder: more to ask for by id, as in FolderCursor. */
      readonly retry?: readonly SourceItemId[];
    }
  /** The cursor is elsewhere in the same epoch, or in a newer one: claim the mailbox again. */
  | { readonly outcome: 'stale'; readonly seq: number }
  | { readonly outcome: 'superseded'; readonly epoch: number };

/**
 * POST /site/v1/mailboxes/{mailbox}/hierarchy/restart and …/folders/{folder}/restart: the state was refused; opens a new epoch from the
 * beginning. Answers a CursorState.
 */

/** POST /site/v1/mailboxes/{mailbox}/complete: the pass is over. Effects of its pages take effect together. */
export interface PassCompletion {
  /** Read before their folders were, for those that were read to their end or needed no reading. */
  readonly hints: readonly { readonly folder: FolderId; readonly hint: string }[];
  /** Folders that failed: named, and read again in the next pass. */
  readonly failures: readonly { readonly folder: FolderId; readonly error: ErrorReport }[];
  /** A folder changed although its hint had not: hints of this connection are not trusted any more. */
  readonly wrongHints: readonly FolderId[];
  /** Every folder was read, whatever its hint said. */
  readonly verified: boolean;
}

/** POST /site/v1/runs/{runId}/mailboxes/results: how mailboxes ended in this run, several at once. */
export interface MailboxResult {
  readonly ordinal: number;
  readonly lease: string;
  readonly outcome:
    | { readonly state: 'finished' }
    /** Nothing was new: there is no pass to complete. `verified` as in PassCompletion. */
    | { readonly state: 'quiet'; readonly verified: boolean }
    /** Left to an activity of its own. */
    | { readonly state: 'deferred' }
    /** An attempt failed, another follows. `progressed`: it committed something before. */
    | { readonly state: 'waiting'; readonly progressed: boolean; readonly error: ErrorReport }
    | { readonly state: 'failed'; readonly error: ErrorReport };
}

/** POST /site/v1/mailboxes/{mailbox}/content/next. `after`: `next` of the page before, so that an attempt asks for each item once. */
export interface ContentQuestion {
  readonly after: string | null;
}
/** Items whose content is wanted and missing, newest first. */
export interface ContentWork {
  readonly items: readonly {
    readonly item: ItemId;
    readonly source: SourceItemId;
    readonly changeKey: string;
    /** Bytes, as the source said. */
    readonly size: number;
  }[];
  /** Null: that is all. */
  readonly next: string | null;
}

/**
 * PUT /site/v1/blobs/{sha256}: the exact bytes, `Content-Length` given; 201 stored, 200 there already. Streamed and hashed by the
 * platform; resumable: HEAD tells in `upload-offset` how many bytes have arrived, and PUT with `content-range` goes on.
 * POST /site/v1/mailboxes/{mailbox}/content: what was read; blobs first, then this.
 */
export interface ContentReport {
  readonly items: readonly (
    | {
        readonly item: ItemId;
        readonly outcome: 'read';
        readonly changeKey: string;
        /** Hex SHA-256 of the MIME as it was read. */
        readonly blob: BlobHash;
        readonly bytes: number;
      }
    | { readonly item: ItemId; readonly outcome: 'gone' }
    | { readonly item: ItemId; readonly outcome: 'unreadable'; readonly code: string; readonly detail: string }
  )[];
}
