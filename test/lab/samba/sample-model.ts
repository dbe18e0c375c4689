/** The lab's seeds as models of the sample directory: the same data in both. */
import type { Grants } from '../../../src/sample/directory/grants.ts';
import type { DirectoryModel, DirectoryObject } from '../../../src/sample/directory/model.ts';
import type { Domain } from './domain.ts';
import type { LoadEntry } from './entry.ts';
import { sid } from './entry-writer.ts';

const superclasses: Readonly<Record<string, readonly string[]>> = {
  user: ['top', 'person', 'organizationalPerson', 'user'],
  contact: ['top', 'person', 'organizationalPerson', 'contact'],
};
/** With its superclasses, as a domain controller adds them. */
export const fullClass = (name: string): readonly string[] => superclasses[name] ?? ['top', name];

/** As `svc-sync` and `svc-read` have them on the lab's domain controllers. */
const grants: Readonly<Record<string, Grants>> = { 'svc-sync': { getChanges: true, readDeleted: true } };

/** `foreign`: how a member is named that is of another domain, by its SID. */
export function sampleModel(
  domain: Domain,
  entries: readonly LoadEntry[],
  foreign: (sid: string) => string = (text) => foreignDn(domain, text),
): DirectoryModel {
  const foreignSids = new Set<string>();
  const member = (value: string): string => {
    const text = /^<SID=(.+)>$/.exec(value)?.[1];
    if (text === undefined) return value;
    const dn = foreign(text);
    if (dn === foreignDn(domain, text)) foreignSids.add(text);
    return dn;
  };
  const objects = entries.map(({ dn, attributes, links = {} }): DirectoryObject => {
    const linked = Object.fromEntries(Object.entries(links).map(([name, values]) => [name, values.map(member)]));
    return {
      dn,
      attributes: { ...attributes, ...linked, objectClass: fullClass(String(attributes['objectClass']?.[0])) },
    };
  });
  const principals = [...foreignSids].map((text) => ({
    dn: foreignDn(domain, text),
    attributes: { objectClass: fullClass('foreignSecurityPrincipal'), objectSid: sid(text) },
  }));
  const passwords = entries.flatMap(({ attributes, password }): [string, string][] =>
    password === undefined ? [] : [[String(attributes['sAMAccountName']?.[0]), password]],
  );
  return {
    dnsName: domain.dnsName,
    netbiosName: domain.netbiosName,
    domainSid: domain.domainSid,
    objects: [...objects, ...principals],
    passwords: Object.fromEntries(passwords),
    grants,
  };
}

const foreignDn = (domain: Domain, text: string): string => `CN=${text},CN=ForeignSecurityPrincipals,${domain.baseDn}`;
