import type { DirectorySettings } from '../shared/directory.ts';
import { domainOf } from '../shared/directory-domain.ts';

/** Where a directory's password is sent, as whom, and how well it is protected on the way. */
const destination = ['host', 'port', 'security', 'caPem', 'account'] as const satisfies readonly (keyof DirectorySettings)[];

/**
 * The settings that would make a stored password go elsewhere, or less protected, than where it was given for. Who may
 * change settings need not know the password, and must not learn it by having it sent to a server of their own.
 */
export function changedDestination(before: DirectorySettings, after: DirectorySettings): readonly string[] {
  const changed: string[] = destination.filter((key) => before[key] !== after[key]);
  // Without a host, the domain says which controllers are found in DNS.
  if (after.host === undefined && !changed.includes('account') && domainOf(before) !== domainOf(after)) changed.push('baseDn');
  return changed;
}

export const redirectsCredential = (before: DirectorySettings, after: DirectorySettings): boolean =>
  changedDestination(before, after).length > 0;
