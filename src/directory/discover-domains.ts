import type { DirectoryDomain } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { EntryDecoder } from './entry-decoder.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { parseFilter } from './ldap-filter.ts';
import type { RootDse } from './root-dse.ts';

/** FLAG_CR_NTDS_NC and FLAG_CR_NTDS_DOMAIN (MS-ADTS §2.2.20): naming contexts that are domains. */
const domains = parseFilter('(&(objectClass=crossRef)(systemFlags:1.2.840.113556.1.4.803:=3))');
const attributes = ['nCName', 'dnsRoot', 'nETBIOSName', 'trustParent'];

/**
 * The domains of the forest, as every controller of it knows them (crossRef objects, MS-ADTS §6.1.1.2.1.1). None when the account
 * may not read them: they are offered, not needed.
 */
export async function discoverDomains(connection: LdapConnection, { configurationNamingContext, defaultNamingContext }: RootDse): Promise<readonly DirectoryDomain[]> {
  if (configurationNamingContext === '') return [];
  const decoder = new EntryDecoder(attributes);
  const found: { readonly crossRef: string; readonly domain: Omit<DirectoryDomain, 'parentDn'>; readonly parent: string | undefined }[] = [];
  try {
    await connection.search(
      { base: `CN=Partitions,${configurationNamingContext}`, scope: 'one', filter: domains, attributes: ['objectGUID', ...attributes], operation: 'search' },
      (cursor) => {
        const { dn: crossRef, attributes: values } = decoder.decode(cursor);
        const dn = values['nCName']?.[0];
        const dnsName = values['dnsRoot']?.[0];
        if (dn === undefined || dnsName === undefined) return;
        const own = same(dn, defaultNamingContext);
        found.push({ crossRef, domain: { dn, dnsName, netbiosName: values['nETBIOSName']?.[0] ?? null, own }, parent: values['trustParent']?.[0] });
      },
    );
  } catch (error) {
    if (error instanceof LockstepError && error.class === 'ConfigInvalid') return [];
    throw error;
  }
  const parentOf = (crossRef: string | undefined) => found.find((other) => crossRef !== undefined && same(other.crossRef, crossRef))?.domain.dn ?? null;
  return found.map(({ domain, parent }) => ({ ...domain, parentDn: parentOf(parent) })).sort((a, b) => (a.dnsName < b.dnsName ? -1 : 1));
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
