/**
 * The site contract: what a site and the platform may say to each other. One versioned module; the server supports the
 * two minor versions before its own. Types only, so that workflows may import it.
 *
 * A site reaches the platform by HTTP (ingest API, below) and by the site gateway (activity polls). What a site sends is
 * untrusted input: the platform checks every field against the database.
 */
import type {
  DirectoryFindings, DirectoryObjectSearch, DirectoryObjectStep, DirectorySettings, DirectoryTestStep, DirectoryWatermark, ReconcileReason,
} from './directory.ts';
import type { ErrorReport } from './errors.ts';
import type { IntegrationId, RunId, SiteId } from './ids.ts';

export const SITE_CONTRACT_VERSION = '1.0';

/** Input of every site activity: the site asks the ingest API for the rest, so that no name or address is in a history. */
export interface SiteRunInput {
  readonly runId: RunId;
}

/** Result of a `readDirectory` whose last page was committed: counts only. */
export interface DirectoryReadTotals {
  readonly pages: number;
  readonly entries: number;
  readonly members: number;
  readonly problems: number;
}

/** Result of `testDirectory` and `syncObject`: the report itself goes to the ingest API. */
export interface DirectoryTestTotals {
  readonly passed: number;
  readonly failed: number;
}

/** Input of `watchDirectory`, which belongs to no run. */
export interface SiteWatchInput {
  readonly integrationId: IntegrationId;
}

/** Result of `watchDirectory`: counts only. */
export interface DirectoryWatchTotals {
  /**
   * `due`: it has watched for long enough; `changed`: settings or credential are not those it began with. In both cases it
   * is started again at once. `paused`: there is nothing to watch.
   */
  readonly outcome: 'due' | 'changed' | 'paused';
  readonly polls: number;
  readonly pages: number;
}

/** The activities that a site runs on `site.<id>`. */
export interface SiteActivities {
  readDirectory(input: SiteRunInput): Promise<DirectoryReadTotals>;
  testDirectory(input: SiteRunInput): Promise<DirectoryTestTotals>;
  watchDirectory(input: SiteWatchInput): Promise<DirectoryWatchTotals>;
  syncObject(input: SiteRunInput): Promise<DirectoryTestTotals>;
}

/* ---- ingest API: HTTP, JSON, bearer token of the site ---- */

/** POST /site/v1/runs/{runId}/open: what the site needs to do the work. Opens a new epoch for reading runs. */
export interface OpenRunAnswer {
  readonly integrationId: IntegrationId;
  readonly settings: DirectorySettings;
  /** base64 of the credential, sealed to this site's key (src/shared → seal format in src/security/seal.ts). */
  readonly sealedCredential: string;
  /** Only for `syncObject`. */
  readonly object?: DirectoryObjectSearch;
  /** Absent for a test. */
  readonly cursor?: { readonly epoch: number; readonly seq: number };
}

/**
 * POST /site/v1/runs/{runId}/pages/{epoch}/{seq}, body DirectoryPage as JSON, header `x-page-sha256` with the hex
 * SHA-256 of the exact body bytes. Repeating a page is harmless. 429 with Retry-After when the database is behind.
 */
export type PageAnswer =
  | { readonly outcome: 'applied'; readonly seq: number; readonly object?: AppliedObject }
  | { readonly outcome: 'already-applied'; readonly seq: number; readonly object?: AppliedObject }
  /** The cursor is elsewhere in the same epoch; `seq` is where. */
  | { readonly outcome: 'stale'; readonly seq: number }
  /** A newer epoch was opened: stop. */
  | { readonly outcome: 'superseded'; readonly epoch: number };

/** What became of the object of `syncObject`; with the answer to the last page of such a run. */
export interface AppliedObject {
  /** `held`: it would leave, and the rules for removals do not let it. `ignored`: it is not taken, and was not there before. */
  readonly outcome: 'added' | 'changed' | 'unchanged' | 'returned' | 'removed' | 'held' | 'ignored';
  readonly inScope: boolean;
  /** Sentences for the administrator. */
  readonly scopeDetail: string;
  readonly outcomeDetail: string;
}

/**
 * POST /site/v1/integrations/{integrationId}/watch, body WatchRequest: what a watcher needs. 404 when the integration is none
 * of the site's, 409 `directory.paused` when nothing is to be watched: the watcher ends. A watcher that is told `stale`
 * or `superseded` asks again and goes on from there.
 */
