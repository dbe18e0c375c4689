import type { DirectoryProblem, PlanEntry } from '../../src/api/schemas/directories.ts';
import type { Group, GroupMember, GroupSummary, Person, PersonSummary } from '../../src/api/schemas/people.ts';
import { type LabApi, labApi, type LabOrganisation } from '../lab/api.ts';
import { anIntegration, aRun, contactEntry, directoryPage, endRun, groupEntry, membersOf, userEntry } from '../lab/builders.ts';
import { readAll } from '../lab/reading.ts';

let api: LabApi;
let acme: LabOrganisation;
let planRun: string;
const chief = userEntry('Ada Chief');
const worker = userEntry('Bob Worker', { attributes: { manager: [chief.dn], title: ['Engineer'] } });
const partner = contactEntry('Cleo Partner');
const staff = groupEntry('Staff');

beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  const { row: site } = await acme.site('berlin');
  const integration = await anIntegration(api.lab.owner, site, { name: 'corp' });
  const page = directoryPage({
    entries: [chief, worker, partner, staff],
    members: [membersOf(staff, [chief, worker, 'CN=Nobody,DC=corp,DC=example'])],
    problems: [{ guid: null, subject: 'CN=Broken,DC=corp,DC=example', code: 'attribute.undecodable', detail: 'The name is no text.' }],
  });
  const plan = await aRun(api.lab.owner, integration, { kind: 'directory-plan' });
  await readAll(api.lab.app, plan, [page]);
  await endRun(api.lab.owner, plan);
  planRun = plan.id;
  const sync = await aRun(api.lab.owner, integration);
  await readAll(api.lab.app, sync, [page]);
  await endRun(api.lab.owner, sync);
});
afterAll(() => api.close());

async function get<T>(url: string): Promise<T> {
  const { status, body, text } = await api.call(acme.tokens.read, 'GET', `/api/v1${url}`);
  expect([url, status, text]).toEqual([url, 200, expect.any(String)]);
  return body as T;
}
interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
}

test('people are listed by name, page by page, and found by the beginning of a name or address', async () => {
  const names: string[] = [];
  let next: string | null = '';
  while (next !== null) {
    const page: Page<PersonSummary> = await get(`/people?limit=2${next === '' ? '' : `&after=${encodeURIComponent(next)}`}`);
    names.push(...page.items.map((item) => item.displayName));
    next = page.next;
  }
  expect(names).toEqual(['Ada Chief', 'Bob Worker', 'Cleo Partner']);
  expect((await get<Page<PersonSummary>>('/people?search=bob')).items).toMatchObject([{ displayName: 'Bob Worker', primaryAddress: 'bob.worker@corp.example', kind: 'user', state: 'enabled' }]);
  expect((await get<Page<PersonSummary>>('/people?search=cleo.partner@')).items).toHaveLength(1);
});

test('a person is shown whole, by any address and by id', async () => {
  const person = await get<Person>('/people/BOB.worker@alias.example');
  expect(person).toMatchObject({
    displayName: 'Bob Worker',
    addresses: [
      { address: 'bob.worker@corp.example', primary: true, held: true, disabled: false },
      { address: 'bob.worker@alias.example', primary: false, held: true, disabled: false },
    ],
    accountName: 'bob.worker',
    principalName: 'bob.worker@corp.example',
    manager: { displayName: 'Ada Chief' },
    memberOf: [{ displayName: 'Staff' }],
    attributes: { title: ['Engineer'] },
    sources: [{ integration: 'corp', guid: worker.guid, dn: worker.dn, rule: 'self' }],
    missingSince: null,
  });
  expect(await get<Person>(`/people/${person.id}`)).toEqual(person);
  expect(await get<Person>(`/people/${person.manager?.id ?? ''}`)).toMatchObject({ displayName: 'Ada Chief', directReports: 1 });
});

test('a group is shown with its members, the unknown ones too', async () => {
  expect((await get<Page<GroupSummary>>('/groups')).items).toMatchObject([{ displayName: 'Staff', members: 3, state: 'enabled' }]);
  const group = await get<Group>('/groups/Staff');
  expect(group).toMatchObject({ primaryAddress: 'staff@corp.example', members: 3, sources: [{ dn: staff.dn }] });
  const { items } = await get<Page<GroupMember>>(`/groups/${group.id}/members`);
  expect(items.map((item) => [item.kind, item.displayName]).sort()).toEqual([
    ['pending', null],
    ['person', 'Ada Chief'],
    ['person', 'Bob Worker'],
  ]);
});

test('a plan says what would be done', async () => {
  const { items } = await get<Page<PlanEntry>>(`/runs/${planRun}/plan?action=added`);
  expect(items.map((item) => [item.action, item.guid]).sort()).toEqual([chief, worker, partner, staff].map((entry) => ['added', entry.guid]).sort());
  expect((await get<Page<PlanEntry>>(`/runs/${planRun}/plan?action=removed`)).items).toEqual([]);
});

test('problems of a directory are listed until they are gone', async () => {
  expect((await get<Page<DirectoryProblem>>('/directories/corp/problems')).items).toMatchObject([
    { code: 'attribute.undecodable', subject: 'CN=Broken,DC=corp,DC=example', detail: 'The name is no text.', guid: null },
  ]);
});

test('a directory counts what it read', async () => {
  expect(await get('/directories/corp')).toMatchObject({ counts: { people: 3, groups: 1, missing: 0 }, openProblems: 1, lastRun: { kind: 'directory-sync', state: 'succeeded' } });
});

test('a place in a list that is none is refused', async () => {
  for (const url of ['/people?after=nonsense', '/groups?after=nonsense', '/groups/Staff/members?after=nonsense', '/directories/corp/problems?after=x', `/runs/${planRun}/plan?after=x`]) {
    expect([url, await api.call(acme.tokens.read, 'GET', `/api/v1${url}`)]).toMatchObject([url, { status: 422, body: { errors: [{ path: '/after' }] } }]);
  }
});
