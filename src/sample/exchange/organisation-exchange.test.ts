import { guidText } from '../../ldap-filter/guid.ts';
import { directoryModel } from '../organisation/directory-objects.ts';
import { sampleOrganisation } from '../organisation/organisation.ts';
import type { SampleMailbox } from './mailbox.ts';
import { exchangeAccount, organisationExchange } from './organisation-exchange.ts';

const organisation = sampleOrganisation({ people: 60 });
const owners = [...organisation.people, ...organisation.resources];
const itemsOf = (mailbox: SampleMailbox) => mailbox.folders().flatMap(({ number }) => [...mailbox.itemsBelow(number)]);
const all = (options = {}) => {
  const { mailboxes } = organisationExchange(organisation, options);
  return owners.map(({ addresses }) => {
    const found = mailboxes.find(addresses.primary);
    if (found === undefined) throw new Error('no mailbox');
    return found;
  });
};

test('everyone of the directory who has a mailbox has it here, under its GUID', () => {
  const inDirectory = [...directoryModel(organisation).objects].flatMap(({ attributes: { mail, msExchMailboxGuid: guid } }) =>
    Buffer.isBuffer(guid) ? [[String(mail), guidText(guid)]] : [],
  );
  expect(inDirectory).toHaveLength(owners.length);
  expect(inDirectory.toSorted()).toEqual(all().map(({ owner }) => [owner.address, owner.guid]).toSorted());
});

test('it holds as many messages as were asked for, and the same each time', () => {
  expect(all({ messages: 1234 }).reduce((sum, mailbox) => sum + itemsOf(mailbox).length, 0)).toBe(1234);
  const [one, two] = [all(), all()].map((mailboxes) => mailboxes.flatMap(itemsOf).map(({ content, searchKey }) => [content.subject, searchKey]));
  expect(one).toEqual(two);
  expect(one).toHaveLength(300);
});

test('a mailbox is found by every address of its owner, and keeps what was changed in it', () => {
  const person = organisation.people.find(({ addresses }) => addresses.aliases.length > 0);
  if (person === undefined) throw new Error('nobody has an alias');
  const { mailboxes } = organisationExchange(organisation);
  const inbox = mailboxes.find(person.addresses.primary)?.wellKnown('inbox')?.number ?? 0;
  mailboxes.find(person.addresses.primary)?.addFolder({ parent: inbox, name: 'Mine' });
  for (const alias of person.addresses.aliases) {
    expect(mailboxes.find(alias.toUpperCase())?.folders().map(({ name }) => name)).toContain('Mine');
  }
  expect(mailboxes.find('nobody@tarnwick.example')).toBeUndefined();
});

test('one account may act as everybody, the other may not', () => {
  const { accounts } = organisationExchange(organisation);
  const { account, password } = exchangeAccount(organisation);
  expect(accounts[account]).toEqual({ password, impersonates: true });
  expect(accounts['TARNWICK\\svc-backup']).toMatchObject({ impersonates: false });
  expect(Object.keys(accounts).filter((name) => name.includes('disabled'))).toEqual([]);
});
