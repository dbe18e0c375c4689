import fc from 'fast-check';
import { DirectoryStore } from '../directory/store.ts';
import { directoryModel, directoryObjects } from './directory-objects.ts';
import { sampleOrganisation } from './organisation.ts';

const small = sampleOrganisation();
const objects = [...directoryObjects(small)];

test('the same seed and size give the same organisation, another seed another', () => {
  expect(sampleOrganisation()).toEqual(small);
  expect([...directoryObjects(sampleOrganisation())]).toEqual(objects);
  expect(sampleOrganisation({ seed: 'other' }).people.map(({ displayName }) => displayName)).not.toEqual(
    small.people.map(({ displayName }) => displayName),
  );
});

test('names, addresses, accounts and identifiers are given out once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 1500 }), fc.string(), (people, seed) => {
      const organisation = sampleOrganisation({ people, seed });
      const all = [...directoryObjects(organisation)];
      const of = (attribute: string) =>
        all
          .flatMap(({ attributes }) => attributes[attribute] ?? [])
          .map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value.toLowerCase()));
      for (const values of [
        all.map(({ dn }) => dn.toLowerCase()),
        ...['proxyAddresses', 'sAMAccountName', 'userPrincipalName', 'objectGUID', 'objectSid', 'legacyExchangeDN'].map(
          of,
        ),
      ]) {
        expect(values).toHaveLength(new Set(values).size);
      }
      expect(organisation.people).toHaveLength(people);
    }),
    { numRuns: 8 },
  );
});

test('everybody has a chain of managers that ends at the one managing director, and who left leads nobody', () => {
  const byId = new Map(small.people.map((person) => [person.id, person]));
  const managers = new Set(small.people.map(({ manager }) => manager));
  for (const person of small.people) {
    let [top, steps] = [person, 0];
    while (top.manager !== undefined && steps++ < 10) top = byId.get(top.manager) ?? top;
    expect(top.title).toBe('Managing Director');
    if (person.left) expect(managers.has(person.id)).toBe(false);
  }
});

test('two groups contain each other', () => {
  const groups = new Map(small.groups.map((group) => [group.id, group]));
  const cyclic = small.groups.filter(({ id, members }) =>
    members.some((member) => groups.get(member)?.members.includes(id)),
  );
  expect(cyclic.map(({ displayName }) => displayName).sort()).toEqual(['Project Aurora', 'Project Comet']);
});

test('a large organisation has a group with more members than AD answers at once', () => {
  const everyone = sampleOrganisation({ people: 2000 }).groups.find(({ displayName }) => displayName === 'Everyone');
  expect(everyone?.members.length).toBeGreaterThan(1500);
});

test('it has one of everything that a synchronisation has to tell apart', () => {
  const counts = Map.groupBy(objects, ({ attributes }) => String(attributes['msExchRecipientTypeDetails']));
  for (const type of ['1', '4', '16', '32', '64', '128', '256', '1024', '2048', '8192'])
    expect(counts.get(type)?.length).toBeGreaterThan(0);
  expect(
    objects.filter(
      ({ attributes }) =>
        attributes['userAccountControl'] === '514' && attributes['msExchRecipientTypeDetails'] === '1',
    ).length,
  ).toBeGreaterThan(5);
  for (const script of [/\p{Script=Greek}/u, /\p{Script=Cyrillic}/u, /\p{Script=Han}/u, /[äöüß]/, /[łżę]/]) {
    expect(sampleOrganisation({ people: 1000 }).people.some(({ displayName }) => script.test(displayName))).toBe(true);
  }
});

test('a person has every attribute that a directory synchronisation takes', () => {
  const store = new DirectoryStore(directoryModel(small));
  const names = new Set(
    [...store.objects()]
      .filter(({ attributes }) => attributes['employeeNumber'] !== undefined)
      .flatMap((object) => [
        ...Object.keys(object.attributes),
        ...['memberOf', 'distinguishedName'].filter((name) => store.values(object, name).length > 0),
      ]),
  );
  const taken = `telephoneNumber givenName sn cn name displayName title department departmentNumber description company manager memberOf
    physicalDeliveryOfficeName street streetAddress l c countryCode postalCode wWWHomePage mailNickname sAMAccountName userPrincipalName
    distinguishedName legacyExchangeDN proxyAddresses homeMDB showInAddressBook msExchHomeServerName msExchUserCulture msExchRBACPolicyLink
    extensionAttribute4 extensionAttribute15 objectGUID objectSid userAccountControl msExchMailboxGuid msExchRecipientTypeDetails
    msExchRecipientDisplayType whenCreated uSNChanged`;
  for (const name of taken.split(/\s+/)) expect(names).toContain(name);
});
