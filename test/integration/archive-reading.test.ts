import { type OrganisationTransaction, withOrganisation } from '../../src/archive/database.ts';
import { listGroupMembers } from '../../src/archive/group-members.ts';
import { findGroup, listGroups } from '../../src/archive/groups.ts';
import { findPerson, listPeople } from '../../src/archive/people.ts';
import { listOpenProblems } from '../../src/archive/problems.ts';
import { Group, GroupMember, GroupSummary, Person, PersonSummary } from '../../src/api/schemas/people.ts';
import type { DirectoryPage } from '../../src/shared/directory.ts';
import { Check } from 'typebox/value';
import {
  aDirectory,
  anIntegration,
  aRun,
  contactEntry,
  directoryPage,
  endRun,
  groupEntry,
  membersOf,
  userEntry,
} from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { readAll } from '../lab/reading.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

type Directory = Pick<Awaited<ReturnType<typeof aDirectory>>, 'integration'>;
async function sync(directory: Directory, page: Partial<DirectoryPage>) {
  const run = await aRun(lab.owner, directory.integration);
  await readAll(lab.app, run, [directoryPage(page)]);
  await endRun(lab.owner, run);
}
const inside = <T>({ integration }: Directory, work: (tx: OrganisationTransaction) => Promise<T>) =>
  withOrganisation(lab.app, integration.org_id, work);
const person = (directory: Directory, key: string) => inside(directory, (tx) => findPerson(tx, key));
const group = (directory: Directory, key: string) => inside(directory, (tx) => findGroup(tx, key));

/** A little company: a boss, two reports, a nested group. */
async function company(settings = {}) {
  const directory = await aDirectory(lab.owner, settings);
  const boss = userEntry('Zoë Boss');
  const ada = userEntry('Ada Example', { attributes: { manager: [boss.dn.toLowerCase()], title: ['Engineer'] } });
  const bob = userEntry('Bob Example', { attributes: { manager: [boss.dn], userAccountControl: ['514'] } });
  const [partner, staff, everyone] = [contactEntry('Pat Partner'), groupEntry('Staff'), groupEntry('Everyone')];
  const stranger = 'CN=Nobody Yet,OU=Elsewhere,DC=corp,DC=example';
  const members = [membersOf(staff, [ada, bob]), membersOf(everyone, [staff, boss, partner, stranger])];
  const page = { entries: [boss, ada, bob, partner, staff, everyone], members };
  await sync(directory, page);
  return { ...directory, boss, ada, bob, partner, staff, everyone, stranger, page };
}

test('a person is shown by id and by each address, with manager, reports, groups and sources', async () => {
  const corp = await company();
  const ada = await person(corp, 'ada.example@corp.example');
  expect(ada).toMatchObject({
    displayName: 'Ada Example',
    primaryAddress: 'ada.example@corp.example',
    kind: 'user',
    recipientType: 'user-mailbox',
    state: 'enabled',
    addresses: [
      { address: 'ada.example@corp.example', primary: true, held: true, disabled: false },
      { address: 'ada.example@alias.example', primary: false, held: true, disabled: false },
    ],
    accountName: 'ada.example',
    principalName: 'ada.example@corp.example',
    manager: { displayName: 'Zoë Boss' },
    directReports: 0,
    memberOf: [{ displayName: 'Staff' }],
    attributes: { title: ['Engineer'] },
    sources: [{ integration: corp.integration.name, guid: corp.ada.guid, dn: corp.ada.dn, rule: 'self' }],
    missingSince: null,
  });
  expect(Check(Person, ada)).toBe(true);
  expect(await person(corp, ada.id)).toEqual(ada);
  expect(await person(corp, ' ADA.example@Alias.Example')).toEqual(ada);
  const boss = await person(corp, ada.manager?.id ?? '');
  expect(boss).toMatchObject({ displayName: 'Zoë Boss', directReports: 2, manager: null });
  for (const key of [
    '',
    '0',
    '99999999999999999999',
    'nobody@corp.example',
    'Ada Example',
    'staff@corp.example',
    "x'@y",
  ]) {
    await expect(person(corp, key)).rejects.toThrow('there is no such person');
  }
});

