/**
 * The sample organisation: who is there and what belongs to whom, free of any protocol. The sample directory is made of
 * it, and the sample Exchange servers will be. Ids are names of things in this model; GUIDs are canonical text.
 */
import type { Department } from './departments.ts';
import type { Office } from './offices.ts';

export interface Addresses {
  readonly primary: string;
  readonly aliases: readonly string[];
  /** The legacyExchangeDN of a former mailbox: replies to old mail go there. */
  readonly x500: readonly string[];
  readonly sip?: string;
}

/** Who can be a member of a group. */
interface Recipient {
  readonly id: string;
  readonly guid: string;
  readonly displayName: string;
  readonly alias: string;
  readonly addresses: Addresses;
  readonly createdAt: Date;
}

export interface Person extends Recipient {
  readonly kind: 'person';
  readonly given: string;
  readonly surname: string;
  readonly title: string;
  readonly department: Department;
  readonly office: Office;
  /** Id; undefined at the top. */
  readonly manager: string | undefined;
  readonly phone: string;
  readonly mobile: string | undefined;
  readonly employeeNumber: number;
  /** Left the company: the account is disabled, the mailbox kept. */
  readonly left: boolean;
  readonly mailboxGuid: string;
}

export interface Resource extends Recipient {
  readonly kind: 'shared' | 'room' | 'equipment';
  readonly office: Office;
  readonly department: Department | undefined;
  /** People of a room. */
  readonly capacity: number | undefined;
  readonly mailboxGuid: string;
  /** Ids of people with full access. */
  readonly delegates: readonly string[];
}

/** Somebody outside with an account of ours and mail elsewhere. */
export interface MailUser extends Recipient {
  readonly kind: 'mail-user';
  readonly given: string;
  readonly surname: string;
  readonly target: string;
  readonly company: string;
}

/** Somebody outside whom the address book knows. */
export interface Contact extends Recipient {
  readonly kind: 'contact';
  readonly given: string;
  readonly surname: string;
  readonly target: string;
  readonly company: string;
}

export interface PublicFolder extends Recipient {
  readonly kind: 'public-folder';
}

export interface Group {
  readonly kind: 'distribution-group' | 'mail-security-group' | 'security-group';
  readonly id: string;
  readonly guid: string;
  readonly displayName: string;
  readonly alias: string;
  /** Not of a plain security group. */
  readonly addresses: Addresses | undefined;
  /** Ids of recipients and groups. */
  readonly members: readonly string[];
  readonly owner: string | undefined;
  readonly createdAt: Date;
}

export interface DynamicGroup extends Recipient {
  readonly kind: 'dynamic-group';
  /** What an Exchange administrator wrote. */
  readonly opath: string;
  /** What Exchange made of it. */
  readonly ldap: string;
}

export interface ServiceAccount {
  readonly name: string;
  readonly guid: string;
  readonly description: string;
  readonly state: 'active' | 'disabled' | 'locked' | 'expired' | 'password-expired' | 'must-change-password';
  readonly password: string;
  /** Learns of deletions: an administrator let it read deleted objects. */
  readonly readsDeleted: boolean;
}

export interface Organisation {
  readonly seed: string;
  readonly name: string;
  /** AD domain. */
  readonly dnsName: string;
  readonly netbiosName: string;
  /** The first is the main one. */
  readonly mailDomains: readonly string[];
  readonly people: readonly Person[];
  readonly resources: readonly Resource[];
  readonly mailUsers: readonly MailUser[];
  readonly contacts: readonly Contact[];
  readonly publicFolders: readonly PublicFolder[];
  readonly groups: readonly Group[];
  readonly dynamicGroups: readonly DynamicGroup[];
  readonly serviceAccounts: readonly ServiceAccount[];
}
