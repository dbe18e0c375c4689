/** What an object is: its kind by class, its recipient type by what Exchange says. */
import type { DirectoryEntry, DirectoryObjectKind, RecipientType } from '../shared/directory.ts';

/** Most particular class first: a computer is a user too, a user an organizationalPerson. */
const classes: readonly (readonly [objectClass: string, kind: DirectoryObjectKind])[] = [
  ['msexchdynamicdistributionlist', 'dynamic-group'],
  ['publicfolder', 'public-folder'],
  ['group', 'group'],
  ['contact', 'contact'],
  ['user', 'user'],
  ['inetorgperson', 'user'],
  ['foreignsecurityprincipal', 'foreign-principal'],
  ['organizationalunit', 'container'],
  ['domaindns', 'container'],
  ['builtindomain', 'container'],
  ['container', 'container'],
];

/** Undefined when it is nothing that Lockstep keeps. */
export function kindOf(attributes: DirectoryEntry['attributes']): DirectoryObjectKind | undefined {
  const present = new Set(attributes['objectClass']?.map((name) => name.toLowerCase()));
  return classes.find(([objectClass]) => present.has(objectClass))?.[1];
}

/**
 * msExchRecipientTypeDetails, one bit each, up to 2^43: compared as text, because a JavaScript number is not exact
 * there. https://learn.microsoft.com/en-us/previous-versions/office/exchange-server-api/ff344739(v=exchg.150)
 */
const recipientTypesByDetails: ReadonlyMap<string, RecipientType> = new Map([
  ['1', 'user-mailbox'],
  ['2', 'linked-mailbox'],
  ['4', 'shared-mailbox'],
  ['8', 'user-mailbox'], // legacy: not yet upgraded
  ['16', 'room-mailbox'],
  ['32', 'equipment-mailbox'],
  ['64', 'mail-contact'],
  ['128', 'mail-user'],
  ['256', 'distribution-group'],
  ['512', 'distribution-group'], // not universal
  ['1024', 'security-group'],
  ['2048', 'dynamic-distribution-group'],
  ['4096', 'public-folder'],
  ['2147483648', 'remote-user-mailbox'],
  ['8589934592', 'remote-room-mailbox'],
  ['17179869184', 'remote-equipment-mailbox'],
  ['34359738368', 'remote-shared-mailbox'],
]);

/** GROUP_TYPE_SECURITY_ENABLED, bit 31: https://learn.microsoft.com/en-us/windows/win32/adschema/a-grouptype */
const SECURITY_GROUP = 0x8000_0000n;

/**
 * The recipient type, and whether the values that decide it could be read. An object that Exchange never touched has no
 * msExchRecipientTypeDetails: then its kind and its other attributes decide.
 */
export function recipientTypeOf(
  attributes: DirectoryEntry['attributes'],
  kind: DirectoryObjectKind,
): { readonly type: RecipientType; readonly unreadable: readonly string[] } {
  const unreadable: string[] = [];
  const integer = (name: string): bigint | undefined => {
    const text = attributes[name]?.[0];
    if (text === undefined) return undefined;
    if (/^-?\d{1,19}$/.test(text)) return BigInt(text);
    unreadable.push(name);
    return undefined;
  };
  const details = integer('msExchRecipientTypeDetails');
  if (details !== undefined && details !== 0n) {
    return { type: recipientTypesByDetails.get(details.toString()) ?? 'other', unreadable };
  }
  return { type: byKind(), unreadable };

  function byKind(): RecipientType {
    switch (kind) {
      case 'user':
        if (attributes['homeMDB'] !== undefined || attributes['msExchMailboxGuid'] !== undefined) return 'user-mailbox';
        return attributes['targetAddress'] === undefined ? 'other' : 'mail-user';
      case 'contact':
        return 'mail-contact';
      case 'group':
        return BigInt.asUintN(32, integer('groupType') ?? 0n) & SECURITY_GROUP
          ? 'security-group'
          : 'distribution-group';
      case 'dynamic-group':
        return 'dynamic-distribution-group';
      case 'public-folder':
        return 'public-folder';
      case 'container':
      case 'foreign-principal':
        return 'other';
    }
  }
}

/** Mailboxes that belong to no person. */
const mailboxesOfNobody: ReadonlySet<RecipientType> = new Set([
  'shared-mailbox',
  'room-mailbox',
  'equipment-mailbox',
  'remote-shared-mailbox',
  'remote-room-mailbox',
  'remote-equipment-mailbox',
]);
export const isNobodysAccount = (type: RecipientType): boolean => mailboxesOfNobody.has(type);

/** Mailboxes whose account Exchange itself disables: for them a disabled account says nothing about anybody. */
export const isDisabledByDesign = (type: RecipientType): boolean => type === 'linked-mailbox' || isNobodysAccount(type);
