/** Who is in groups: by name, by SID, by primary group, by a filter, and through other groups. */
import { type GroupMemberView, listGroupMembers } from '../../src/archive/group-members.ts';
import { findGroup } from '../../src/archive/groups.ts';
import { GroupMember } from '../../src/api/schemas/people.ts';
import type { DirectoryEntry } from '../../src/shared/directory.ts';
import { Check } from 'typebox/value';
import { membersOf } from '../lab/builders.ts';
import { account, dnOf, foreignPrincipal, type Forests, group, guidOf, linkedMailbox, sidOf, threeForests } from '../lab/forests.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

async function membersIn(forests: Forests, name: string, { effective = false, limit = 100 } = {}): Promise<GroupMemberView[]> {
  const found: GroupMemberView[] = [];
  for (let after: string | undefined; ;) {
    const page = await forests.inside((tx) => listGroupMembers(tx, name, { after, limit, effective }));
    expect(page.items.length).toBeLessThanOrEqual(limit);
    expect(page.items.filter((member) => !Check(GroupMember, member))).toEqual([]);
    found.push(...page.items);
    if (page.next === null) return found;
    after = page.next;
  }
}
const said = ({ displayName, dn, kind, state, by }: GroupMemberView) => `${displayName ?? dn}: ${kind} ${state ?? '-'} ${by}`;
const namesIn = async (...args: Parameters<typeof membersIn>) => (await membersIn(...args)).map(said).sort();
const mailed = (name: string) => ({ attributes: { mail: [`${name.toLowerCase()}@corp.example`] } });

test('a foreign security principal is who it stands for, once their directory is read, also by a former SID', async () => {
  const forests = await threeForests(lab);
  const staff = group('mail', 50, 'Staff');
  const [ofAnna, ofBert, ofNobody] = [foreignPrincipal('mail', 60, sidOf('one', 1)), foreignPrincipal('mail', 61, sidOf('one', 2)), foreignPrincipal('mail', 62, 'S-1-5-11')];
  const members = [membersOf(staff, [ofAnna, ofBert, ofNobody])];
  const mailboxes = [linkedMailbox(1, sidOf('one', 1)), linkedMailbox(2, sidOf('two', 2))];
  await forests.read('mail', [staff, ofAnna, ofBert, ofNobody, ...mailboxes], members);
  expect(await namesIn(forests, 'Staff')).toEqual([ofNobody, ofAnna, ofBert].map(({ dn }) => `${dn}: pending - member`).sort());
  await forests.read('one', [account('one', 1, 'Anna')]);
  await forests.read('two', [account('two', 2, 'Bert', { attributes: { sIDHistory: [sidOf('one', 2)], userAccountControl: ['514'] } })]);
  expect(await namesIn(forests, 'Staff')).toEqual(['Anna: person enabled member', 'Bert: person disabled member', `${ofNobody.dn}: pending - member`]);
  expect(await forests.person('m1@mail.example')).toMatchObject({ memberOf: [{ displayName: 'Staff' }] });
  expect(await forests.person('m2@mail.example')).toMatchObject({ memberOf: [{ displayName: 'Staff' }] });
});

test.each([
  ['the group', ['one', 'two']],
  ['the member', ['two', 'one']],
] as const)('a member in another domain is pending until both are read, where %s is read first', async (_, order) => {
  const forests = await threeForests(lab);
  const staff = group('one', 50, 'Staff');
  const read = {
    one: () => forests.read('one', [staff, account('one', 1, 'Anna', mailed('Anna'))], [membersOf(staff, [dnOf('one', 'Anna'), dnOf('two', 'Bert')])]),
    two: () => forests.read('two', [account('two', 2, 'Bert', mailed('Bert'))]),
  };
  await read[order[0]]();
  if (order[0] === 'one') expect(await namesIn(forests, 'Staff')).toEqual(['Anna: person enabled member', `${dnOf('two', 'Bert')}: pending - member`]);
  await read[order[1]]();
  expect(await namesIn(forests, 'Staff')).toEqual(['Anna: person enabled member', 'Bert: person enabled member']);
  await forests.read('two', [account('two', 3, 'Cleo', mailed('Cleo'))]);
  expect(await namesIn(forests, 'Staff')).toEqual(['Anna: person enabled member', 'Bert: person missing member']);
});

