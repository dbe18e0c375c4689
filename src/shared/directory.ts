/** What both the site and the platform know of a directory. Types only. */

/** How the connection is protected. `plain` must be asked for by name. */
export const directorySecurities = ['ldaps', 'starttls', 'plain'] as const;
export type DirectorySecurity = (typeof directorySecurities)[number];

/** Settings of a directory integration that are no secret. Absent = found out by itself. */
export interface DirectorySettings {
  /** Domain controller; default: DNS SRV `_ldap._tcp.dc._msdcs.<domain of the base DN, else of the account>`. */
  readonly host?: string;
  /** Default 636 for ldaps, 389 otherwise. */
  readonly port?: number;
  readonly security: DirectorySecurity;
  /** PEM of the certification authority that signed the controller's certificate; default: the system's. */
  readonly caPem?: string;
  /** UPN (`svc@corp.example`), `DOMAIN\\name` or DN. */
  readonly account: string;
  /** Default: the rootDSE's defaultNamingContext. */
  readonly baseDn?: string;
  /** Subtrees to read; default: the base DN. */
  readonly searchBases?: readonly string[];
  /** RFC 4515 filter that objects must also match. */
  readonly filter?: string;
  /** Only objects with an address in one of these domains become people; empty or absent = all. */
  readonly mailDomains?: readonly string[];
  /** An account that is disabled in AD is disabled in the archive. */
  readonly acknowledgeDisabled: boolean;
  /** Attributes to keep beyond the standard list. */
  readonly extraAttributes?: readonly string[];
  /** How often changes are asked for; default DEFAULT_POLL_SECONDS. */
  readonly pollSeconds?: number;
  readonly removal?: RemovalSettings;
}

/** Settings that decide what becomes of the objects that are stored: the archive can tell without asking the directory. */
export const storedSettings = ['searchBases', 'filter', 'mailDomains', 'acknowledgeDisabled', 'removal'] as const satisfies readonly (keyof DirectorySettings)[];
/** Settings that change what a full reading does: those, and what the directory must be asked for. */
export const readingSettings = ['baseDn', ...storedSettings, 'extraAttributes'] as const satisfies readonly (keyof DirectorySettings)[];

export const DEFAULT_POLL_SECONDS = 30;

/**
 * What leaves the archive: `deletion` a person who disappeared or left the scope, `disable` an account that was disabled,
 * `group-removal` a group that disappeared or left the scope.
 */
export const removalKinds = ['deletion', 'disable', 'group-removal'] as const;
export type RemovalKind = (typeof removalKinds)[number];

/** More than either is held for an administrator; see archive/removal-limits.ts. */
export interface RemovalLimit {
  /** Objects; 0 holds every one. */
  readonly number?: number;
  /** Of the objects of that kind that are there. */
  readonly percent?: number;
}
export const DEFAULT_REMOVAL_LIMIT = { number: 500, percent: 5 } as const satisfies Required<RemovalLimit>;

export interface RemovalSettings {
  /** What becomes of a person who disappears: stays as it is (default), is disabled, or is listed no longer after some days. */
  readonly people?: 'keep' | 'disable' | { readonly deleteAfterDays: number };
  /** By kind; absent = DEFAULT_REMOVAL_LIMIT. */
  readonly limits?: Partial<Readonly<Record<RemovalKind, RemovalLimit>>>;
}

/** Containers and foreign principals are read for what they say of others; they are never people or groups. */
export const directoryObjectKinds = [
  'user',
  'contact',
  'group',
  'dynamic-group',
  'public-folder',
  'container',
  'foreign-principal',
] as const;
export type DirectoryObjectKind = (typeof directoryObjectKinds)[number];

/** msExchRecipientTypeDetails, by name (reference: Exchange's RecipientTypeDetails enumeration). */
export const recipientTypes = [
  'user-mailbox',
  'linked-mailbox',
  'shared-mailbox',
  'room-mailbox',
  'equipment-mailbox',
  'remote-user-mailbox',
  'remote-shared-mailbox',
  'remote-room-mailbox',
  'remote-equipment-mailbox',
  'mail-user',
  'mail-contact',
  'distribution-group',
  'security-group',
  'dynamic-distribution-group',
  'public-folder',
  'other',
] as const;
export type RecipientType = (typeof recipientTypes)[number];

/** Why an object is a person: by itself, or as another object is. */
export const personRules = ['self', 'master-account-sid', 'sid-history', 'moved'] as const;
export type PersonRule = (typeof personRules)[number];

/** One object as the source said it. Binary values are text already: SIDs `S-1-…`, GUIDs canonical, others base64. */
export interface DirectoryEntry {
  /** objectGUID in its canonical lower-case form. */
  readonly guid: string;
  readonly dn: string;
  /**
   * By the name under which the attribute was asked for; always a list; absent = no value. `member` is never here;
   * `parentGUID` (canonical) is what distinguished names are derived from.
   */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  /** uSNChanged on the controller that the page names, decimal text. Absent when it was not readable. */
  readonly usn?: string;
}

/** Members of one group, in parts: a group may have more members than fit a page. The parts of one list follow each other. */
export interface DirectoryMembers {
  readonly guid: string;
  readonly dns: readonly string[];
  /** True on the part after which the group's list is whole. */
  readonly last: boolean;
  /** `usn` of the group's entry that the list belongs to. */
  readonly usn?: string;
}

/** A member that joined or left. A rename may be told after it, so the GUID tells more than the name, where it is known. */
export interface DirectoryMemberChange {
  readonly dn: string;
  readonly guid?: string;
}

