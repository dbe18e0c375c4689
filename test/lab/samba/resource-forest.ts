/**
 * An account forest, where people sign in, and an Exchange resource forest, where their mailboxes belong to disabled
 * accounts that are linked by msExchMasterAccountSid. No trust joins the two: the lab only reads LDAP, and for that the
 * objects are all there is to a trust. That a link means the very same person is for the reader to find out.
 */
import { accounts, resource } from './domain.ts';
import type { LoadEntry } from './entry.ts';
import {
  disabled,
  domainLocalSecurityGroup,
  EntryWriter,
  foreignMember,
  type PersonOptions,
  self,
  sid,
  universalDistributionGroup,
  universalSecurityGroup,
} from './entry-writer.ts';

const account = new EntryWriter(accounts);
const mailbox = new EntryWriter(resource);
const people = account.ou('People');
const mailboxes = mailbox.ou('Mailboxes');
const lists = mailbox.ou('Lists');

interface Employee extends PersonOptions {
  readonly rid: number;
}
const staff: Readonly<Record<string, Employee>> = {
  alice: { rid: 5001, given: 'Alice', surname: 'Archer', title: 'Director' },
  bob: { rid: 5002, given: 'Bob', surname: 'Baker', title: 'Engineer' },
  carol: { rid: 5003, given: 'Carol', surname: 'Clarke', title: 'Engineer' },
  dave: { rid: 5004, given: 'Dave', surname: 'Dunn', title: 'Engineer' },
  // Left: the account that counts is this one, not the mailbox's, which is disabled anyway.
  frank: { rid: 5005, given: 'Frank', surname: 'Former', title: 'Engineer', control: disabled },
  // Has no mailbox.
  nora: { rid: 5006, given: 'Nora', surname: 'Nomail', title: 'Engineer' },
};
/** Mona's account before she was moved here from a domain that is gone; her mailbox is still linked to it. */
const formerSid = 'S-1-5-21-909090909-909090909-909090909-1105';
const mona: Employee = { rid: 5007, given: 'Mona', surname: 'Moved', title: 'Accountant' };
/** The account was deleted, the mailbox was not. */
const nobodySid = account.sid(5999);

const service = (writer: EntryWriter): LoadEntry[] => [
  writer.unit(writer.ou('Service')),
  ...['svc-sync', 'svc-read'].map((name) => writer.account(name, writer.ou('Service'))),
];

export const accountsSeed = (): LoadEntry[] => [
  ...service(account),
  account.unit(people),
  account.unit(account.ou('Groups')),
  ...Object.entries(staff).map(([alias, { rid, ...person }]) => account.person(alias, people, person, rid)),
  account.person('mona', people, { ...mona, more: { sIDHistory: [sid(formerSid)] } }, mona.rid),
  account.group('Engineering', account.ou('Groups'), universalSecurityGroup, [
    `CN=Bob Baker,${people}`,
    `CN=Carol Clarke,${people}`,
  ]),
];

/** A linked mailbox: its account is disabled, and nobody signs in with it. */
const linked = (alias: string, { given, surname, title }: PersonOptions, masterAccount: string): LoadEntry =>
  mailbox.person(alias, mailboxes, {
    given,
    surname,
    title,
    control: disabled,
    mailbox: 'linked',
    more: { msExchMasterAccountSid: [sid(masterAccount)] },
  });
const unattended = { msExchMasterAccountSid: [sid(self)] };

export const resourceSeed = (): LoadEntry[] => [
  ...service(mailbox),
  mailbox.unit(mailboxes),
  mailbox.unit(lists),
  ...Object.entries(staff)
    .filter(([alias]) => alias !== 'nora')
    .map(([alias, { rid, ...person }]) => linked(alias, person, account.sid(rid))),
  linked('mona', mona, formerSid),
  linked('olaf', { given: 'Olaf', surname: 'Orphan', title: 'Engineer' }, nobodySid),
  // An ordinary mailbox of this forest.
  mailbox.person('ada', mailboxes, { given: 'Ada', surname: 'Admin', title: 'Administrator', mailbox: 'user' }),
  mailbox.resource('sales', 'Sales', mailboxes, 'shared', unattended),
  mailbox.resource('room-1', 'Room 1', mailboxes, 'room', unattended),
  mailbox.resource('beamer', 'Beamer', mailboxes, 'equipment', unattended),
  mailbox.group(
    'Engineers',
    lists,
    universalDistributionGroup,
    ['Bob Baker', 'Carol Clarke', 'Dave Dunn'].map((name) => `CN=${name},${mailboxes}`),
    'engineers',
  ),
  // Members of both kinds; Carol is there twice, as her mailbox and as her account.
  mailbox.group(
    'Mailbox Access',
    lists,
    domainLocalSecurityGroup,
    [
      `CN=Bob Baker,${mailboxes}`,
      `CN=Carol Clarke,${mailboxes}`,
      foreignMember(account.sid(5003)),
      foreignMember(account.sid(5006)),
    ],
    'mailbox.access',
  ),
];
