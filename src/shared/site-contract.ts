/**
 * The site contract: what a site and the platform may say to each other. One versioned module; the server supports the
 * two minor versions before its own. Types only, so that workflows may import it.
 *
 * A site reaches the platform by HTTP (ingest API, below) and by the site gateway (activity polls). What a site sends is
 * untrusted input: the platform checks every field against the database.
 */
import type { DirectorySettings, DirectoryTestStep } from './directory.ts';
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

/** Result of `testDirectory`: the report itself goes to the ingest API. */
export interface DirectoryTestTotals {
  readonly passed: number;
  readonly failed: number;
}

/** The activities that a site runs on `site.<id>`. */
export interface SiteActivities {
  readDirectory(input: SiteRunInput): Promise<DirectoryReadTotals>;
  testDirectory(input: SiteRunInput): Promise<DirectoryTestTotals>;
}

/* ---- ingest API: HTTP, JSON, bearer token of the site ---- */

/** POST /site/v1/runs/{runId}/open: what the site needs to do the work. Opens a new epoch for reading runs. */
export interface OpenRunAnswer {
  readonly integrationId: IntegrationId;
  readonly settings: DirectorySettings;
  /** base64 of the credential, sealed to this site's key (src/shared → seal format in src/security/seal.ts). */
  readonly sealedCredential: string;
  /** Absent for a test. */
  readonly cursor?: { readonly epoch: number; readonly seq: number };
}

/**
 * POST /site/v1/runs/{runId}/pages/{epoch}/{seq}, body DirectoryPage as JSON, header `x-page-sha256` with the hex
 * SHA-256 of the exact body bytes. Repeating a page is harmless. 429 with Retry-After when the database is behind.
 */
export type PageAnswer =
  | { readonly outcome: 'applied'; readonly seq: number }
  | { readonly outcome: 'already-applied'; readonly seq: number }
  /** The cursor is elsewhere in the same epoch; `seq` is where. */
  | { readonly outcome: 'stale'; readonly seq: number }
  /** A newer epoch was opened: stop. */
  | { readonly outcome: 'superseded'; readonly epoch: number };

/** PUT /site/v1/runs/{runId}/report */
export interface DirectoryTestReport {
  readonly steps: readonly DirectoryTestStep[];
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
  readonly credentials: readonly { readonly integrationId: IntegrationId; readonly sealed: string }[];
}

/** POST /site/v1/rotate-keys: keys and credentials are replaced together, or not at all. 409 when a credential changed meanwhile. */
export interface RotateSiteKeysRequest {
  readonly signPublicKey: string;
  readonly sealPublicKey: string;
  readonly credentials: readonly {
    readonly integrationId: IntegrationId;
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
