/** The sample organisation as Active Directory with Exchange holds it. */
import { fileTime } from '../directory/accounts.ts';
import { escapeRdn } from '../../ldap-filter/dn.ts';
import { guidBytes } from '../../ldap-filter/guid.ts';
import {
  type AttributeValue,
  type Attributes,
  baseDnOf,
  type DirectoryModel,
  type DirectoryObject,
} from '../directory/model.ts';
import { generalizedTime } from '../directory/object-attributes.ts';
import { sidBytes } from '../../ldap-filter/sid.ts';
import type {
  Addresses,
  Contact,
  DynamicGroup,
  Group,
  MailUser,
  Organisation,
  Person,
  PublicFolder,
  Resource,
  ServiceAccount,
} from './model.ts';
import { offices } from './offices.ts';

/** userAccountControl, MS-ADTS 2.2.16. */
const normalAccount = 0x200;
const accountDisable = 0x2;
const passwordNeverExpires = 0x10000;
const passwordExpired = 0x800000;

/** groupType, MS-ADTS 2.2.12: universal, with or without the security bit; as a signed 32-bit number. */
const universal = 0x8;
const universalSecurity = universal - 0x8000_0000;

/** msExchRecipientTypeDetails and msExchRecipientDisplayType (Exchange's enumerations of these names). */
const recipientTypes = {
  person: ['1', '1073741824'],
  shared: ['4', '0'],
  room: ['16', '7'],
  equipment: ['32', '8'],
  contact: ['64', '6'],
  'mail-user': ['128', '6'],
  'distribution-group': ['256', '1'],
  'mail-security-group': ['1024', '1073741833'],
  'dynamic-group': ['2048', '3'],
  'public-folder': ['8192', '2'],
} as const;

const domainSid = 'S-1-5-21-2017312094-1186274518-3390114277';

/** The name that every installation of Exchange has. */
const administrativeGroup = 'Exchange Administrative Group (FYDIBOHF23SPDLT)';

const user = ['top', 'person', 'organizationalPerson', 'user'];
/** NT AUTHORITY\SELF: what Exchange writes as the master account of a mailbox that nobody logs on to. */
const self = sidBytes('S-1-5-10') ?? Buffer.alloc(0);

/** The model that `startSampleDirectory` serves. */
export const directoryModel = (organisation: Organisation): DirectoryModel => ({
  dnsName: organisation.dnsName,
  netbiosName: organisation.netbiosName,
  domainSid,
  objects: directoryObjects(organisation),
  passwords: Object.fromEntries(organisation.serviceAccounts.map(({ name, password }) => [name, password])),
  grants: Object.fromEntries(
    organisation.serviceAccounts.map(({ name, readsDeleted }) => [name, { readDeleted: readsDeleted }]),
  ),
});

/** The objects of the domain, containers first. The same for the same organisation. */
export function* directoryObjects(organisation: Organisation): Generator<DirectoryObject> {
  const writer = new DirectoryWriter(organisation);
  yield* writer.containers();
  for (const account of organisation.serviceAccounts) yield writer.account(account);
  for (const person of organisation.people) yield writer.person(person);
  for (const resource of organisation.resources) yield writer.resource(resource);
  for (const mailUser of organisation.mailUsers) yield writer.mailUser(mailUser);
  for (const contact of organisation.contacts) yield writer.contact(contact);
  for (const folder of organisation.publicFolders) yield writer.publicFolder(folder);
  for (const group of organisation.groups) yield writer.group(group);
  for (const group of organisation.dynamicGroups) yield writer.dynamicGroup(group);
}

class DirectoryWriter {
  readonly #base: string;
  readonly #configuration: string;
  readonly #organisation: Organisation;
  /** By id of the model; filled before anything is written, because links point forward. */
  readonly #dns = new Map<string, string>();
  readonly #exchange: string;
  /** The last one given out: Windows begins at 1000. */
  #rid = 1000;

  constructor(organisation: Organisation) {
    this.#organisation = organisation;
    this.#base = baseDnOf(organisation.dnsName);
    this.#configuration = `CN=Configuration,${this.#base}`;
    this.#exchange = `CN=${escapeRdn(organisation.name)},CN=Microsoft Exchange,CN=Services,${this.#configuration}`;
    this.#nameAll();
  }

