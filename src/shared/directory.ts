/** What both the site and the platform know of a directory. Types only. */

/** How the connection is protected. `plain` must be asked for by name. */
export const directorySecurities = ['ldaps', 'starttls', 'plain'] as const;
export type DirectorySecurity = (typeof directorySecurities)[number];

/** Settings of a directory integration that are no secret. Absent = found out by itself. */
export interface DirectorySettings {
  /** Domain controller; default: DNS SRV `_ldap._tcp.dc._msdcs.<domain of the account>`. */
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
}

export const directoryObjectKinds = ['user', 'contact', 'group', 'dynamic-group', 'public-folder'] as const;
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

/** One object as the source said it. Binary values are text already: SIDs `S-1-…`, GUIDs canonical, others base64. */
export interface DirectoryEntry {
  /** objectGUID in its canonical lower-case form. */
  readonly guid: string;
  readonly dn: string;
  /** By the name under which the attribute was asked for; always a list; absent = no value. `member` is never here. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** Members of one group, in parts: a group may have more members than fit a page. */
export interface DirectoryMembers {
  readonly guid: string;
  readonly dns: readonly string[];
  /** True on the part after which the group's list is whole. */
  readonly last: boolean;
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

/** One page of a reading: what is posted under (epoch, seq). */
export interface DirectoryPage {
  readonly entries: readonly DirectoryEntry[];
  readonly members: readonly DirectoryMembers[];
  readonly problems: readonly DirectoryProblem[];
  /** Only the last page of a full reading ends what the epoch did not see. */
  readonly last: boolean;
  /** Only on the last page: the watermark taken before the reading began. */
  readonly watermark?: DirectoryWatermark;
}

/** Where changes start after a full reading: bound to one domain controller. */
export interface DirectoryWatermark {
  readonly dnsHostName: string;
  readonly invocationId: string | null;
  /** 64-bit, decimal text. */
  readonly highestCommittedUsn: string;
}

export const directoryTestSteps = [
  'resolve',
  'connect',
  'tls',
  'bind',
  'rootdse',
  'base-dn',
  'read-person',
  'read-group',
] as const;
export type DirectoryTestStepName = (typeof directoryTestSteps)[number];

export interface DirectoryTestStep {
  readonly step: DirectoryTestStepName;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What was found or what went wrong, in a sentence. */
  readonly detail: string;
  readonly code?: string;
  /** What to do, when it failed. */
  readonly next?: string;
  readonly durationMs: number;
}
