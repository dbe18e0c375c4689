/** The lab's single domain as every test finds it. Small, and with one of everything. */
import { corp, password } from './domain.ts';
import type { LoadEntry } from './entry.ts';
import {
  disabled,
  EntryWriter,
  globalSecurityGroup,
  normal,
  type PersonOptions,
  universalDistributionGroup,
} from './entry-writer.ts';

const writer = new EntryWriter(corp);
const { baseDn, mailDomain } = corp;
const people = writer.ou('People');
const groups = writer.ou('Groups');
const contacts = writer.ou('Contacts');
const resources = writer.ou('Resources');
const service = writer.ou('Service');
const folders = `CN=Microsoft Exchange System Objects,${baseDn}`;

/** 100 ns since 1601 (MS-ADTS "LargeInteger" times). */
const fileTime = (date: Date): string => String((BigInt(date.getTime()) + 11_644_473_600_000n) * 10_000n);

const dnOf = (name: string): string => `CN=${name},${people}`;
const staff: Readonly<Record<string, PersonOptions>> = {
  alice: { given: 'Alice', surname: 'Archer', title: 'Managing Director' },
  bob: { given: 'Bob', surname: 'Baker', title: 'Head of Engineering', manager: dnOf('Alice Archer') },
  carol: { given: 'Carol', surname: 'Clarke', title: 'Engineer', manager: dnOf('Bob Baker') },
  dave: { given: 'Dave', surname: 'Dunn', title: 'Engineer', manager: dnOf('Bob Baker') },
  erin: { given: 'Erin', surname: 'Ellis', title: 'Accountant', manager: dnOf('Alice Archer') },
  juergen: { given: 'Jürgen', surname: 'Größmann', title: 'Engineer', manager: dnOf('Bob Baker') },
  zofia: { given: 'Zofia', surname: 'Żółkiewska', title: 'Accountant', manager: dnOf('Erin Ellis') },
  haruka: { given: '遥', surname: '佐藤', title: 'Designer', manager: dnOf('Alice Archer') },
  frank: {
    given: 'Frank',
    surname: 'Former',
    title: 'Engineer',
    manager: dnOf('Bob Baker'),
    control: disabled,
  },
};

const group = (name: string, type: string, members: readonly string[], mail?: string): LoadEntry =>
  writer.group(name, groups, type, members, mail);
const contact = writer.contact('zoe', 'Zoe', 'Extern', contacts);
const mailUser: LoadEntry = {
  dn: dnOf('Yann Mailuser'),
  attributes: {
    objectClass: ['user'],
    sAMAccountName: ['yann'],
    userAccountControl: [normal],
    displayName: ['Yann Mailuser'],
    mail: ['yann@partner.test'],
    mailNickname: ['yann'],
    targetAddress: ['SMTP:yann@partner.test'],
    proxyAddresses: ['SMTP:yann@partner.test', `smtp:yann@${mailDomain}`],
    msExchRecipientTypeDetails: ['128'],
    msExchRecipientDisplayType: ['6'],
  },
  password,
};
const dynamicGroup: LoadEntry = {
  dn: `CN=Everyone in Engineering,${groups}`,
  attributes: {
    objectClass: ['msExchDynamicDistributionList'],
    displayName: ['Everyone in Engineering'],
    mail: [`everyone.engineering@${mailDomain}`],
    mailNickname: ['everyone.engineering'],
    proxyAddresses: [`SMTP:everyone.engineering@${mailDomain}`],
    msExchQueryFilter: [`(Department -eq 'Engineering')`],
    msExchDynamicDLFilter: ['(&(department=Engineering)(mailNickname=*))'],
    msExchDynamicDLBaseDN: [baseDn],
    msExchRecipientTypeDetails: ['2048'],
    msExchRecipientDisplayType: ['3'],
  },
};
const publicFolder: LoadEntry = {
  dn: `CN=Notices 4711,${folders}`,
  attributes: {
    objectClass: ['publicFolder'],
    displayName: ['Notices'],
    mail: [`notices@${mailDomain}`],
    mailNickname: ['notices'],
    proxyAddresses: [`SMTP:notices@${mailDomain}`],
    msExchRecipientDisplayType: ['2'],
  },
};

/** `now`: a lock ends after half an hour, so it has to begin when the domain is made. */
export const seed = (now: Date): LoadEntry[] => [
  ...[people, groups, contacts, resources, service].map((dn) => writer.unit(dn)),
  { dn: folders, attributes: { objectClass: ['container'] } },
  writer.account('svc-sync', service),
  writer.account('svc-read', service),
  writer.account('svc-disabled', service, { userAccountControl: [disabled] }),
  writer.account('svc-locked', service, { lockoutTime: [fileTime(now)] }),
  writer.account('svc-expired', service, { accountExpires: [fileTime(new Date('2020-01-01T00:00:00Z'))] }),
  writer.account('svc-must-change', service, { pwdLastSet: ['0'] }),
  ...Object.entries(staff).map(([alias, person]) => writer.person(alias, people, { ...person, mailbox: 'user' })),
  mailUser,
  contact,
  writer.resource('sales', 'Sales', resources, 'shared'),
  writer.resource('room-1', 'Room 1', resources, 'room'),
  writer.resource('beamer', 'Beamer', resources, 'equipment'),
  group(
    'Engineering',
    globalSecurityGroup,
    [dnOf('Bob Baker'), dnOf('Carol Clarke'), dnOf('Dave Dunn'), dnOf('Jürgen Größmann')],
    'engineering',
  ),
  group(
    'All Staff',
    universalDistributionGroup,
    [`CN=Engineering,${groups}`, dnOf('Alice Archer'), dnOf('Erin Ellis'), contact.dn],
    'all.staff',
  ),
  group('Everybody', universalDistributionGroup, [`CN=All Staff,${groups}`], 'everybody'),
  // A cycle of three, one of them with a person.
  group('Ring A', universalDistributionGroup, [`CN=Ring B,${groups}`, dnOf('Carol Clarke')], 'ring.a'),
  group('Ring B', universalDistributionGroup, [`CN=Ring C,${groups}`], 'ring.b'),
  group('Ring C', universalDistributionGroup, [`CN=Ring A,${groups}`], 'ring.c'),
  group('No Mail', globalSecurityGroup, [dnOf('Dave Dunn')]),
  group('Nobody', globalSecurityGroup, [], 'nobody'),
  dynamicGroup,
  publicFolder,
];