  /** A name is used once in its container; the second Anna Weiß is `Anna Weiß 2`. */
  #nameAll(): void {
    const taken = new Set<string>();
    const name = (id: string, wish: string, container: string): void => {
      let dn = `CN=${escapeRdn(wish)},${container}`;
      for (let number = 2; taken.has(dn.toLowerCase()); number++)
        dn = `CN=${escapeRdn(`${wish} ${number}`)},${container}`;
      taken.add(dn.toLowerCase());
      this.#dns.set(id, dn);
    };
    const { people, resources, mailUsers, contacts, publicFolders, groups, dynamicGroups } = this.#organisation;
    for (const person of people)
      name(person.id, person.displayName, person.left ? this.#ou('Leavers') : this.#ou(person.office.ou, 'People'));
    for (const resource of resources) name(resource.id, resource.displayName, this.#ou('Resources'));
    for (const mailUser of mailUsers) name(mailUser.id, mailUser.displayName, this.#ou('Guests'));
    for (const contact of contacts) name(contact.id, contact.displayName, this.#ou('Contacts'));
    for (const folder of publicFolders) name(folder.id, folder.displayName, this.#systemObjects());
    for (const group of [...groups, ...dynamicGroups]) name(group.id, group.displayName, this.#ou('Groups'));
  }

  #ou(name: string, parent?: string): string {
    return `OU=${escapeRdn(name)},${parent === undefined ? '' : `OU=${parent},`}${this.#base}`;
  }

  #systemObjects(): string {
    return `CN=Microsoft Exchange System Objects,${this.#base}`;
  }

  #dn(id: string): string {
    const dn = this.#dns.get(id);
    if (dn === undefined) throw new Error(`nothing has the id ${id}`);
    return dn;
  }

  #sid(): Buffer {
    this.#rid += 1;
    return sidBytes(`${domainSid}-${this.#rid}`) ?? Buffer.alloc(0);
  }

  *containers(): Generator<DirectoryObject> {
    const unit = (dn: string): DirectoryObject => ({ dn, attributes: { objectClass: ['top', 'organizationalUnit'] } });
    for (const name of ['Service Accounts', 'People', 'Leavers', 'Guests', 'Resources', 'Contacts', 'Groups'])
      yield unit(this.#ou(name));
    for (const office of offices) yield unit(this.#ou(office.ou, 'People'));
    yield { dn: this.#systemObjects(), attributes: { objectClass: ['top', 'container'] } };
  }

  account({ name, guid, description, state }: ServiceAccount): DirectoryObject {
    const control =
      state === 'disabled' ? accountDisable : state === 'password-expired' ? passwordExpired : passwordNeverExpires;
    return {
      dn: `CN=${name},${this.#ou('Service Accounts')}`,
      attributes: {
        objectClass: user,
        objectGUID: bytesOf(guid),
        objectSid: this.#sid(),
        sAMAccountName: name,
        userPrincipalName: `${name}@${this.#organisation.dnsName}`,
        userAccountControl: String(normalAccount + control),
        description,
        pwdLastSet: state === 'must-change-password' ? '0' : String(fileTime(new Date('2026-01-05T08:00:00Z'))),
        accountExpires:
          state === 'expired' ? String(fileTime(new Date('2025-12-31T23:00:00Z'))) : '9223372036854775807',
        ...(state === 'locked' ? { lockoutTime: String(fileTime(new Date('2026-06-01T09:30:00Z'))) } : {}),
      },
    };
  }

  person(person: Person): DirectoryObject {
    const { office, department } = person;
    return {
      dn: this.#dn(person.id),
      attributes: {
        objectClass: user,
        ...this.#logon(person, person.left ? accountDisable : 0),
        givenName: person.given,
        sn: person.surname,
        title: person.title,
        department: department.name,
        departmentNumber: department.number,
        description: `${person.title}, ${office.city}`,
        company: this.#organisation.name,
        ...(person.manager === undefined ? {} : { manager: this.#dn(person.manager) }),
        telephoneNumber: person.phone,
        ...(person.mobile === undefined ? {} : { mobile: person.mobile }),
        physicalDeliveryOfficeName: office.city,
        street: office.street,
        streetAddress: office.street,
        l: office.city,
        postalCode: office.postalCode,
        c: office.country,
        countryCode: String(office.countryNumber),
        wWWHomePage: `https://people.${this.#organisation.mailDomains[0]}/${person.alias}`,
        employeeNumber: String(person.employeeNumber),
        extensionAttribute4: `cost centre ${department.number}`,
        extensionAttribute15: office.ou,
        ...this.#mail(person),
        ...this.#mailbox(person, office.language),
        ...(person.left ? { msExchHideFromAddressLists: 'TRUE' } : {}),
      },
    };
  }

  resource(resource: Resource): DirectoryObject {
    return {
      dn: this.#dn(resource.id),
      attributes: {
        objectClass: user,
        ...this.#logon(resource, accountDisable),
        physicalDeliveryOfficeName: resource.office.city,
        ...(resource.department === undefined ? {} : { department: resource.department.name }),
        ...this.#mail(resource),
        ...this.#mailbox(resource, resource.office.language),
        msExchMasterAccountSid: self,
        ...(resource.delegates.length === 0
          ? {}
          : { msExchDelegateListLink: resource.delegates.map((id) => this.#dn(id)) }),
      },
    };
  }

  mailUser(mailUser: MailUser): DirectoryObject {
    const attributes = { objectClass: user, ...this.#logon(mailUser, 0), ...this.#outsider(mailUser) };
    return { dn: this.#dn(mailUser.id), attributes };
  }

  contact(contact: Contact): DirectoryObject {
    const attributes = {
      objectClass: ['top', 'person', 'organizationalPerson', 'contact'],
      objectGUID: bytesOf(contact.guid),
      whenCreated: generalizedTime(contact.createdAt),
      ...this.#outsider(contact),
    };
    return { dn: this.#dn(contact.id), attributes };
  }

  publicFolder(folder: PublicFolder): DirectoryObject {
    const attributes = {
      objectClass: ['top', 'publicFolder'],
      objectGUID: bytesOf(folder.guid),
      whenCreated: generalizedTime(folder.createdAt),
      ...this.#mail(folder),
    };
    return { dn: this.#dn(folder.id), attributes };
  }

  group(group: Group): DirectoryObject {
    const { kind, addresses } = group;
    return {
      dn: this.#dn(group.id),
      attributes: {
        objectClass: ['top', 'group'],
        objectGUID: bytesOf(group.guid),
        objectSid: this.#sid(),
        whenCreated: generalizedTime(group.createdAt),
        sAMAccountName: accountName(group.alias),
        displayName: group.displayName,
        groupType: String(kind === 'distribution-group' ? universal : universalSecurity),
        ...(group.members.length === 0 ? {} : { member: group.members.map((id) => this.#dn(id)) }),
        ...(group.owner === undefined ? {} : { managedBy: this.#dn(group.owner) }),
        ...(addresses === undefined || kind === 'security-group' ? {} : this.#mail({ ...group, kind, addresses })),
      },
    };
  }

  dynamicGroup(group: DynamicGroup): DirectoryObject {
    return {
      dn: this.#dn(group.id),
      attributes: {
        objectClass: ['top', 'msExchDynamicDistributionList'],
        objectGUID: bytesOf(group.guid),
        whenCreated: generalizedTime(group.createdAt),
        ...this.#mail(group),
        msExchQueryFilter: group.opath,
        msExchDynamicDLFilter: group.ldap,
        msExchDynamicDLBaseDN: this.#base,
      },
    };
  }

  #logon({ guid, alias, createdAt }: Person | Resource | MailUser, control: number): Attributes {
    return {
      objectGUID: bytesOf(guid),
      objectSid: this.#sid(),
      whenCreated: generalizedTime(createdAt),
      sAMAccountName: accountName(alias),
      userPrincipalName: `${alias}@${this.#organisation.mailDomains[0]}`,
      userAccountControl: String(normalAccount | control),
    };
  }

  #outsider(outsider: MailUser | Contact): Attributes {
    return {
      givenName: outsider.given,
      sn: outsider.surname,
      company: outsider.company,
      targetAddress: `SMTP:${outsider.target}`,
      ...this.#mail(outsider),
    };
  }

  #mail(recipient: {
    kind: keyof typeof recipientTypes;
    id: string;
    displayName: string;
    alias: string;
    addresses: Addresses;
  }): Attributes {
    const { kind, displayName, alias, addresses } = recipient;
    const [details, display] = recipientTypes[kind];
    return {
      displayName,
      mail: addresses.primary,
      mailNickname: alias,
      proxyAddresses: proxyAddresses(addresses),
      legacyExchangeDN: `/o=${this.#organisation.name}/ou=${administrativeGroup}/cn=Recipients/cn=${alias}`,
      showInAddressBook: [
        `CN=Default Global Address List,CN=All Global Address Lists,CN=Address Lists Container,${this.#exchange}`,
      ],
      msExchRecipientTypeDetails: details,
      msExchRecipientDisplayType: display,
    };
  }

  #mailbox({ mailboxGuid }: Person | Resource, language: string): Attributes {
    return {
      msExchMailboxGuid: bytesOf(mailboxGuid),
      homeMDB: `CN=Mailbox Database 1,CN=Databases,CN=${administrativeGroup},CN=Administrative Groups,${this.#exchange}`,
      msExchHomeServerName: `/o=${this.#organisation.name}/ou=${administrativeGroup}/cn=Configuration/cn=Servers/cn=MAIL1`,
      msExchUserCulture: language,
      msExchRBACPolicyLink: `CN=Default Role Assignment Policy,CN=Policies,CN=RBAC,${this.#exchange}`,
    };
  }
}

/** Upper case marks the primary address (Exchange). */
const proxyAddresses = ({ primary, aliases, x500, sip }: Addresses): AttributeValue[] => [
  `SMTP:${primary}`,
  ...aliases.map((address) => `smtp:${address}`),
  ...x500.map((name) => `X500:${name}`),
  ...(sip === undefined ? [] : [`sip:${sip}`]),
];

/** Twenty characters at most (SAM), so a long one is cut and marked by a digest of the whole. */
function accountName(alias: string): string {
  if (alias.length <= 20) return alias;
  let hash = 0;
  for (const character of alias) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return `${alias.slice(0, 14)}${hash.toString(36).slice(-6)}`;
}

const bytesOf = (guid: string): Buffer => guidBytes(guid) ?? Buffer.alloc(0);
