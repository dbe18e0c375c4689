import { baseDnOf, type DirectoryModel, type DirectoryObject } from './model.ts';
import { guidFrom } from '../../ldap-filter/guid.ts';

/** Names of the one domain controller that a sample directory is. */
export interface DomainController {
  readonly baseDn: string;
  readonly configurationDn: string;
  readonly schemaDn: string;
  readonly hostName: string;
  readonly serverDn: string;
  /** Its NTDS Settings object: `dsServiceName`. */
  readonly serviceDn: string;
}

export function domainController(model: Pick<DirectoryModel, 'dnsName'>): DomainController {
  const baseDn = baseDnOf(model.dnsName);
  const configurationDn = `CN=Configuration,${baseDn}`;
  const serverDn = `CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,${configurationDn}`;
  return {
    baseDn,
    configurationDn,
    schemaDn: `CN=Schema,${configurationDn}`,
    hostName: `dc1.${model.dnsName}`,
    serverDn,
    serviceDn: `CN=NTDS Settings,${serverDn}`,
  };
}

/** The objects without which a domain is none: the heads of its naming contexts and the domain controller. */
export function* infrastructure(model: DirectoryModel): Generator<DirectoryObject> {
  const { baseDn, configurationDn, hostName, serverDn, serviceDn } = domainController(model);
  const object = (dn: string, objectClass: string[], more: DirectoryObject['attributes'] = {}): DirectoryObject => ({
    dn,
    attributes: { objectClass: ['top', ...objectClass], ...more },
  });
  yield object(baseDn, ['domain', 'domainDNS'], { dc: model.dnsName.split('.')[0] ?? '' });
  yield object(configurationDn, ['configuration']);
  yield object(`CN=Sites,${configurationDn}`, ['sitesContainer']);
  yield object(`CN=Default-First-Site-Name,CN=Sites,${configurationDn}`, ['site']);
  yield object(`CN=Servers,CN=Default-First-Site-Name,CN=Sites,${configurationDn}`, ['serversContainer']);
  yield object(serverDn, ['server'], { dNSHostName: hostName });
  yield object(serviceDn, ['applicationSettings', 'nTDSDSA'], {
    invocationId: guidFrom(`invocation ${model.dnsName}`),
  });
}