test('a group is shown by id, address and name, with its members, nested and pending ones too', async () => {
  const corp = await company();
  const everyone = await group(corp, 'EVERYONE');
  expect(everyone).toMatchObject({
    displayName: 'Everyone',
    state: 'enabled',
    members: 4,
    memberOf: [],
    recipientType: 'security-group',
  });
  expect(Check(Group, everyone)).toBe(true);
  expect(await group(corp, everyone.id)).toEqual(everyone);
  expect(await group(corp, 'everyone@corp.example')).toEqual(everyone);
  expect((await group(corp, 'Staff')).memberOf).toEqual([{ id: everyone.id, displayName: 'Everyone' }]);
  const { items, next } = await inside(corp, (tx) => listGroupMembers(tx, everyone.id, { limit: 10 }));
  expect(next).toBeNull();
  expect(items.filter((member) => !Check(GroupMember, member))).toEqual([]);
  expect(items.sort((a, b) => (a.dn < b.dn ? -1 : 1))).toEqual([
    { dn: corp.stranger, kind: 'pending', id: null, displayName: null, primaryAddress: null, state: null, by: 'member' },
    {
      dn: corp.partner.dn,
      kind: 'person',
      id: expect.stringMatching(/^\d+$/) as string,
      displayName: 'Pat Partner',
      primaryAddress: 'pat.partner@partner.example',
      state: 'enabled',
      by: 'member',
    },
    {
      dn: corp.staff.dn,
      kind: 'group',
      id: (await group(corp, 'Staff')).id,
      displayName: 'Staff',
      primaryAddress: 'staff@corp.example',
      state: 'enabled',
      by: 'member',
    },
    {
      dn: corp.boss.dn,
      kind: 'person',
      id: (await person(corp, 'zo.boss@corp.example')).id,
      displayName: 'Zoë Boss',
      primaryAddress: 'zo.boss@corp.example',
      state: 'enabled',
      by: 'member',
    },
  ]);
  for (const key of [
    '',
    '0',
    'Every',
    'ada.example@corp.example',
    (await person(corp, 'ada.example@corp.example')).displayName,
  ]) {
    await expect(group(corp, key)).rejects.toThrow('there is no such group');
  }
});

test('members come in pages that together are all of them', async () => {
  const directory = await aDirectory(lab.owner);
  const crowd = groupEntry('Crowd');
  const dns = Array.from({ length: 25 }, (_, n) => `CN=Member ${n},DC=x`);
  await sync(directory, { entries: [crowd], members: [membersOf(crowd, dns)] });
  const seen: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await inside(directory, (tx) => listGroupMembers(tx, 'Crowd', { after, limit: 10 }));
    seen.push(...page.items.map(({ dn }) => dn));
    if (page.next === null) break;
    after = page.next;
  }
  expect(seen.sort()).toEqual(dns.sort());
  await expect(inside(directory, (tx) => listGroupMembers(tx, 'Crowd', { after: 'xyz', limit: 10 }))).rejects.toThrow(
    '/after',
  );
});

test('people and groups are listed by name in pages, without regard to case and accents', async () => {
  const directory = await aDirectory(lab.owner);
  const names = ['Ólafur', 'anna', 'Bea', 'Zed', 'Ärmel', 'bea', 'Émile'];
  await sync(directory, {
    entries: [...names.map((name) => userEntry(name)), groupEntry('Team B'), groupEntry('Team A')],
  });
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await inside(directory, (tx) => listPeople(tx, { after, limit: 2 }));
    expect(page.items.filter((item) => !Check(PersonSummary, item))).toEqual([]);
    seen.push(...page.items.map(({ displayName }) => displayName));
    after = page.next ?? undefined;
  } while (after !== undefined);
  expect(seen.map((name) => (name === 'bea' ? 'Bea' : name))).toEqual([
    'anna',
    'Ärmel',
    'Bea',
    'Bea',
    'Émile',
    'Ólafur',
    'Zed',
  ]);
  const groups = await inside(directory, (tx) => listGroups(tx, { limit: 10 }));
  expect(groups.items.map(({ displayName }) => displayName)).toEqual(['Team A', 'Team B']);
  expect(groups.items.filter((item) => !Check(GroupSummary, item))).toEqual([]);
  for (const bad of [
    'x',
    'W10',
    Buffer.from('["a",1]').toString('base64url'),
    Buffer.from('["a","0"]').toString('base64url'),
  ]) {
    await expect(inside(directory, (tx) => listPeople(tx, { after: bad, limit: 2 }))).rejects.toThrow('/after');
  }
});