export interface WatchRequest {
  /** `version` of the last answer: as long as it holds, settings and credential are left out. */
  readonly known?: string;
  /** Why the directory cannot be watched just now, or why the watcher ends; absent: it can. */
  readonly failure?: ErrorReport;
}
export interface WatchAnswer {
  /** Changes whenever settings or credential do. */
  readonly version: string;
  /** Absent when `known` still holds. */
  readonly access?: {
    readonly settings: DirectorySettings;
    /** base64, as in OpenRunAnswer. */
    readonly sealedCredential: string;
  };
  readonly pollSeconds: number;
  /** Absent: there is no watermark to go on from (no full reading yet, or a new one is needed); the watcher waits and asks again. */
  readonly cursor?: { readonly epoch: number; readonly seq: number; readonly watermark: DirectoryWatermark };
}

/**
 * POST /site/v1/integrations/{integrationId}/changes/{epoch}/{seq}, body DirectoryChangesPage, header and answer as with the
 * pages of a run. There is no last page: the epoch goes on until a full reading opens the next.
 */

/**
 * POST /site/v1/integrations/{integrationId}/needs-full, body NeedsFullRequest: the watermark of this epoch leads nowhere any
 * more. The platform forgets it, asks for a full reading and answers 204; of an older epoch it does nothing.
 */
export interface NeedsFullRequest {
  readonly epoch: number;
  readonly reason: ReconcileReason;
  /** A sentence for the administrator. */
  readonly detail: string;
}

/** PUT /site/v1/runs/{runId}/report: what is absent stays as it is. */
export interface RunReport {
  /** Of a test. */
  readonly steps?: readonly DirectoryTestStep[];
  /** Of one object on demand. */
  readonly objectSteps?: readonly DirectoryObjectStep[];
  /** Of a test or a reading. */
  readonly findings?: DirectoryFindings;
}

/** PUT /site/v1/runs/{runId}/error: the class and the sentences that an administrator sees; the history has the class only. */
export type RunErrorReport = ErrorReport;

/* ---- enrolment and tokens: HTTP, JSON, no bearer token ---- */

/** POST /site/v1/enrol */
export interface EnrolRequest {
  /** One-time code from the platform. */
  readonly code: string;
  /** Ed25519 public key, SPKI PEM: proves who asks for tokens. */
  readonly signPublicKey: string;
  /** P-256 public key, raw uncompressed point in base64: credentials are sealed to it. */
  readonly sealPublicKey: string;
  readonly node: string;
  readonly version: string;
  readonly contract: string;
  /** base64 Ed25519 signature over `lockstep-enrol\n<code>\n<sealPublicKey>`: the key pair is really the sender's. */
  readonly signature: string;
}
export interface EnrolAnswer {
  readonly siteId: SiteId;
  readonly siteName: string;
  readonly organisation: string;
}

/** POST /site/v1/token: `assertion` is a JWT (EdDSA) iss=sub=siteId, aud='lockstep', exp ≤ 60 s, jti used once (RFC 7523). */
export interface SiteTokenRequest {
  readonly assertion: string;
  readonly node: string;
  readonly version: string;
  readonly contract: string;
}
export interface SiteTokenAnswer {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** host:port of the site gateway. */
  readonly gateway: string;
  readonly gatewayTls: boolean;
  readonly namespace: string;
  readonly queue: string;
}

/* ---- replacing a site's keys: HTTP, JSON, bearer token of the site ---- */

/** GET /site/v1/credentials: every credential that is sealed to this site, base64. */
export interface SiteCredentialsAnswer {
  /** `context`: what it is sealed for, such as `directory-credential:<id>`. */
  readonly credentials: readonly { readonly context: string; readonly sealed: string }[];
}

/** POST /site/v1/rotate-keys: keys and credentials are replaced together, or not at all. 409 when a credential changed meanwhile. */
export interface RotateSiteKeysRequest {
  readonly signPublicKey: string;
  readonly sealPublicKey: string;
  readonly credentials: readonly {
    readonly context: string;
    /** Hex SHA-256 of the sealed bytes that these replace. */
    readonly replaces: string;
    /** base64, sealed to the new key. */
    readonly sealed: string;
  }[];
  /** base64 Ed25519 signature of the present key over all of the above (src/security/site-signature.ts). */
  readonly signature: string;
  /** The same, of the new key. */
  readonly proof: string;
}
