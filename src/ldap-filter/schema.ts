/** The part of AD's and Exchange's schema that the sample directory knows. */

export type Syntax = 'text' | 'dn' | 'integer' | 'boolean' | 'octets' | 'sid' | 'time' | 'class';

/** An integer is 32 or 64 bits: they compare alike. */
const attributes: Readonly<Record<Syntax, string>> = {
  text: `cn name displayName givenName sn initials personalTitle generationQualifier title department departmentNumber
    description company division physicalDeliveryOfficeName street streetAddress l st postalCode postOfficeBox c co
    wWWHomePage url telephoneNumber mobile homePhone facsimileTelephoneNumber pager ipPhone otherTelephone otherMobile
    mail mailNickname proxyAddresses targetAddress textEncodedORAddress legacyExchangeDN sAMAccountName userPrincipalName
    employeeID employeeNumber employeeType info comment ou dc preferredLanguage servicePrincipalName dNSHostName
    dnsRoot nETBIOSName msExchHomeServerName msExchUserCulture msExchQueryFilter msExchDynamicDLFilter
    ${numbered('extensionAttribute', 15)} ${numbered('msDS-cloudExtensionAttribute', 20)}`,
  dn: `distinguishedName objectCategory manager directReports managedBy managedObjects member memberOf homeMDB
    showInAddressBook altRecipient altRecipientBL publicDelegates publicDelegatesBL msExchDelegateListLink
    msExchDelegateListBL msExchRBACPolicyLink msExchDynamicDLBaseDN lastKnownParent nCName trustParent`,
  integer: `userAccountControl groupType sAMAccountType primaryGroupID countryCode codePage instanceType adminCount
    badPwdCount systemFlags msExchRecipientDisplayType uSNChanged uSNCreated pwdLastSet accountExpires lockoutTime
    lastLogon lastLogonTimestamp badPasswordTime msExchRecipientTypeDetails msExchRemoteRecipientType msExchVersion`,
  boolean: `isDeleted isCriticalSystemObject showInAdvancedViewOnly deliverAndRedirect msExchHideFromAddressLists
    msExchRequireAuthToSendTo`,
  octets:
    'objectGUID parentGUID invocationId msExchMailboxGuid msExchArchiveGUID thumbnailPhoto jpegPhoto userCertificate',
  sid: 'objectSid sIDHistory msExchMasterAccountSid',
  time: 'whenCreated whenChanged',
  class: 'objectClass',
};

function numbered(name: string, last: number): string {
  return Array.from({ length: last }, (_, i) => `${name}${i + 1}`).join(' ');
}

export interface AttributeType {
  /** lDAPDisplayName: how the server writes it, however it was asked for. */
  readonly name: string;
  readonly syntax: Syntax;
}
const types = new Map<string, AttributeType>(
  (Object.entries(attributes) as [Syntax, string][]).flatMap(([syntax, names]) =>
    names.split(/\s+/).map((name) => [name.toLowerCase(), { name, syntax }] as const),
  ),
);

/** Forward links and what the server answers for the objects that they point to (MS-ADTS 3.1.1.1.6). */
const backLinks: Readonly<Record<string, string | undefined>> = {
  member: 'memberOf',
  manager: 'directReports',
  managedBy: 'managedObjects',
  altRecipient: 'altRecipientBL',
  publicDelegates: 'publicDelegatesBL',
  msExchDelegateListLink: 'msExchDelegateListBL',
  homeMDB: undefined,
  msExchRBACPolicyLink: undefined,
};
/** Back link → forward link. */
export const forwardLinkOf: ReadonlyMap<string, string> = new Map(
  Object.entries(backLinks).flatMap(([forward, back]): [string, string][] =>
    back === undefined ? [] : [[back, forward]],
  ),
);
/** Its values are tracked one by one, and vanish with the object that they point to. */
export const isForwardLink = (name: string): boolean => name in backLinks;

/** Values of these follow an object that is renamed or moved; other DNs of the sample point to what never moves. */
export const isReference = (name: string): boolean =>
  isForwardLink(name) || name === 'msExchDynamicDLBaseDN' || name === 'lastKnownParent';

/** Each domain controller's own: no change of these is replicated, nor reported by DirSync. */
const notReplicated = new Set([
  'distinguishedName',
  'whenChanged',
  'uSNChanged',
  'uSNCreated',
  'badPwdCount',
  'badPasswordTime',
  'lastLogon',
]);
export const isReplicated = (name: string): boolean => !notReplicated.has(name) && !forwardLinkOf.has(name);

/** What a tombstone keeps, of what the sample knows (MS-ADTS 3.1.1.5.5.6.1). */
export const keptByTombstone: ReadonlySet<string> = new Set([
  'dNSHostName',
  'groupType',
  'instanceType',
  'legacyExchangeDN',
  'nCName',
  'objectClass',
  'objectGUID',
  'objectSid',
  'sAMAccountName',
  'sIDHistory',
  'systemFlags',
  'userAccountControl',
  'uSNChanged',
  'uSNCreated',
  'whenChanged',
  'whenCreated',
]);

/** Undefined: no such attribute in the schema. Case does not matter. */
export const attributeType = (name: string): AttributeType | undefined => types.get(name.toLowerCase());

/** defaultObjectCategory by class: several classes share one (MS-ADTS 3.1.1.3.1.3.2: a filter may name the class). */
const categories: Readonly<Record<string, string>> = {
  user: 'Person',
  person: 'Person',
  contact: 'Person',
  inetorgperson: 'Person',
  organizationalperson: 'Person',
  computer: 'Computer',
  group: 'Group',
  organizationalunit: 'Organizational-Unit',
  container: 'Container',
  domaindns: 'Domain-DNS',
  configuration: 'Configuration',
  dmd: 'DMD',
  crossref: 'Cross-Ref',
  crossrefcontainer: 'Cross-Ref-Container',
  foreignsecurityprincipal: 'Foreign-Security-Principal',
  site: 'Site',
  server: 'Server',
  ntdsdsa: 'NTDS-DSA',
  msexchdynamicdistributionlist: 'ms-Exch-Dynamic-Distribution-List',
  publicfolder: 'Public-Folder',
};

/** `user` → `CN=Person,CN=Schema,CN=Configuration,DC=…`; undefined for a class that is not known. */
export const categoryDn = (className: string, rootDn: string): string | undefined => {
  const category = categories[className.toLowerCase()];
  return category === undefined ? undefined : `CN=${category},CN=Schema,CN=Configuration,${rootDn}`;
};
