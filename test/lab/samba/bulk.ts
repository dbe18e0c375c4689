import { corp } from './domain.ts';
import type { LoadEntry } from './entry.ts';

const { baseDn, dnsName, mailDomain } = corp;

export interface Bulk {
  readonly people: number;
  /** Default: one for twenty people. */
  readonly groups?: number;
  /** Members of each; default 20. */
  readonly groupSize?: number;
  /** One group with everybody in it. Default true. */
  readonly everybody?: boolean;
}
export const bulkOu = `OU=Bulk,${baseDn}`;
const padded = (number: number): string => String(number).padStart(6, '0');
export const bulkPersonDn = (number: number): string => `CN=Person ${padded(number)},${bulkOu}`;
const bulkTeamName = (number: number): string => `Team ${padded(number)}`;
export const bulkTeamDn = (number: number): string => `CN=${bulkTeamName(number)},${bulkOu}`;
export const bulkAlias = (number: number): string => `p${padded(number)}`;

/** Many people and groups, by number: the same in every run. No passwords: hashing takes longer than all else. */
export function* bulk({
  people,
  groups = Math.ceil(people / 20),
  groupSize = 20,
  everybody = true,
}: Bulk): Generator<LoadEntry> {
  yield { dn: bulkOu, attributes: { objectClass: ['organizationalUnit'] } };
  for (let number = 0; number < people; number++) yield person(number);
  for (let number = 0; number < groups; number++) {
    const members = Array.from({ length: Math.min(groupSize, people) }, (_, i) =>
      bulkPersonDn((number * groupSize + i) % people),
    );
    yield group(bulkTeamName(number), `team${padded(number)}`, members);
  }
  if (everybody)
    yield group(
      'Bulk Everybody',
      'bulk.everybody',
      Array.from({ length: people }, (_, number) => bulkPersonDn(number)),
    );
}

function person(number: number): LoadEntry {
  const alias = bulkAlias(number);
  return {
    dn: bulkPersonDn(number),
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
      ...(number === 0 ? {} : { manager: [bulkPersonDn(Math.floor(number / 10))] }),
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
