import { escapeRdn } from '../../ldap-filter/dn.ts';
import { type Forest, type ForestDomain, parentDomain } from './forest.ts';
import { guidFrom } from '../../ldap-filter/guid.ts';
import { baseDnOf, type DirectoryModel, type DirectoryObject } from './model.ts';
import { sidBytes } from '../../ldap-filter/sid.ts';

/** Names of the one domain controller that a sample directory is. */
export interface DomainController {
  readonly baseDn: string;
  /** Of the forest's root domain. */
  readonly rootDn: string;
  readonly configurationDn: string;
  readonly schemaDn: string;
  readonly hostName: string;
  readonly serverDn: string;
  /** Its NTDS Settings object: `dsServiceName`. */
  readonly serviceDn: string;
}

export const forestOf = ({ dnsName, netbiosName, forest }: Omit<DirectoryModel, 'objects' | 'passwords'>): Forest =>
  forest ?? { domains: [{ dnsName, netbiosName }] };

export const domainController = (model: Omit<DirectoryModel, 'objects' | 'passwords'>): DomainController =>
  controllerOf(forestOf(model), model);

/** Each domain has one, `DC1` and so on. */
function controllerOf(forest: Forest, { dnsName }: Pick<ForestDomain, 'dnsName'>): DomainController {
  const number = 1 + forest.domains.findIndex((domain) => domain.dnsName === dnsName);
  const [root] = forest.domains;
  if (number === 0 || root === undefined) throw new Error(`${dnsName} is no domain of its forest`);
  const rootDn = baseDnOf(root.dnsName);
  const configurationDn = `CN=Configuration,${rootDn}`;
  const serverDn = `CN=DC${number},CN=Servers,CN=Default-First-Site-Name,CN=Sites,${configurationDn}`;
  return {
    baseDn: baseDnOf(dnsName),
    rootDn,
    configurationDn,
    schemaDn: `CN=Schema,${configurationDn}`,
    hostName: `dc${number}.${dnsName}`,
    serverDn,
    serviceDn: `CN=NTDS Settings,${serverDn}`,
  };
}

/** instanceType (MS-ADA1) of the head of a naming context: IT_NC_HEAD and IT_WRITE, for some IT_NC_ABOVE. */
const head = '5';
const headBelowAnother = '13';

/** systemFlags of a crossRef (MS-ADTS 2.2.10): FLAG_CR_NTDS_NC, _NTDS_DOMAIN, _NTDS_NOT_GC_REPLICATED. */
const partition = 0x1;
const domainPartition = 0x2;
const notInGlobalCatalog = 0x4;

/** Where deleted objects of a naming context go. */
export const deletedObjectsDn = (contextDn: string): string => `CN=Deleted Objects,${contextDn}`;

const object = (dn: string, objectClass: string[], more: DirectoryObject['attributes'] = {}): DirectoryObject => ({
  dn,
  attributes: { objectClass: ['top', ...objectClass], ...more },
});

/**
 * The objects without which a domain is none: the heads of its naming contexts with their containers for deleted
 * objects, the domains of its forest, the domain controllers.
 */
export function* infrastructure(model: DirectoryModel): Generator<DirectoryObject> {
  const { baseDn, configurationDn, schemaDn } = domainController(model);
  const forest = forestOf(model);
  const deletedObjects = (contextDn: string) =>
    object(deletedObjectsDn(contextDn), ['container'], { isDeleted: 'TRUE' });
  const domainSid = sidBytes(model.domainSid ?? '');
  yield object(baseDn, ['domain', 'domainDNS'], {
    instanceType: head,
    ...(domainSid === undefined ? {} : { objectSid: domainSid }),
  });
  yield deletedObjects(baseDn);
  yield object(`CN=ForeignSecurityPrincipals,${baseDn}`, ['container']);
  yield object(configurationDn, ['configuration'], { instanceType: headBelowAnother });
  yield deletedObjects(configurationDn);
  yield object(schemaDn, ['dMD'], { instanceType: headBelowAnother });
  yield* partitions(forest, configurationDn, schemaDn);
  yield object(`CN=Sites,${configurationDn}`, ['sitesContainer']);
  yield object(`CN=Default-First-Site-Name,CN=Sites,${configurationDn}`, ['site']);
  yield object(`CN=Servers,CN=Default-First-Site-Name,CN=Sites,${configurationDn}`, ['serversContainer']);
  for (const domain of forest.domains) {
    const { serverDn, serviceDn, hostName } = controllerOf(forest, domain);
    yield object(serverDn, ['server'], { dNSHostName: hostName });
    yield object(serviceDn, ['applicationSettings', 'nTDSDSA'], {
      invocationId: guidFrom(`invocation ${domain.dnsName}`),
    });
  }
}

/** A crossRef for each naming context of the forest (MS-ADTS 6.1.1.2.1.1). */
function* partitions(forest: Forest, configurationDn: string, schemaDn: string): Generator<DirectoryObject> {
  const container = `CN=Partitions,${configurationDn}`;
  const root = forest.domains[0]?.dnsName ?? '';
  const crossRef = (name: string, nCName: string, dnsRoot: string, flags: number, more = {}) =>
    object(`CN=${escapeRdn(name)},${container}`, ['crossRef'], {
      nCName,
      dnsRoot,
      systemFlags: String(flags),
      ...more,
    });
  yield object(container, ['crossRefContainer']);
  yield crossRef('Enterprise Configuration', configurationDn, root, partition);
  yield crossRef('Enterprise Schema', schemaDn, root, partition);
  const zone = (name: string, dnsName: string) =>
    crossRef(
      `${name} ${dnsName}`,
      `DC=${name},${baseDnOf(dnsName)}`,
      `${name}.${dnsName}`,
      partition | notInGlobalCatalog,
    );
  yield zone('ForestDnsZones', root);
  for (const domain of forest.domains) {
    const { dnsName, netbiosName } = domain;
    const parent = parentDomain(forest, domain);
    yield crossRef(netbiosName, baseDnOf(dnsName), dnsName, partition | domainPartition, {
      nETBIOSName: netbiosName,
      ...(parent === undefined ? {} : { trustParent: `CN=${parent.netbiosName},${container}` }),
    });
    yield zone('DomainDnsZones', dnsName);
  }
}
