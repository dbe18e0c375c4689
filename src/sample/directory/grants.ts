/** What an account may do besides reading all live objects, and what it may not. */
export interface Grants {
  /** DS-Replication-Get-Changes: DirSync of everything, whoever may read it. */
  readonly getChanges?: boolean;
  /** May list and read CN=Deleted Objects. By default only administrators may. */
  readonly readDeleted?: boolean;
  /** DNs: these objects and what is below them are not seen. */
  readonly hidden?: readonly string[];
  /** lDAPDisplayNames: not readable on any object, and not found by a filter. */
  readonly unreadable?: readonly string[];
}
