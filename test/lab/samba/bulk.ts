import { corp } from './domain.ts';
import type { LoadEntry } from './entry.ts';

const { baseDn, dnsName, mailDomain } = corp;

export interface Bulk {
  readonly people: number;
  /** Each with twenty members. Default: one for twenty people. */
  readonly groups?: number;
  /** One group with everybody in it. Default true. */
  readonly everybody?: boolean;
}
const groupSize = 20;
export const bulkOu = `OU=Bulk,${baseDn}`;
const padded = (number: number): string => String(number).padStart(6, '0');
const personDn = (number: number): string => `CN=Person ${padded(number)},${bulkOu}`;

/** Many people and groups, by number: the same in every run. No passwords: hashing takes longer than all else. */
export function* bulk({
  people,
  groups = Math.ceil(people / groupSize),
  everybody = true,
}: Bulk): Generator<LoadEntry> {
  yield { dn: bulkOu, attributes: { objectClass: ['organizationalUnit'] } };
  for (let number = 0; number < people; number++) yield person(number);
  for (let number = 0; number < groups; number++) {
    const members = Array.from({ length: Math.min(groupSize, people) }, (_, i) =>
      personDn((number * groupSize + i) % people),
    );
    yield group(`Team ${padded(number)}`, `team${padded(number)}`, members);
  }
  if (everybody)
    yield group(
      'Bulk Everybody',
      'bulk.everybody',
      Array.from({ length: people }, (_, number) => personDn(number)),
    );
}

function person(number: number): LoadEntry {
  const alias = `p${padded(number)}`;
  return {
    dn: personDn(number),
    attributes: {
      objectClass: ['user'],
      sAMAccountName: [alias],
      userPrincipalName: [`${alias}@${dnsName}`],
      userAccountControl: [number % 50 === 49 ? '514' : '544'],
      givenName: ['Person'],
      sn: [padded(number)],
      displayName: [`Person ${padded(number)}`],
      title: ['Engineer'],
      department: [`Department ${number % 40}`],
      company: ['Lockstep Lab'],
      telephoneNumber: [`+49 30 ${padded(number)}`],
      physicalDeliveryOfficeName: [`Floor ${number % 12}`],
      mail: [`${alias}@${mailDomain}`],
      mailNickname: [alias],
      proxyAddresses: [`SMTP:${alias}@${mailDomain}`, `smtp:${alias}.alias@${mailDomain}`],
      msExchRecipientTypeDetails: ['1'],
      msExchRecipientDisplayType: ['1073741824'],
      // Nobody manages the first; a tree of ten.
      ...(number === 0 ? {} : { manager: [personDn(Math.floor(number / 10))] }),
    },
  };
}

const group = (name: string, alias: string, members: readonly string[]): LoadEntry => ({
  dn: `CN=${name},${bulkOu}`,
  attributes: {
    objectClass: ['group'],
    sAMAccountName: [alias],
    groupType: ['8'],
    displayName: [name],
    mail: [`${alias}@${mailDomain}`],
    mailNickname: [alias],
    proxyAddresses: [`SMTP:${alias}@${mailDomain}`],
    msExchRecipientDisplayType: ['1'],
    member: members,
  },
});