/** What changed of one object. Several of one object are applied in their order. */
export interface DirectoryChangeEntry {
  readonly guid: string;
  /** As it is now; of a deleted object the name that the directory gives it. */
  readonly dn: string;
  readonly deleted: boolean;
  /** Only the attributes that changed, with all their values now; an empty list: it has none any more. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  readonly memberAdded: readonly DirectoryMemberChange[];
  readonly memberRemoved: readonly DirectoryMemberChange[];
  /**
   * uSNChanged; where the source does not tell it (DirSync), the controller's highestCommittedUSN after it gave the change:
   * the state told here is not newer than that.
   */
  readonly usn?: string;
}

/** An object that could not be read or applied. Does not stop the run. */
export interface DirectoryProblem {
  /** objectGUID, or null when not even that was readable. */
  readonly guid: string | null;
  /** DN or address: what the administrator recognises. */
  readonly subject: string;
  readonly code: string;
  readonly detail: string;
}

interface PageContent {
  /** Whole objects: what an entry does not say, the object does not have. */
  readonly entries: readonly DirectoryEntry[];
  readonly members: readonly DirectoryMembers[];
  readonly problems: readonly DirectoryProblem[];
  /** invocationId of the controller that was asked: its USNs are compared with no other's. Absent when it was not readable. */
  readonly invocationId?: string;
}

/** One page of a full reading: what is posted under (epoch, seq) of a run. */
export interface DirectoryPage extends PageContent {
  /** Only the last page of a full reading ends what the epoch did not see. */
  readonly last: boolean;
  /** Only on the last page: the watermark taken before the reading began. Absent: changes cannot be told. */
  readonly watermark?: DirectoryWatermark;
  /** Only on the last page. */
  readonly tracking?: DirectoryChangeTracking;
  /** Only of one object on demand: the directory itself says that it was deleted. */
  readonly deleted?: { readonly guid: string; readonly usn?: string };
}

/** One page of changes: what a watcher posts under (epoch, seq) of the integration. */
export interface DirectoryChangesPage extends PageContent {
  /** Applied after the page's entries. A source that tells no differences (USN) gives whole entries and lists instead. */
  readonly changes: readonly DirectoryChangeEntry[];
  /** Where the next page begins: when this one is committed, nothing before it is asked for again. */
  readonly watermark: DirectoryWatermark;
}

/** Where changes go on. */
export type DirectoryWatermark = {
  readonly dnsHostName: string;
  /** Null when it was not readable; never with `usn`, which holds for one controller in one life only. */
  readonly invocationId: string | null;
} & (
  | {
      readonly method: 'dirsync';
      /** base64. */
      readonly cookie: string;
      /** The highest USN known when the cookie was given: a controller that has not got so far was put back to an earlier state. */
      readonly usn?: string;
    }
  | {
      readonly method: 'usn';
      /** 64-bit, decimal text: changes above it are new. */
      readonly usn: string;
    }
);

export const changeMethods = ['dirsync', 'usn', 'none'] as const;

/** How changes of a directory are told, found out by each full reading. */
export interface DirectoryChangeTracking {
  readonly method: (typeof changeMethods)[number];
  /** Why it is no better one, in a sentence for the administrator; empty for `dirsync`. */
  readonly reason: string;
  /** False: an object that is deleted is noticed by the next full reading only. */
  readonly deletionsVisible: boolean;
}

/** Why a watcher can go on only after a full reading. */
export const reconcileReasons = [
  'cookie-rejected',
  'controller-replaced',
  'usn-went-back',
  'sees-less',
  'unknown-object',
] as const;
export type ReconcileReason = (typeof reconcileReasons)[number];

export const directoryTestSteps = [
  'resolve',
  'connect',
  'tls',
  'bind',
  'rootdse',
  'base-dn',
  'read-person',
  'read-group',
  'change-tracking',
  'deleted-objects',
] as const;
export type DirectoryTestStepName = (typeof directoryTestSteps)[number];

/** Steps of synchronising one object on demand. */
export const directoryObjectSteps = ['connect', 'find', 'read', 'scope', 'apply'] as const;
export type DirectoryObjectStepName = (typeof directoryObjectSteps)[number];

export interface DirectoryStep<Name extends string> {
  readonly step: Name;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What was found or what went wrong, in a sentence. */
  readonly detail: string;
  readonly code?: string;
  /** What to do, when it failed. */
  readonly next?: string;
  readonly durationMs: number;
}
export type DirectoryTestStep = DirectoryStep<DirectoryTestStepName>;
export type DirectoryObjectStep = DirectoryStep<DirectoryObjectStepName>;

/** Which object to synchronise on demand. */
export interface DirectoryObjectQuery {
  readonly by: 'guid' | 'dn' | 'address';
  readonly value: string;
}

/** What the platform knows of it already. */
export interface DirectoryObjectSearch extends DirectoryObjectQuery {
  /** objectGUID of the object that the archive has under it: asked for where the directory knows nothing by this name or address. */
  readonly stored?: string;
  /** dnsHostName of the controller that changes come from: what another one says may be older. */
  readonly controller?: string;
}

/** A domain of the forest, as its crossRef object says (MS-ADTS §6.1.1.2.1.1.3). */
export interface DirectoryDomain {
  /** nCName. */
  readonly dn: string;
  readonly dnsName: string;
  readonly netbiosName: string | null;
  /** `dn` of the parent domain; null for the root of a tree. */
  readonly parentDn: string | null;
  /** The one that this integration reads. */
  readonly own: boolean;
}

/** What a source saw beside its objects. Notes: nothing is followed and nothing is wrong. */
export interface DirectoryFindings {
  readonly domains: readonly DirectoryDomain[];
  /** LDAP URLs that the server referred to: other domains and partitions. */
  readonly references: readonly string[];
}
