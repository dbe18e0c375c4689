import { LockstepError } from '../shared/errors.ts';
import { EntryDecoder, type DecodedEntry } from './entry-decoder.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { endpointText } from './ldap-errors.ts';
import { parseFilter } from './ldap-filter.ts';

/** LDAP_CAP_ACTIVE_DIRECTORY_OID (MS-ADTS §3.1.1.3.4.3.1). */
const ACTIVE_DIRECTORY = '1.2.840.113556.1.4.800';

export interface RootDse {
  readonly defaultNamingContext: string;
  readonly configurationNamingContext: string;
  readonly dnsHostName: string;
  /** DN of the controller's own settings object; empty when it does not say. */
  readonly dsServiceName: string;
  /** 64-bit, decimal text; 0 when it does not say. */
  readonly highestCommittedUsn: string;
}

const attributes = ['supportedCapabilities', 'defaultNamingContext', 'configurationNamingContext', 'dnsHostName', 'dsServiceName', 'highestCommittedUSN'];
const anything = parseFilter('(objectClass=*)');

/**
 * What the server says of itself (MS-ADTS §3.1.1.3.2).
 *
 * @throws LockstepError ConfigInvalid `directory.not-active-directory`
 */
export async function readRootDse(connection: LdapConnection): Promise<RootDse> {
  const entry = await readObject(connection, '', attributes);
  const one = (name: string): string => entry?.attributes[name]?.[0] ?? '';
  if (!(entry?.attributes['supportedCapabilities'] ?? []).includes(ACTIVE_DIRECTORY)) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'directory.not-active-directory',
      message: `${endpointText(connection.endpoint)} is an LDAP server, but not a domain controller of Active Directory.`,
      next: 'Give the host of a domain controller.',
    });
  }
  return {
    defaultNamingContext: one('defaultNamingContext'),
    configurationNamingContext: one('configurationNamingContext'),
    dnsHostName: one('dnsHostName'),
    dsServiceName: one('dsServiceName'),
    highestCommittedUsn: /^\d{1,20}$/.test(one('highestCommittedUSN')) ? one('highestCommittedUSN') : '0',
  };
}

/** Tells a restored controller from the same one (MS-ADTS §3.1.1.1.4). Null when the account may not see it. */
export async function readInvocationId(connection: LdapConnection, { dsServiceName }: RootDse): Promise<string | null> {
  if (dsServiceName === '') return null;
  const settings = await readObject(connection, dsServiceName, ['invocationId']).catch(optional);
  return settings?.attributes['invocationId']?.[0] ?? null;
}

/** That the account may not see the settings object is no reason to stop; a lost connection is. */
function optional(error: unknown): undefined {
  if (error instanceof LockstepError && error.class === 'ConfigInvalid') return undefined;
  throw error;
}

async function readObject(connection: LdapConnection, base: string, names: readonly string[]): Promise<DecodedEntry | undefined> {
  const decoder = new EntryDecoder(names);
  let found: DecodedEntry | undefined;
  await connection.search({ base, scope: 'base', filter: anything, attributes: names, operation: 'rootdse' }, (cursor) => {
    found = decoder.decode(cursor);
  });
  return found;
}
