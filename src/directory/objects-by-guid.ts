import { type DecodedEntry, EntryDecoder } from './entry-decoder.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { parseFilter } from './ldap-filter.ts';
import { guidAssertion } from './object-guid.ts';

/** So many at once: each is a look-up in the index of objectGUID, and one page of an answer (MaxPageSize 1,000) holds them all. */
export const OBJECTS_AT_ONCE = 100;

/**
 * The objects of these GUIDs as they are now, tombstones too, by GUID; at most OBJECTS_AT_ONCE. Those that the account may not
 * read are missing.
 *
 * @param attributes what is asked for beside objectGUID, uSNChanged and isDeleted
 */
export async function readByGuid(connection: LdapConnection, base: string, guids: readonly string[], attributes: readonly string[]): Promise<ReadonlyMap<string, DecodedEntry>> {
  const found = new Map<string, DecodedEntry>();
  if (guids.length === 0) return found;
  const decoder = new EntryDecoder([...attributes, 'isDeleted']);
  const filter = parseFilter(`(|${guids.map((guid) => `(objectGUID=${guidAssertion(guid)})`).join('')})`);
  await connection.search(
    { base, scope: 'sub', filter, attributes: ['objectGUID', 'uSNChanged', 'isDeleted', ...attributes], showDeleted: true, operation: 'search' },
    (cursor) => {
      const entry = decoder.decode(cursor);
      if (entry.guid !== null) found.set(entry.guid, entry);
    },
  );
  return found;
}

export const isDeleted = ({ attributes }: DecodedEntry): boolean => attributes['isDeleted']?.[0] === 'TRUE';
