import { sql } from 'kysely';
import type { DirectoryObjectQuery } from '../shared/directory.ts';
import type { DirectoryObjectId, IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { dnKey } from './directory-dn.ts';
import { isStorable } from './directory-text.ts';
import { InvalidInputError } from './record-errors.ts';

export interface StoredObject {
  readonly guid: string;
  readonly dn: string;
  readonly display_name: string;
}

/**
 * The query in the form in which it is looked for.
 * @throws InvalidInputError
 */
export function objectQuery({ by, value }: DirectoryObjectQuery): DirectoryObjectQuery {
  const text = value.trim();
  switch (by) {
    case 'guid': {
      if (!guidPattern.test(text)) throw invalid('is no objectGUID; write 01234567-89ab-cdef-0123-456789abcdef');
      return { by, value: text.replace(/[{}]/g, '').toLowerCase() };
    }
    case 'dn':
      if (dnKey(text) === undefined) throw invalid('is no distinguished name; write CN=Ann Example,OU=Staff,DC=corp,DC=example');
      return { by, value: text };
    case 'address':
      if (!isStorable(text) || !/^[^\s@]+@[^\s@]+$/.test(text)) throw invalid('is no e-mail address');
      return { by, value: text };
  }
}

const guidPattern = /^\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?$/i;
const invalid = (message: string): InvalidInputError => new InvalidInputError([{ path: '/value', message }]);

/** The object that the archive has of an integration under an objectGUID, a name or an address; of several the one that is there. */
export async function findStoredObject(tx: OrganisationTransaction, integration: IntegrationId, { by, value }: DirectoryObjectQuery): Promise<StoredObject | undefined> {
  const found = tx
    .selectFrom('directory_object')
    .select(['guid', 'dn', 'display_name'])
    .where('integration_id', '=', integration)
    .orderBy('in_source', 'desc')
    .orderBy('listed', 'desc')
    .orderBy('id')
    .limit(1);
  switch (by) {
    case 'guid':
      return found.where('guid', '=', value.toLowerCase()).executeTakeFirst();
    case 'dn': {
      const key = dnKey(value);
      return key === undefined ? undefined : found.where('dn_key', '=', key).executeTakeFirst();
    }
    case 'address': {
      const claims = await tx.selectFrom('directory_address').select('object_id').where('address', '=', value.trim().toLowerCase()).execute();
      if (claims.length === 0) return undefined;
      return found.where('id', '=', (eb) => eb.fn.any(sql<DirectoryObjectId[]>`${claims.map(({ object_id }) => object_id)}::bigint[]`)).executeTakeFirst();
    }
  }
}
