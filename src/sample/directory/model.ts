import type { Forest } from './forest.ts';
import type { Grants } from './grants.ts';

/** Text, or bytes where the syntax is not text (objectGUID, SIDs). */
export type AttributeValue = string | Buffer;
/** By lDAPDisplayName. A single value needs no list: a large directory has millions of them. */
export type Attributes = Readonly<Record<string, AttributeValue | readonly AttributeValue[]>>;

export interface DirectoryObject {
  readonly dn: string;
  /**
   * `objectClass` with its superclasses. The server adds `distinguishedName`, back links (`memberOf`, `directReports`
   * …), `parentGUID`, `instanceType`, `uSNCreated` and `uSNChanged`; `objectGUID`, `whenCreated` and `whenChanged` too
   * where absent.
   */
  readonly attributes: Attributes;
}

/** What a sample directory serves: one domain. */
export interface DirectoryModel {
  /** Of the domain: `corp.example.test`. The base DN follows from it. */
  readonly dnsName: string;
  readonly netbiosName: string;
  /** Given, it is that of the domain, and accounts and groups that have no SID get one of it. */
  readonly domainSid?: string;
  /** Read once, at start. Parents need not come first, nor be there. */
  readonly objects: Iterable<DirectoryObject>;
  /** By sAMAccountName: accounts that can bind. Their state is in their attributes, as in AD. */
  readonly passwords: Readonly<Record<string, string>>;
  /** By sAMAccountName. Without: an ordinary user. */
  readonly grants?: Readonly<Record<string, Grants>>;
  /** The domains that belong together, this one among them. Default: this one alone. */
  readonly forest?: Forest;
}

/** `corp.example.test` → `DC=corp,DC=example,DC=test`. */
export const baseDnOf = (dnsName: string): string =>
  dnsName
    .split('.')
    .map((label) => `DC=${label}`)
    .join(',');