test('search finds the beginning of a name or of an address, each person once, in pages', async () => {
  const corp = await company();
  const search = async (text: string, list: typeof listPeople | typeof listGroups = listPeople) => {
    const { items } = await inside(corp, (tx) => list(tx, { search: text, limit: 10 }));
    return items.map(({ displayName }) => displayName);
  };
  expect(await search('ada')).toEqual(['Ada Example']);
  expect(await search('ADA EX')).toEqual(['Ada Example']);
  expect(await search('zoe')).toEqual(['Zoë Boss']);
  expect(await search('boss')).toEqual(['Zoë Boss']);
  expect(await search('Exam')).toEqual(['Ada Example', 'Bob Example']);
  expect(await search('xample')).toEqual([]);
  expect(await search('zo.boss@')).toEqual(['Zoë Boss']);
  expect(await search('bob.example@alias')).toEqual(['Bob Example']);
  expect(await search('staff')).toEqual([]);
  expect(await search('staff', listGroups)).toEqual(['Staff']);
  expect(await search('ada', listGroups)).toEqual([]);
  expect(await search('%')).toEqual([]);
  expect(await search("'; drop table person; --")).toEqual([]);
  const first = await inside(corp, (tx) => listPeople(tx, { search: '', limit: 3 }));
  const second = await inside(corp, (tx) => listPeople(tx, { search: '', limit: 3, after: first.next ?? '' }));
  expect([...first.items, ...second.items].map(({ displayName }) => displayName)).toEqual([
    'Ada Example',
    'Bob Example',
    'Pat Partner',
    'Zoë Boss',
  ]);
  expect(second.next).toBeNull();
});

test.each([1, 2, 3, 10])(
  'pages of %i of a search are together all of it, by name first, then by a word of it, then by address',
  async (limit) => {
    const directory = await aDirectory(lab.owner);
    const aliases = (...names: string[]) => ({
      attributes: { mail: [], proxyAddresses: names.map((name) => `smtp:${name}@corp.example`) },
    });
    const entries = [
      userEntry('Anna', aliases('anna', 'a.second')),
      userEntry('Zoe', aliases('a1', 'a2', 'zoe')),
      userEntry('Max', aliases('a1.max')),
      userEntry('Ben', aliases('ben')),
      userEntry('Amy', aliases('x.amy')),
      userEntry('Cleo van Aken-Abel', aliases('a.cleo')),
      userEntry('Abe Ash', aliases('ash')),
      groupEntry('All'),
    ];
    await sync(directory, { entries });
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await inside(directory, (tx) => listPeople(tx, { search: 'a', after, limit }));
      expect(page.items.length).toBeLessThanOrEqual(limit);
      seen.push(...page.items.map(({ displayName }) => displayName));
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(seen).toEqual(['Abe Ash', 'Amy', 'Anna', 'Cleo van Aken-Abel', 'Max', 'Zoe']);
  },
);

test('a disabled account is disabled where the integration acknowledges it, but not a mailbox that Exchange disables itself', async () => {
  const corp = await company();
  expect(await person(corp, 'bob.example@corp.example')).toMatchObject({
    state: 'disabled',
    addresses: [{ disabled: true }, { disabled: true }],
  });
  const other = await company({ acknowledgeDisabled: false });
  expect(await person(other, 'bob.example@corp.example')).toMatchObject({
    state: 'enabled',
    addresses: [{ disabled: false }, { disabled: false }],
  });
  const room = userEntry('Room 1', { attributes: { userAccountControl: ['514'], msExchRecipientTypeDetails: ['16'] } });
  await sync(corp, { ...corp.page, entries: [...corp.page.entries, room] });
  expect(await person(corp, 'room.1@corp.example')).toMatchObject({ state: 'enabled', recipientType: 'room-mailbox' });
});

test('who is missing stays to be seen; people that the domain filter leaves out are no people', async () => {
  const corp = await company();
  await sync(corp, {
    ...corp.page,
    entries: corp.page.entries.filter((entry) => entry !== corp.ada && entry !== corp.everyone),
  });
  const ada = await person(corp, 'ada.example@corp.example');
  expect(ada).toMatchObject({ state: 'missing', memberOf: [{ displayName: 'Staff' }] });
  expect(Date.parse(ada.missingSince ?? '')).not.toBeNaN();
  expect((await person(corp, 'zo.boss@corp.example')).directReports).toBe(1);
  expect(await group(corp, 'Everyone')).toMatchObject({ state: 'missing', members: 4 });
  // A group that is missing has no members as far as they are concerned.
  expect((await group(corp, 'Staff')).memberOf).toEqual([]);

  const filtered = await company({ mailDomains: ['partner.example'] });
  expect(
    (await inside(filtered, (tx) => listPeople(tx, { limit: 10 }))).items.map(({ displayName }) => displayName),
  ).toEqual(['Pat Partner']);
  await expect(person(filtered, 'ada.example@corp.example')).rejects.toThrow('there is no such person');
  const staff = await inside(filtered, (tx) => listGroupMembers(tx, 'Staff', { limit: 10 }));
  expect(staff.items).toMatchObject([
    { kind: 'person', id: null },
    { kind: 'person', id: null },
  ]);
});

