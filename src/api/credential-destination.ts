import type { DirectorySettings } from '../shared/directory.ts';

/** Where a directory's password is sent, as whom, and how well it is protected on the way. */
const destination = ['host', 'port', 'security', 'caPem', 'account'] as const satisfies readonly (keyof DirectorySettings)[];

/**
 * The settings that would make a stored password go elsewhere, or less protected, than where it was given for. Who may
 * change settings need not know the password, and must not learn it by having it sent to a server of their own.
 */
export const changedDestination = (before: DirectorySettings, after: DirectorySettings): readonly string[] =>
  destination.filter((key) => before[key] !== after[key]);

export const redirectsCredential = (before: DirectorySettings, after: DirectorySettings): boolean =>
  changedDestination(before, after).length > 0;
