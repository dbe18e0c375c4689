/** The part of AD's and Exchange's schema that the sample directory knows. */

export type Syntax = 'text' | 'dn' | 'integer' | 'boolean' | 'octets' | 'sid' | 'time' | 'class';

/** An integer is 32 or 64 bits: they compare alike. */
const attributes: Readonly<Record<Syntax, string>> = {
  text: `cn name displayName givenName sn initials personalTitle generationQualifier title department departmentNumber
    description company division physicalDeliveryOfficeName street streetAddress l st postalCode postOfficeBox c co
    wWWHomePage url telephoneNumber mobile homePhone facsimileTelephoneNumber pager ipPhone otherTelephone otherMobile
    mail mailNickname proxyAddresses targetAddress textEncodedORAddress legacyExchangeDN sAMAccountName userPrincipalName
    employeeID employeeNumber employeeType info comment ou dc preferredLanguage servicePrincipalName dNSHostName
    msExchHomeServerName msExchUserCulture msExchQueryFilter msExchDynamicDLFilter
    ${numbered('extensionAttribute', 15)} ${numbered('msDS-cloudExtensionAttribute', 20)}`,
  dn: `distinguishedName objectCategory manager directReports managedBy managedObjects member memberOf homeMDB
    showInAddressBook altRecipient altRecipientBL publicDelegates publicDelegatesBL msExchDelegateListLink
    msExchDelegateListBL msExchRBACPolicyLink msExchDynamicDLBaseDN`,
  integer: `userAccountControl groupType sAMAccountType primaryGroupID countryCode codePage instanceType adminCount
    badPwdCount systemFlags msExchRecipientDisplayType uSNChanged uSNCreated pwdLastSet accountExpires lockoutTime
    lastLogon lastLogonTimestamp badPasswordTime msExchRecipientTypeDetails msExchRemoteRecipientType msExchVersion`,
  boolean: `isDeleted isCriticalSystemObject showInAdvancedViewOnly deliverAndRedirect msExchHideFromAddressLists
    msExchRequireAuthToSendTo`,
  octets: 'objectGUID invocationId msExchMailboxGuid msExchArchiveGUID thumbnailPhoto jpegPhoto userCertificate',
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
