import type { AttributeValue } from './model.ts';
import { generalizedTime } from './object-attributes.ts';
import { pagedResultsOid } from './paged-results.ts';
import type { ResponseEntry } from './response.ts';
import { supportedControls } from './search-controls.ts';
import type { DirectoryStore } from './store.ts';

export const startTlsOid = '1.3.6.1.4.1.1466.20037';

/** LDAP_CAP_ACTIVE_DIRECTORY, …_V51, …_V60, …_V61_R2, …_W8 (MS-ADTS 3.1.1.3.4.3): what tells AD from other servers. */
const capabilities = ['800', '1670', '1935', '2080', '2237'].map((number) => `1.2.840.113556.1.4.${number}`);

/** The attributes by which clients find their way (MS-ADTS 3.1.1.3.2). All are operational only for other servers. */
export function rootDse(store: DirectoryStore, dnsName: string): ResponseEntry {
  const { baseDn, rootDn, configurationDn, schemaDn, hostName, serverDn, serviceDn } = store.controller;
  return entry({
    namingContexts: [baseDn, configurationDn, schemaDn],
    defaultNamingContext: [baseDn],
    rootDomainNamingContext: [rootDn],
    configurationNamingContext: [configurationDn],
    schemaNamingContext: [schemaDn],
    subschemaSubentry: [`CN=Aggregate,${schemaDn}`],
    dnsHostName: [hostName],
    serverName: [serverDn],
    dsServiceName: [serviceDn],
    ldapServiceName: [`${dnsName}:dc1$@${dnsName.toUpperCase()}`],
    supportedLDAPVersion: ['3', '2'],
    supportedControl: supportedControls,
    supportedExtension: [startTlsOid],
    supportedCapabilities: capabilities,
    highestCommittedUSN: [String(store.highestCommittedUsn)],
    domainFunctionality: ['7'],
    forestFunctionality: ['7'],
    domainControllerFunctionality: ['7'],
    isSynchronized: ['TRUE'],
    isGlobalCatalogReady: ['TRUE'],
    currentTime: [generalizedTime(new Date())],
  });
}

/** What another LDAP server says of itself. */
export const foreignRootDse = (store: DirectoryStore): ResponseEntry =>
  entry({
    objectClass: ['top', 'rootDSE'],
    namingContexts: [store.controller.baseDn],
    supportedLDAPVersion: ['3'],
    supportedControl: [pagedResultsOid],
    supportedExtension: [startTlsOid],
    vendorName: ['Another directory'],
  });

/** Only what was asked for; everything when nothing or `*` was. */
export function selectRootDse(dse: ResponseEntry, asked: readonly string[]): ResponseEntry {
  if (asked.length === 0 || asked.includes('*') || asked.includes('+')) return dse;
  const names = new Set(asked.map((name) => name.toLowerCase()));
  return { dn: '', attributes: dse.attributes.filter(({ name }) => names.has(name.toLowerCase())) };
}

const entry = (attributes: Readonly<Record<string, readonly AttributeValue[]>>): ResponseEntry => ({
  dn: '',
  attributes: Object.entries(attributes).map(([name, values]) => ({ name, values })),
});
