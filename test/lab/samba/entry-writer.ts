/** What the lab's domains are made of. */
import { createHash } from 'node:crypto';
import { sidBytes } from '../../../src/ldap-filter/sid.ts';
import { type Domain, password } from './domain.ts';
import type { LoadEntry, LoadValue } from './entry.ts';

/** userAccountControl (MS-ADTS 2.2.16): a normal account, and one that is disabled. */
export const normal = '512';
export const disabled = '514';

/** groupType (MS-ADTS 2.2.12). */
export const globalSecurityGroup = '-2147483646';
export const universalSecurityGroup = '-2147483640';
export const universalDistributionGroup = '8';
/** The only scope that takes members of other forests. */
export const domainLocalSecurityGroup = '-2147483644';

/** msExchRecipientTypeDetails and msExchRecipientDisplayType. */
export const recipientTypes = {
  user: ['1', '1073741824'],
  linked: ['2', '1073741824'],
  shared: ['4', '0'],
  room: ['16', '7'],
  equipment: ['32', '8'],
} as const;
export type MailboxType = keyof typeof recipientTypes;

/** NT AUTHORITY\SELF: what Exchange writes as the master account of a mailbox that nobody logs on to. */
export const self = 'S-1-5-10';

type Attributes = Readonly<Record<string, readonly LoadValue[]>>;

export interface PersonOptions {
  readonly given: string;
  readonly surname: string;
  readonly title: string;
  /** DN. */
  readonly manager?: string;
  readonly control?: string;
  /** Without: an account that has no mailbox. */
  readonly mailbox?: MailboxType;
  readonly more?: Attributes;
}

export const sid = (text: string): Buffer => {
  const bytes = sidBytes(text);
  if (bytes === undefined) throw new Error(`not a SID: ${text}`);
  return bytes;
};

/** The same GUID for the same name, in every run. */
const guid = (name: string): Buffer => createHash('sha256').update(name).digest().subarray(0, 16);

/** Entries of one domain. */
export class EntryWriter {
  readonly domain: Domain;

  constructor(domain: Domain) {
    this.domain = domain;
  }

  ou(name: string): string {
    return `OU=${name},${this.domain.baseDn}`;
  }

  /** Predictable for those who got one: Samba hands out RIDs from 1103 on, these lie far above. */
  sid(rid: number): string {
    return `${this.domain.domainSid}-${rid}`;
  }

  unit(dn: string): LoadEntry {
    return { dn, attributes: { objectClass: ['organizationalUnit'] } };
  }

  /** `rid`: when others have to name the account by its SID. */
  person(
    alias: string,
    container: string,
    { given, surname, title, manager, control = normal, mailbox, more = {} }: PersonOptions,
    rid?: number,
  ): LoadEntry {
    return {
      dn: `CN=${given} ${surname},${container}`,
      attributes: {
        objectClass: ['user'],
        ...(rid === undefined ? {} : { objectSid: [sid(this.sid(rid))] }),
        sAMAccountName: [alias],
        userPrincipalName: [`${alias}@${this.domain.dnsName}`],
        userAccountControl: [control],
        givenName: [given],
        sn: [surname],
        displayName: [`${given} ${surname}`],
        title: [title],
        department: [title === 'Engineer' ? 'Engineering' : 'Office'],
        company: ['Lockstep Lab'],
        telephoneNumber: ['+49 30 5550100'],
        ...(mailbox === undefined ? {} : this.mailbox(alias, mailbox)),
        ...more,
      },
      ...(manager === undefined ? {} : { links: { manager: [manager] } }),
    };
  }

  /** Mailboxes that nobody logs on to belong to disabled accounts. They are no leavers. */
  resource(alias: string, name: string, container: string, type: MailboxType, more: Attributes = {}): LoadEntry {
    return {
      dn: `CN=${name},${container}`,
      attributes: {
        objectClass: ['user'],
        sAMAccountName: [alias],
        userAccountControl: [disabled],
        displayName: [name],
        ...this.mailbox(alias, type),
        ...more,
      },
    };
  }

  mailbox(alias: string, type: MailboxType): Record<string, LoadValue[]> {
    const { mailDomain } = this.domain;
    const [details, display] = recipientTypes[type];
    return {
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
      msExchRecipientTypeDetails: [details],
      msExchRecipientDisplayType: [display],
    };
  }

  group(name: string, container: string, type: string, members: readonly string[], mail?: string): LoadEntry {
    return {
      dn: `CN=${name},${container}`,
      attributes: {
        objectClass: ['group'],
        sAMAccountName: [name],
        displayName: [name],
        groupType: [type],
        ...(mail === undefined
          ? {}
          : {
              mail: [`${mail}@${this.domain.mailDomain}`],
              mailNickname: [mail],
              proxyAddresses: [`SMTP:${mail}@${this.domain.mailDomain}`],
              msExchRecipientDisplayType: [type === universalDistributionGroup ? '1' : '1073741833'],
            }),
      },
      ...(members.length === 0 ? {} : { links: { member: members } }),
    };
  }

  /** An account that can bind. */
  account(name: string, container: string, attributes: Attributes = {}): LoadEntry {
    return {
      dn: `CN=${name},${container}`,
      attributes: {
        objectClass: ['user'],
        sAMAccountName: [name],
        userPrincipalName: [`${name}@${this.domain.dnsName}`],
        userAccountControl: [normal],
        ...attributes,
      },
      password,
    };
  }

  contact(alias: string, given: string, surname: string, container: string): LoadEntry {
    return {
      dn: `CN=${given} ${surname},${container}`,
      attributes: {
        objectClass: ['contact'],
        displayName: [`${given} ${surname}`],
        givenName: [given],
        sn: [surname],
        mail: [`${alias}@partner.test`],
        mailNickname: [alias],
        targetAddress: [`SMTP:${alias}@partner.test`],
        proxyAddresses: [`SMTP:${alias}@partner.test`],
        msExchRecipientTypeDetails: ['64'],
        msExchRecipientDisplayType: ['6'],
      },
    };
  }
}

/**
 * An account of another forest as a member of a group. The domain controller makes the foreignSecurityPrincipal object
 * that stands for it; to add one oneself is refused.
 */
export const foreignMember = (foreignSid: string): string => `<SID=${foreignSid}>`;