test('whose primary group it is are members, and counted; who is no person of the archive is named all the same', async () => {
  const forests = await threeForests(lab);
  const users = group('one', 513, 'Domain Users');
  const entries = [users, account('one', 1, 'Anna', mailed('Anna')), account('one', 2, 'Service'), account('one', 3, 'Bert', { attributes: { ...mailed('Bert').attributes, primaryGroupID: ['514'] } })];
  await forests.read('one', entries, [membersOf(users, [dnOf('one', 'Bert')])]);
  expect(await namesIn(forests, 'Domain Users', { limit: 1 })).toEqual(['Anna: person enabled primary-group', 'Bert: person enabled member', 'Service: person - primary-group']);
  expect(await forests.inside((tx) => findGroup(tx, 'Domain Users'))).toMatchObject({ members: 3 });
  expect(await forests.person('anna@corp.example')).toMatchObject({ memberOf: [{ displayName: 'Domain Users' }] });
  expect(await forests.person('bert@corp.example')).toMatchObject({ memberOf: [{ displayName: 'Domain Users' }] });
});

test.each([1, 2, 100])('effective members are everybody in it through groups in each other, each once, in pages of %i', async (limit) => {
  const forests = await threeForests(lab);
  const [all, staff, ring, users] = [group('one', 50, 'All'), group('one', 51, 'Staff'), group('one', 52, 'Ring'), group('one', 513, 'Domain Users')];
  const ofAnna = foreignPrincipal('mail', 60, sidOf('one', 1));
  const people = [account('one', 1, 'Anna'), account('one', 2, 'Bert', { attributes: { ...mailed('Bert').attributes, primaryGroupID: ['514'] } })];
  const foreign = group('mail', 70, 'Abroad');
  await forests.read('one', [all, staff, ring, users, ...people], [
    membersOf(all, [staff, 'CN=Nobody Yet,DC=three,DC=example', dnOf('one', 'Bert'), foreign]),
    membersOf(staff, [ring, dnOf('one', 'Bert')]),
    membersOf(ring, [all, users]),
    membersOf(users, []),
  ]);
  // Anna is in it by her account, by her mailbox, and by her foreign principal.
  await forests.read('mail', [foreign, ofAnna, linkedMailbox(1, sidOf('one', 1))], [membersOf(foreign, [ofAnna, dnOf('mail', 'Mailbox 1')])]);
  expect(await namesIn(forests, 'All', { effective: true, limit })).toEqual([
    'Anna: person enabled primary-group',
    'Bert: person enabled member',
    'CN=Nobody Yet,DC=three,DC=example: pending - member',
  ].map((line) => (line.startsWith('Anna') ? (expect.stringMatching(/^Anna: person enabled/) as string) : line)));
  expect(await namesIn(forests, 'All', { limit })).toHaveLength(4);
  expect((await namesIn(forests, 'All', { effective: true, limit })).filter((line) => line.startsWith('Anna'))).toHaveLength(1);
});

const dynamicGroup = (rid: number, name: string, filter: string, base = 'DC=mail,DC=example'): DirectoryEntry =>
  group('mail', rid, name, { attributes: { objectClass: ['top', 'msExchDynamicDistributionList'], objectSid: [], groupType: [], msExchDynamicDLFilter: [filter], msExchDynamicDLBaseDN: [base] } });

