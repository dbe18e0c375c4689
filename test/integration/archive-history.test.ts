/** What happened to people and groups. */
import { groupHistory, type HistoryEvent, personHistory } from '../../src/archive/directory-history.ts';
import { InvalidInputError, NotFoundError } from '../../src/archive/record-errors.ts';
import { account, dnOf, type Forests, group, guidOf, linkedMailbox, sidOf, threeForests } from '../lab/forests.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

const anna = (attributes: Record<string, string[]> = {}, dn = dnOf('one', 'Anna')) =>
  account('one', 1, 'Anna', { dn, attributes: { mail: ['anna@one.example'], ...attributes } });
const staff = group('one', 50, 'Staff');
const members = (...dns: string[]) => [{ guid: guidOf('one', 50), dns, last: true }];

const ofPerson = async (forests: Forests, who = 'anna@one.example') => (await forests.inside((tx) => personHistory(tx, who, { limit: 100 }))).items;
const ofGroup = async (forests: Forests) => (await forests.inside((tx) => groupHistory(tx, 'Staff', { limit: 100 }))).items;
const short = (events: readonly HistoryEvent[]) => events.map(({ kind, run }) => `${kind} ${run === null ? 'changes' : run.number}`);

test('each change of a person is told with its values, newest first, and the run that made it', async () => {
  const forests = await threeForests(lab);
  await forests.read('one', [anna()]);
  await forests.read('one', [anna()]);
  await forests.read('one', [anna({ title: ['Chief'] })]);
  await forests.read('one', [anna({ title: ['Chief'] }, `CN=Anna,OU=Else,DC=one,DC=example`)]);
  await forests.read('one', [anna({ title: ['Chief'], userAccountControl: ['514'] }, `CN=Anna,OU=Else,DC=one,DC=example`)]);
  await forests.read('one', [staff]);
  await forests.read('one', [anna({ title: ['Chief'], userAccountControl: ['514'] }, `CN=Anna,OU=Else,DC=one,DC=example`)]);
  const events = await ofPerson(forests);
  expect(short(events)).toEqual(['returned 7', 'removed 6', 'disabled 5', 'renamed 4', 'changed 3', 'added 1']);
  expect(events.map(({ changes }) => changes)).toEqual([
    [],
    [],
    [{ attribute: 'userAccountControl', before: ['512'], after: ['514'] }],
    [{ attribute: 'distinguishedName', before: [dnOf('one', 'Anna')], after: ['CN=Anna,OU=Else,DC=one,DC=example'] }],
    [{ attribute: 'title', before: ['Engineer'], after: ['Chief'] }],
    [],
  ]);
  expect(new Set(events.map(({ directory }) => directory))).toEqual(new Set(['one']));
});

test('links, and groups that were joined and left; that a group names somebody anew is nothing', async () => {
  const forests = await threeForests(lab);
  await forests.read('one', [anna(), staff], members());
  await forests.read('mail', [linkedMailbox(1, sidOf('one', 1))]);
  await forests.read('one', [anna(), staff], members(dnOf('one', 'Anna')));
  const elsewhere = 'CN=Anna,OU=Else,DC=one,DC=example';
  await forests.read('one', [anna({}, elsewhere), staff], members(elsewhere));
  await forests.read('one', [anna({}, elsewhere), staff], members());
  await forests.read('mail', [linkedMailbox(1, 'S-1-5-10')]);
  const events = await ofPerson(forests);
  expect(short(events)).toEqual(['unlinked 6', 'left 5', 'renamed 4', 'joined 3', 'linked 2', 'added 1']);
  expect(events.find(({ kind }) => kind === 'linked')).toMatchObject({ directory: 'mail', rule: 'master-account-sid' });
  expect(events.find(({ kind }) => kind === 'joined')?.group).toMatchObject({ displayName: 'Staff' });
  const group = await ofGroup(forests);
  expect(short(group)).toEqual(['left 5', 'joined 3', 'added 1']);
  expect(group.map(({ member }) => member?.dn ?? null)).toEqual([elsewhere, dnOf('one', 'Anna'), null]);
});

test('members that a group was first read with are not told one by one', async () => {
  const forests = await threeForests(lab);
  await forests.read('one', [anna(), staff], members(dnOf('one', 'Anna'), dnOf('two', 'Nobody yet')));
  expect(short(await ofGroup(forests))).toEqual(['added 1']);
});

test('is read page by page', async () => {
  const forests = await threeForests(lab);
  for (let round = 0; round < 7; round += 1) await forests.read('one', [anna({ title: [`Title ${round}`] })]);
  const all = await ofPerson(forests);
  const paged: HistoryEvent[] = [];
  let after: string | undefined;
  do {
    const page = await forests.inside((tx) => personHistory(tx, 'anna@one.example', { after, limit: 2 }));
    paged.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined);
  expect(all).toHaveLength(7);
  expect(paged).toEqual(all);
  await expect(forests.inside((tx) => personHistory(tx, 'anna@one.example', { after: 'x', limit: 2 }))).rejects.toThrow(InvalidInputError);
});

test('belongs to one organisation', async () => {
  const [forests, others] = [await threeForests(lab), await threeForests(lab)];
  await forests.read('one', [anna()]);
  await others.read('one', [staff]);
  const { id } = await forests.person('anna@one.example');
  await expect(ofPerson(others, id)).rejects.toThrow(NotFoundError);
});
