/** The lab's domain as every test finds it. Small, and with one of everything. */
import { createHash } from 'node:crypto';
import { baseDn, dnsName, mailDomain, password } from './domain.ts';
import type { LoadEntry, LoadValue } from './entry.ts';

const people = `OU=People,${baseDn}`;
const groups = `OU=Groups,${baseDn}`;
const contacts = `OU=Contacts,${baseDn}`;
const resources = `OU=Resources,${baseDn}`;
const service = `OU=Service,${baseDn}`;
const folders = `CN=Microsoft Exchange System Objects,${baseDn}`;

const normal = '512';
const disabled = '514';
const globalSecurityGroup = '-2147483646';
const universalDistributionGroup = '8';

/** The same GUID for the same name, in every run. */
const guid = (name: string): Buffer => createHash('sha256').update(name).digest().subarray(0, 16);

/** 100 ns since 1601 (MS-ADTS "LargeInteger" times). */
const fileTime = (date: Date): string => String((BigInt(date.getTime()) + 11_644_473_600_000n) * 10_000n);

const mailbox = (alias: string, type: string, displayType: string): Record<string, LoadValue[]> => ({
  mail: [`${alias}@${mailDomain}`],
  mailNickname: [alias],
  proxyAddresses: [
    `SMTP:${alias}@${mailDomain}`,
    `smtp:${alias}.alias@${mailDomain}`,
    `X500:/o=Old/ou=Exchange/cn=Recipients/cn=${alias}`,
    `sip:${alias}@${mailDomain}`,
  ],
  legacyExchangeDN: [`/o=Lockstep Lab/ou=Exchange/cn=Recipients/cn=${alias}`],
  msExchMailboxGuid: [guid(`mailbox ${alias}`)],
  msExchRecipientTypeDetails: [type],
  msExchRecipientDisplayType: [displayType],
});

interface Person {
  readonly given: string;
  readonly surname: string;
  readonly title: string;
  readonly manager?: string;
  readonly control?: string;
}
const staff: Readonly<Record<string, Person>> = {
  alice: { given: 'Alice', surname: 'Archer', title: 'Managing Director' },
  bob: { given: 'Bob', surname: 'Baker', title: 'Head of Engineering', manager: 'Alice Archer' },
  carol: { given: 'Carol', surname: 'Clarke', title: 'Engineer', manager: 'Bob Baker' },
  dave: { given: 'Dave', surname: 'Dunn', title: 'Engineer', manager: 'Bob Baker' },
  erin: { given: 'Erin', surname: 'Ellis', title: 'Accountant', manager: 'Alice Archer' },
  juergen: { given: 'Jürgen', surname: 'Größmann', title: 'Engineer', manager: 'Bob Baker' },
  zofia: { given: 'Zofia', surname: 'Żółkiewska', title: 'Accountant', manager: 'Erin Ellis' },
  haruka: { given: '遥', surname: '佐藤', title: 'Designer', manager: 'Alice Archer' },
  frank: { given: 'Frank', surname: 'Former', title: 'Engineer', manager: 'Bob Baker', control: disabled },
};
const dnOf = (name: string): string => `CN=${name},${people}`;

const person = ([alias, { given, surname, title, manager, control }]: [string, Person]): LoadEntry => ({
  dn: dnOf(`${given} ${surname}`),
  attributes: {
    objectClass: ['user'],
    sAMAccountName: [alias],
    userPrincipalName: [`${alias}@${dnsName}`],
    userAccountControl: [control ?? normal],
    givenName: [given],
    sn: [surname],
    displayName: [`${given} ${surname}`],
    title: [title],
    department: [title === 'Engineer' ? 'Engineering' : 'Office'],
    company: ['Lockstep Lab'],
    telephoneNumber: ['+49 30 5550100'],
    ...mailbox(alias, '1', '1073741824'),
  },
  ...(manager === undefined ? {} : { links: { manager: [dnOf(manager)] } }),
});

const resource = (alias: string, name: string, type: string, displayType: string): LoadEntry => ({
  dn: `CN=${name},${resources}`,
  attributes: {
    objectClass: ['user'],
    sAMAccountName: [alias],
    // Mailboxes that nobody logs on to belong to disabled accounts. They are no leavers.
    userAccountControl: [disabled],
    displayName: [name],
    ...mailbox(alias, type, displayType),
  },
});

const group = (name: string, type: string, members: readonly string[], mail?: string): LoadEntry => ({
  dn: `CN=${name},${groups}`,
  attributes: {
    objectClass: ['group'],
    sAMAccountName: [name],
    displayName: [name],
    groupType: [type],
    ...(mail === undefined
      ? {}
      : {
          mail: [`${mail}@${mailDomain}`],
          mailNickname: [mail],
          proxyAddresses: [`SMTP:${mail}@${mailDomain}`],
          msExchRecipientDisplayType: [type === universalDistributionGroup ? '1' : '1073741833'],
        }),
  },
  ...(members.length === 0 ? {} : { links: { member: members } }),
});

const account = (name: string, attributes: Record<string, string[]> = {}): LoadEntry => ({
  dn: `CN=${name},${service}`,
  attributes: {
    objectClass: ['user'],
    sAMAccountName: [name],
    userPrincipalName: [`${name}@${dnsName}`],
    userAccountControl: [normal],
    ...attributes,
  },
  password,
});

const contact: LoadEntry = {
  dn: `CN=Zoe Extern,${contacts}`,
  attributes: {
    objectClass: ['contact'],
    displayName: ['Zoe Extern'],
    givenName: ['Zoe'],
    sn: ['Extern'],
    mail: ['zoe@partner.test'],
    mailNickname: ['zoe'],
    targetAddress: ['SMTP:zoe@partner.test'],
    proxyAddresses: ['SMTP:zoe@partner.test'],
    msExchRecipientTypeDetails: ['64'],
    msExchRecipientDisplayType: ['6'],
  },
};
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
  ...[people, groups, contacts, resources, service].map((dn) => ({
    dn,
    attributes: { objectClass: ['organizationalUnit'] },
  })),
  { dn: folders, attributes: { objectClass: ['container'] } },
  account('svc-sync'),
  account('svc-read'),
  account('svc-disabled', { userAccountControl: [disabled] }),
  account('svc-locked', { lockoutTime: [fileTime(now)] }),
  account('svc-expired', { accountExpires: [fileTime(new Date('2020-01-01T00:00:00Z'))] }),
  account('svc-must-change', { pwdLastSet: ['0'] }),
  ...Object.entries(staff).map(person),
  mailUser,
  contact,
  resource('sales', 'Sales', '4', '0'),
  resource('room-1', 'Room 1', '16', '7'),
  resource('beamer', 'Beamer', '32', '8'),
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