test.each([1, 100])('members of a dynamic group are those that match its filter below its base when they are asked for, in pages of %i', async (limit) => {
  const forests = await threeForests(lab);
  const sales = dynamicGroup(80, 'Sales', '(&(mailNickname=*)(|(department=Sales)(objectClass=group))(!(name=SystemMailbox{*)))');
  const abroad = dynamicGroup(81, 'Abroad', '(mailNickname=*)', 'OU=Elsewhere,DC=mail,DC=example');
  const team = group('mail', 50, 'Team', { attributes: { mailNickname: ['team'] } });
  const box = (rid: number, department: string) => linkedMailbox(rid, sidOf('one', rid), { attributes: { department: [department] } });
  await forests.read('one', [account('one', 1, 'Anna'), account('one', 3, 'Cleo', { attributes: { userAccountControl: ['514'] } })]);
  const entries = [sales, abroad, team, box(1, 'Sales'), box(2, 'Board'), box(3, 'sales')];
  await forests.read('mail', entries, [membersOf(team, [dnOf('mail', 'Mailbox 2'), dnOf('mail', 'Mailbox 1')])]);
  expect(await namesIn(forests, 'Sales', { limit })).toEqual(['Anna: person enabled filter', 'Cleo: person disabled filter', 'Team: group enabled filter']);
  expect(await namesIn(forests, 'Sales', { limit, effective: true })).toEqual(['Anna: person enabled member', 'Cleo: person disabled filter', 'Mailbox 2: person enabled member']);
  expect(await namesIn(forests, 'Abroad', { limit })).toEqual([]);
  expect(await forests.inside((tx) => findGroup(tx, 'Sales'))).toMatchObject({ members: null, kind: 'dynamic-group' });
  // It changes with the objects, and with nothing else.
  await forests.read('mail', [sales, abroad, team, box(1, 'Board'), box(2, 'Sales'), box(3, 'sales')], [membersOf(team, [])]);
  expect(await namesIn(forests, 'Sales', { limit })).toEqual(['Cleo: person disabled filter', 'Mailbox 2: person enabled filter', 'Team: group enabled filter']);
});

test('a dynamic group may ask for the groups of its members, and be in a group', async () => {
  const forests = await threeForests(lab);
  const team = group('mail', 50, 'Team');
  const ofTeam = dynamicGroup(80, 'Of Team', `(&(mailNickname=*)(memberOf=${team.dn}))`);
  const outer = group('mail', 51, 'Outer');
  await forests.read('mail', [team, ofTeam, outer, linkedMailbox(1, 'S-1-5-10'), linkedMailbox(2, 'S-1-5-10')], [membersOf(team, [dnOf('mail', 'Mailbox 1')]), membersOf(outer, [ofTeam, dnOf('mail', 'Mailbox 2')])]);
  expect(await namesIn(forests, 'Of Team')).toEqual(['Mailbox 1: person enabled filter']);
  expect(await namesIn(forests, 'Outer', { effective: true, limit: 1 })).toEqual(['Mailbox 1: person enabled filter', 'Mailbox 2: person enabled member']);
});

test.each([
  ['(employeeType=X)', /employeeType, which Lockstep does not read/],
  ['(memberOf:1.2.840.113556.1.4.1941:=CN=x)', /rules it may use/],
  ['(broken', /cannot be told/],
])('who is in a dynamic group whose filter is %s is not guessed', async (filter, reason) => {
  const forests = await threeForests(lab);
  await forests.read('mail', [dynamicGroup(80, 'Odd', filter), linkedMailbox(1, 'S-1-5-10')]);
  await expect(membersIn(forests, 'Odd')).rejects.toMatchObject({ code: 'group.filter-unreadable', message: expect.stringMatching(reason) as string });
});

test('a group without a filter has no members, and a position of another list is none', async () => {
  const forests = await threeForests(lab);
  await forests.read('mail', [dynamicGroup(80, 'Empty', ' '), linkedMailbox(1, 'S-1-5-10')]);
  expect(await namesIn(forests, 'Empty')).toEqual([]);
  for (const after of ['xyz', 'W10', guidOf('mail', 1)]) {
    await expect(forests.inside((tx) => listGroupMembers(tx, 'Empty', { after, limit: 1 }))).rejects.toThrow('/after');
  }
});
