/**
 * The attributes that every reading asks for: the list of MSE (reference: "Attributes", product specification §2.3), what identity and
 * recipient type are decided by, and what dynamic groups ask for.
 */
const identity = [
  'objectClass', 'objectCategory', 'parentGUID', 'objectSid', 'sIDHistory', 'sAMAccountName', 'userPrincipalName', 'userAccountControl', 'primaryGroupID',
  'groupType', 'whenCreated', 'mail', 'proxyAddresses', 'targetAddress', 'mailNickname', 'legacyExchangeDN',
] as const;

const exchange = [
  'homeMDB', 'showInAddressBook', 'msExchHomeServerName', 'msExchUserCulture', 'msExchRBACPolicyLink',
  'msExchRecipientTypeDetails', 'msExchRecipientDisplayType', 'msExchRemoteRecipientType', 'msExchMailboxGuid',
  'msExchArchiveGUID', 'msExchMasterAccountSid', 'msExchHideFromAddressLists',
] as const;

const person = [
  'cn', 'name', 'displayName', 'givenName', 'sn', 'title', 'department', 'departmentNumber', 'description', 'company',
  'manager', 'telephoneNumber', 'physicalDeliveryOfficeName', 'street', 'streetAddress', 'l', 'c', 'countryCode',
  'postalCode', 'wWWHomePage', 'extensionAttribute4', 'extensionAttribute15',
] as const;

/** What dynamic groups say, and what Exchange's own dialogue lets their filters ask for beyond the above. */
const dynamicGroup = [
  'msExchDynamicDLFilter', 'msExchDynamicDLBaseDN', 'st', 'extensionAttribute1', 'extensionAttribute2', 'extensionAttribute3',
  'extensionAttribute5', 'extensionAttribute6', 'extensionAttribute7', 'extensionAttribute8', 'extensionAttribute9', 'extensionAttribute10',
  'extensionAttribute11', 'extensionAttribute12', 'extensionAttribute13', 'extensionAttribute14',
] as const;

export const standardAttributes: readonly string[] = [...identity, ...exchange, ...person, ...dynamicGroup];
