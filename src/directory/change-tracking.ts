import type { DirectoryChangeTracking, DirectoryWatermark } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { mayReadDeletedObjects } from './deleted-objects.ts';
import { EntryDecoder } from './entry-decoder.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { parseFilter } from './ldap-filter.ts';
import type { RootDse } from './root-dse.ts';

/** How changes will be told after a reading, and from where on. */
export interface ChangeStart {
  readonly tracking: DirectoryChangeTracking;
  /** Absent exactly when `tracking.method` is `none`. */
  readonly watermark: DirectoryWatermark | undefined;
}

const nothing = parseFilter('(!(objectClass=*))');

/**
 * Finds out by trying, best way first. Every answer but a lost connection and a server that cannot just now is one: the way to
 * changes is no reason not to read.
 *
 * Taken before a reading: an object that changes meanwhile is then seen again rather than missed. A DirSync cookie of now is had
 * by asking for changes of nothing from the beginning on, in as many rounds as the server needs.
 *
 * @param rounds `first`: only to find out; the watermark leads nowhere then
 */
export async function startTracking(connection: LdapConnection, root: RootDse, invocationId: string | null, rounds: 'first' | 'all' = 'all'): Promise<ChangeStart> {
  const { dnsHostName, highestCommittedUsn: usn, defaultNamingContext: base } = root;
  const deletionsVisible = await mayReadDeletedObjects(connection, base);
  const dirSync = await tryDirSync(connection, base, rounds);
  if (dirSync.outcome === 'given') {
    const cookie = dirSync.cookie.toString('base64');
    return { tracking: { method: 'dirsync', reason: '', deletionsVisible }, watermark: { dnsHostName, invocationId, method: 'dirsync', cookie, usn } };
  }
  const none = (more: string): ChangeStart => ({ tracking: { method: 'none', reason: `${dirSync.reason} ${more}`, deletionsVisible }, watermark: undefined });
  if (invocationId === null) return none('Nor can the account read the invocationId of the controller, without which USNs say nothing.');
  if (!(await tellsUsn(connection, base))) return none('Nor can the account read uSNChanged.');
  return { tracking: { method: 'usn', reason: dirSync.reason, deletionsVisible }, watermark: { dnsHostName, invocationId, method: 'usn', usn } };
}

type DirSyncTrial = { readonly outcome: 'given'; readonly cookie: Buffer } | { readonly outcome: 'refused'; readonly reason: string };

async function tryDirSync(connection: LdapConnection, base: string, rounds: 'first' | 'all'): Promise<DirSyncTrial> {
  try {
    let cookie: Buffer = Buffer.alloc(0);
    let more = true;
    do ({ cookie, more } = await changesRound(connection, base, cookie));
    while (more && rounds === 'all');
    return { outcome: 'given', cookie };
  } catch (error) {
    if (error instanceof LockstepError && error.class === 'ConfigInvalid') return { outcome: 'refused', reason: error.message };
    throw error;
  }
}

async function changesRound(connection: LdapConnection, base: string, cookie: Buffer): Promise<{ readonly cookie: Buffer; readonly more: boolean }> {
  const answer = await connection.search(
    { base, scope: 'sub', filter: nothing, attributes: ['objectGUID'], changesSince: cookie, operation: 'first-changes' },
    () => undefined,
  );
  if (answer.more && answer.cookie.equals(cookie)) throw endless();
  return answer;
}

async function tellsUsn(connection: LdapConnection, base: string): Promise<boolean> {
  const decoder = new EntryDecoder([]);
  let usn: string | undefined;
  await connection.search({ base, scope: 'base', filter: parseFilter('(objectClass=*)'), attributes: ['uSNChanged'], operation: 'search' }, (cursor) => {
    ({ usn } = decoder.decode(cursor));
  });
  return usn !== undefined;
}

/** A server that says there is more and does not move on would be asked for ever. */
const endless = (): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.changes-refused',
    message: 'The server says that there are more changes, and gives none.',
    next: 'Ask a domain controller directly and not through a proxy.',
  });
