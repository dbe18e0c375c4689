import { LockstepError } from '../shared/errors.ts';
import { EntryDecoder } from './entry-decoder.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { parseFilter } from './ldap-filter.ts';

/** The container of a naming context's tombstones (MS-ADTS §6.1.1.4.2). */
export const deletedObjects = (namingContext: string): string => `CN=Deleted Objects,${namingContext}`;

/**
 * Whether the account may look into the container of deleted objects: without that right, deletions are not told to it by any
 * means. Only administrators may by default. Windows hides the container, Samba shows it without any attribute.
 */
export async function mayReadDeletedObjects(connection: LdapConnection, namingContext: string): Promise<boolean> {
  const decoder = new EntryDecoder(['isDeleted']);
  let visible = false;
  try {
    await connection.search(
      { base: deletedObjects(namingContext), scope: 'base', filter: parseFilter('(objectClass=*)'), attributes: ['isDeleted'], showDeleted: true, operation: 'search' },
      (cursor) => {
        visible = decoder.decode(cursor).attributes['isDeleted']?.[0] === 'TRUE';
      },
    );
  } catch (error) {
    if (error instanceof LockstepError && error.class === 'ConfigInvalid') return false;
    throw error;
  }
  return visible;
}
