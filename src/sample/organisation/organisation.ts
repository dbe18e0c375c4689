import { company } from './company.ts';
import { makeDynamicGroups, makeGroups } from './groups.ts';
import { Identities } from './identity.ts';
import type { Organisation } from './model.ts';
import { makePeople } from './people.ts';
import { Random } from './random.ts';
import { makeContacts, makeMailUsers, makePublicFolders, makeResources } from './recipients.ts';
import { makeServiceAccounts } from './service-accounts.ts';

export interface SampleOptions {
  /** The same seed and size give the same organisation. Default `lockstep`. */
  readonly seed?: string;
  /** Those who have left included. At least 20; default 300. Everything else grows with it. */
  readonly people?: number;
}

/** Makes the sample organisation. */
export function sampleOrganisation({ seed = 'lockstep', people: count = 300 }: SampleOptions = {}): Organisation {
  if (!Number.isInteger(count) || count < 20) throw new RangeError('the sample organisation has at least 20 people');
  const random = new Random(seed);
  const identities = new Identities(seed);
  const people = makePeople(count, random, identities);
  const contacts = makeContacts(count, random, identities);
  return {
    seed,
    name: company.name,
    dnsName: company.dnsName,
    netbiosName: company.netbiosName,
    mailDomains: company.mailDomains,
    people,
    resources: makeResources(people, random, identities),
    mailUsers: makeMailUsers(count, random, identities),
    contacts,
    publicFolders: makePublicFolders(random, identities),
    groups: makeGroups(people, contacts, random, identities),
    dynamicGroups: makeDynamicGroups(random, identities),
    serviceAccounts: makeServiceAccounts(identities),
  };
}