test('a name that a new object took over means the new object', async () => {
  const directory = await aDirectory(lab.owner);
  const boss = userEntry('Boss');
  const report = userEntry('Report', { attributes: { manager: [boss.dn] } });
  const staff = groupEntry('Staff');
  const members = [membersOf(staff, [boss])];
  await sync(directory, { entries: [boss, report, staff], members });
  const first = await person(directory, 'boss@corp.example');
  // Deleted and made again: another object, another person, the same name.
  const again = userEntry('Boss', {
    attributes: { mail: ['new.boss@corp.example'], proxyAddresses: ['SMTP:new.boss@corp.example'] },
  });
  await sync(directory, { entries: [again, report, staff], members });
  const second = await person(directory, 'new.boss@corp.example');
  expect(second.id).not.toBe(first.id);
  expect((await person(directory, 'report@corp.example')).manager).toEqual({ id: second.id, displayName: 'Boss' });
  expect(second).toMatchObject({ directReports: 1, memberOf: [{ displayName: 'Staff' }] });
  expect(await person(directory, first.id)).toMatchObject({ state: 'missing', directReports: 0, memberOf: [] });
  const listed = await inside(directory, (tx) => listGroupMembers(tx, 'Staff', { limit: 10 }));
  expect(listed.items).toMatchObject([{ kind: 'person', id: second.id }]);
});

test('a manager who is not known is named as the directory names him', async () => {
  const directory = await aDirectory(lab.owner);
  await sync(directory, {
    entries: [userEntry('Ada Example', { attributes: { manager: ['CN=Gone\\, Long,OU=x,DC=y'] } })],
  });
  expect((await person(directory, 'ada.example@corp.example')).manager).toEqual({
    id: null,
    displayName: 'Gone, Long',
  });
});

test('an address that two people claim leads to the older, and the other shows that it is not held', async () => {
  const directory = await aDirectory(lab.owner);
  const claim = { mail: ['info@corp.example'], proxyAddresses: ['SMTP:info@corp.example'] };
  const newer = userEntry('Newer', { attributes: { ...claim, whenCreated: ['20230101000000.0Z'] } });
  const older = userEntry('Older', { attributes: { ...claim, whenCreated: ['20200101000000.0Z'] } });
  await sync(directory, { entries: [newer, older] });
  expect(await person(directory, 'info@corp.example')).toMatchObject({
    displayName: 'Older',
    addresses: [{ held: true }],
  });
  const { items } = await inside(directory, (tx) => listPeople(tx, { search: 'newer', limit: 1 }));
  expect(await person(directory, items[0]?.id ?? '')).toMatchObject({
    addresses: [{ address: 'info@corp.example', held: false }],
  });
  const problems = await inside(directory, (tx) => listOpenProblems(tx, directory.integration.id, { limit: 10 }));
  expect(problems.items).toMatchObject([
    { code: 'address.claimed-twice', subject: 'info@corp.example', guid: newer.guid },
  ]);
  await sync(directory, { entries: [newer] });
  expect(await person(directory, 'info@corp.example')).toMatchObject({
    displayName: 'Newer',
    addresses: [{ held: true }],
  });
});

test('a name that several groups have is not guessed', async () => {
  const directory = await aDirectory(lab.owner);
  const other = {
    integration: await anIntegration(lab.owner, { id: directory.site.id, org_id: directory.organisation.id }),
  };
  await sync(directory, { entries: [groupEntry('Staff')] });
  await sync(other, { entries: [groupEntry('staff', { attributes: { proxyAddresses: [], mail: [] } })] });
  await expect(group(directory, 'Staff')).rejects.toMatchObject({ code: 'group.name-ambiguous' });
  expect(await group(directory, 'staff@corp.example')).toMatchObject({ displayName: 'Staff' });
});
