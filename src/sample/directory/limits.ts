/**
 * LDAP policies of a domain controller with their defaults.
 * Source: https://learn.microsoft.com/troubleshoot/windows-server/active-directory/view-set-ldap-policy-using-ntdsutil
 */
export interface Limits {
  /** Entries that one search request may return. */
  readonly maxPageSize: number;
  /** Values of one attribute in one answer. */
  readonly maxValRange: number;
  readonly maxQueryDurationMs: number;
  /** Of one request. */
  readonly maxReceiveBufferBytes: number;
  /** Changed objects that one round of DirSync looks at. Not a policy: Windows decides by its memory. */
  readonly maxDirSyncObjects: number;
}
export const defaultLimits: Limits = {
  maxPageSize: 1000,
  maxValRange: 1500,
  maxQueryDurationMs: 120_000,
  maxReceiveBufferBytes: 10_485_760,
  maxDirSyncObjects: 1000,
};
