import { type DirSyncRequest, dirSyncOid, readDirSyncRequest } from './dir-sync-control.ts';
import { type ExtendedDnForm, extendedDnOid, readExtendedDnForm } from './extended-dn.ts';
import { type PageRequest, pagedResultsOid, readPageRequest } from './paged-results.ts';
import type { LdapRequest, SearchOperation } from './request.ts';

/** MS-ADTS 3.1.1.3.4.1: deleted objects too; no references to other naming contexts. */
const showDeletedOid = '1.2.840.113556.1.4.417';
const domainScopeOid = '1.2.840.113556.1.4.1339';

export const supportedControls = [pagedResultsOid, dirSyncOid, showDeletedOid, extendedDnOid, domainScopeOid];

/** What comes with a search and changes its answer. */
export interface SearchControls {
  readonly paging: PageRequest | undefined;
  readonly dirSync: DirSyncRequest | undefined;
  readonly showDeleted: boolean;
  readonly domainScope: boolean;
  readonly extendedDn: ExtendedDnForm | undefined;
}

/** `refused`: a critical control that is not known. Throws on a control that cannot be read. */
export function readSearchControls({ controls, sizeLimit }: LdapRequest & SearchOperation): SearchControls | 'refused' {
  if (controls.some(({ oid, critical }) => critical && !supportedControls.includes(oid))) return 'refused';
  const value = (oid: string) => controls.find((control) => control.oid === oid)?.value;
  const [page, dirSync, extendedDn] = [value(pagedResultsOid), value(dirSyncOid), value(extendedDnOid)];
  const paging = page === undefined ? undefined : readPageRequest(page);
  // RFC 2696: a page that is no smaller than the size limit is no page.
  const whole = paging !== undefined && paging.cookie.length === 0 && sizeLimit > 0 && sizeLimit <= paging.size;
  return {
    paging: whole ? undefined : paging,
    dirSync: dirSync === undefined ? undefined : readDirSyncRequest(dirSync),
    showDeleted: value(showDeletedOid) !== undefined,
    domainScope: value(domainScopeOid) !== undefined,
    extendedDn: extendedDn === undefined ? undefined : readExtendedDnForm(extendedDn),
  };
}
