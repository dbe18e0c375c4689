/**
 * A parent and a child domain, as far as Samba 4.17 can play them: `samba-tool domain join … SUBDOMAIN` is gone, so
 * these are two forests, of which the parent's configuration has a crossRef that names the child.
 * What is different on Windows, where the two are one forest:
 * - One configuration and schema for both, with the crossRefs of both; here each has its own, and the child's does not
 *   know the parent.
 * - A group's member of the other domain is its DN; here it is a foreign security principal. (The sample directory's
 *   forest has DNs.)
 * - A base in the child is answered with a referral, and a subtree search at the parent's root with a reference to the
 *   child; Samba says noSuchObject and nothing. The sample directory does as Windows.
 * - The global catalog holds both domains; here each its own.
 */
import { corp, emea } from './domain.ts';
import type { LoadEntry } from './entry.ts';
import {
  disabled,
  domainLocalSecurityGroup,
  EntryWriter,
  foreignMember,
  globalSecurityGroup,
  universalDistributionGroup,
} from './entry-writer.ts';

const parent = new EntryWriter(corp);
const child = new EntryWriter(emea);
const people = 'People';
const groups = 'Groups';

/** RIDs of those whom the other domain names. */
const rids = { bob: 5002, gwen: 5001, hugo: 5002 };

const units = (writer: EntryWriter): LoadEntry[] =>
  [people, groups, 'Service'].map((name) => writer.unit(writer.ou(name)));
const service = (writer: EntryWriter): LoadEntry[] =>
  ['svc-sync', 'svc-read'].map((name) => writer.account(name, writer.ou('Service')));

/** FLAG_CR_NTDS_NC and FLAG_CR_NTDS_DOMAIN (MS-ADTS 2.2.10): a domain of this forest. */
const domainOfForest = '3';

/**
 * The child as a domain of the forest, as every domain controller's configuration has it (MS-ADTS 6.1.1.2.1.1). Loaded
 * after all else: with it, Samba 4.17 makes no foreign security principals any more (operations error). Tests that need
 * new ones make them in the child.
 */
export const childCrossRef = (): LoadEntry[] => [crossRef];
const crossRef: LoadEntry = {
  dn: `CN=${emea.netbiosName},CN=Partitions,CN=Configuration,${corp.baseDn}`,
  attributes: {
    objectClass: ['crossRef'],
    nCName: [emea.baseDn],
    dnsRoot: [emea.dnsName],
    nETBIOSName: [emea.netbiosName],
    systemFlags: [domainOfForest],
    trustParent: [`CN=${corp.netbiosName},CN=Partitions,CN=Configuration,${corp.baseDn}`],
  },
};

export const parentSeed = (): LoadEntry[] => {
  const container = parent.ou(people);
  const alice = `CN=Alice Archer,${container}`;
  return [
    ...units(parent),
    ...service(parent),
    parent.person('alice', container, { given: 'Alice', surname: 'Archer', title: 'Director', mailbox: 'user' }),
    parent.person(
      'bob',
      container,
      { given: 'Bob', surname: 'Baker', title: 'Engineer', manager: alice, mailbox: 'user' },
      rids.bob,
    ),
    parent.person('carol', container, {
      given: 'Carol',
      surname: 'Clarke',
      title: 'Engineer',
      manager: alice,
      mailbox: 'user',
    }),
    parent.group(
      'Engineering',
      parent.ou(groups),
      globalSecurityGroup,
      [`CN=Bob Baker,${container}`, `CN=Carol Clarke,${container}`],
      'engineering',
    ),
    parent.group(
      'Joint Project',
      parent.ou(groups),
      domainLocalSecurityGroup,
      [`CN=Engineering,${parent.ou(groups)}`, foreignMember(child.sid(rids.gwen)), foreignMember(child.sid(rids.hugo))],
      'joint.project',
    ),
  ];
};

export const childSeed = (): LoadEntry[] => {
  const container = child.ou(people);
  const gwen = `CN=Gwen Green,${container}`;
  return [
    ...units(child),
    ...service(child),
    child.person(
      'gwen',
      container,
      { given: 'Gwen', surname: 'Green', title: 'Head of EMEA', mailbox: 'user' },
      rids.gwen,
    ),
    child.person(
      'hugo',
      container,
      { given: 'Hugo', surname: 'Hall', title: 'Engineer', manager: gwen, mailbox: 'user' },
      rids.hugo,
    ),
    child.person('ines', container, {
      given: 'Ines',
      surname: 'Ito',
      title: 'Engineer',
      manager: gwen,
      mailbox: 'user',
      control: disabled,
    }),
    child.group(
      'EMEA Staff',
      child.ou(groups),
      universalDistributionGroup,
      [gwen, `CN=Hugo Hall,${container}`, `CN=Ines Ito,${container}`],
      'staff',
    ),
    child.group(
      'EMEA and Bob',
      child.ou(groups),
      domainLocalSecurityGroup,
      [`CN=EMEA Staff,${child.ou(groups)}`, foreignMember(parent.sid(rids.bob))],
      'emea.and.bob',
    ),
  ];
};
