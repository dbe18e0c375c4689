/** One object on demand, from the request to what the archive holds, against a sample directory. */
import type { Person } from '../../src/api/schemas/people.ts';
import type { Run } from '../../src/api/schemas/directories.ts';
import type { DirectoryObjectQuery, DirectorySettings } from '../../src/shared/directory.ts';
import { type DirectoryRuns, directoryRuns } from '../lab/directory-runs.ts';
import { type SampleDomain, sampleParentChild } from '../lab/sample-forest.ts';

let lab: DirectoryRuns;
let domain: SampleDomain;
let other: SampleDomain;
beforeAll(async () => {
  lab = await directoryRuns('directory-object');
  ({ parent: domain, child: other } = await sampleParentChild());
  await lab.addDirectory('corp', settings('sync'), domain.accounts.sync.password);
  await lab.run('/directories/corp/sync');
});
afterAll(async () => {
  await lab.close();
  await domain.directory.close();
  await other.directory.close();
});

const settings = (account: 'sync' | 'read', overrides: Partial<DirectorySettings> = {}): DirectorySettings => ({
  host: domain.directory.host, port: domain.directory.port, security: 'plain', account: domain.accounts[account].bind, acknowledgeDisabled: true, ...overrides,
});
const sync = (by: DirectoryObjectQuery['by'], value: string, directory = 'corp') => lab.run(`/directories/${directory}/objects`, { by, value });
const stepsOf = ({ report }: Run) => report?.map(({ step, outcome, code }) => [step, outcome, code].filter((part) => part !== undefined).join(' '));
const detailOf = ({ report }: Run, step: string) => report?.find((each) => each.step === step)?.detail;
const all = ['connect passed', 'find passed', 'read passed', 'scope passed', 'apply passed'];
const person = (name: string) => `CN=${name},OU=People,${domain.baseDn}`;
const personOf = (address: string) => lab.call<Person>('GET', `/people/${encodeURIComponent(address)}`);

test('a change arrives with the object, with what happened at each step and no name in the history', async () => {
  domain.directory.modify(person('Carol Clarke'), { title: 'Captain' });
  const run = await sync('address', 'carol@lockstep.test');
  expect(run).toMatchObject({ kind: 'directory-object', state: 'succeeded', object: { by: 'address', value: 'carol@lockstep.test' }, totals: { seen: 1, changed: 1 } });
  expect(stepsOf(run)).toEqual(all);
  expect(detailOf(run, 'find')).toContain(person('Carol Clarke'));
  expect(detailOf(run, 'scope')).toBe('In scope: no rule keeps it out.');
  expect(detailOf(run, 'apply')).toMatch(/^Changed: .*title/);
  expect(JSON.stringify(await personOf('carol@lockstep.test'))).toContain('Captain');
  const history = await lab.history(run);
  expect(history).toContain('runId');
  for (const secret of ['carol', 'Carol', 'lockstep.test']) expect(history).not.toContain(secret);
  expect(stepsOf(await sync('dn', person('Carol Clarke').toUpperCase()))).toEqual(all);
  expect(detailOf(await sync('address', 'carol@lockstep.test'), 'apply')).toContain('nothing changed');
});

test('somebody who was renamed is found by the address and the name that the archive has', async () => {
  domain.directory.move(person('Alice Archer'), person('Alice Baker'));
  domain.directory.modify(person('Alice Baker'), { mail: 'alice.baker@lockstep.test', proxyAddresses: ['SMTP:alice.baker@lockstep.test'], userPrincipalName: 'alice.baker@corp.lockstep.test' });
  const run = await sync('address', 'alice@lockstep.test');
  expect(stepsOf(run)).toEqual(all);
  expect(detailOf(run, 'find')).toContain('the one that the archive has under it is there: CN=Alice Baker');
  // Who reports to her names her anew.
  const bob = await lab.api.lab.owner.selectFrom('directory_object').select(['manager_key']).where('dn', '=', person('Bob Baker')).executeTakeFirstOrThrow();
  const alice = await lab.api.lab.owner.selectFrom('directory_object').select(['dn_key']).where('dn', '=', person('Alice Baker')).executeTakeFirstOrThrow();
  expect(bob.manager_key).toEqual(alice.dn_key);
});

test('a group comes with who joined it', async () => {
  const group = `CN=Engineering,OU=Groups,${domain.baseDn}`;
  domain.directory.addValues(group, { member: [person('Alice Baker')] });
  const run = await sync('dn', group);
  expect(detailOf(run, 'apply')).toContain('members (2 before, 3 now)');
});

test('somebody who was deleted leaves when the account may see that, asked for by what the archive has', async () => {
  domain.directory.put({ dn: person('Dora Dunn'), attributes: { objectClass: ['top', 'person', 'organizationalPerson', 'user'], cn: 'Dora Dunn', mail: 'dora@lockstep.test', userAccountControl: '512' } });
  expect(detailOf(await sync('address', 'dora@lockstep.test'), 'apply')).toBe('Added: Dora Dunn.');
  domain.directory.remove(person('Dora Dunn'));
  const run = await sync('address', 'dora@lockstep.test');
  expect(stepsOf(run)).toEqual(['connect passed', 'find passed', 'read skipped', 'scope passed', 'apply passed']);
  expect(detailOf(run, 'find')).toContain('says that it was deleted');
  expect(detailOf(run, 'apply')).toContain('missing from now on');
  expect(run).toMatchObject({ state: 'succeeded', totals: { missing: 1 } });
});

test('an account that may not see deleted objects takes nobody away: the step fails and says what the archive has', async () => {
  await lab.addDirectory('weak', settings('read'), domain.accounts.read.password);
  await lab.run('/directories/weak/sync');
  domain.directory.put({ dn: person('Ed East'), attributes: { objectClass: ['top', 'person', 'organizationalPerson', 'user'], cn: 'Ed East', mail: 'ed@lockstep.test', userAccountControl: '512' } });
  await sync('address', 'ed@lockstep.test', 'weak');
  domain.directory.remove(person('Ed East'));
  const run = await sync('address', 'ed@lockstep.test', 'weak');
  expect(stepsOf(run)).toEqual(['connect passed', 'find failed directory.object-not-found', 'scope skipped', 'apply skipped']);
  expect(detailOf(run, 'find')).toMatch(/A full reading decides\. The archive has Ed East under it \(CN=Ed East.*\), and keeps it until a full reading finds it gone\.$/);
  expect(run.state).toBe('succeeded');
  const kept = await lab.api.lab.owner.selectFrom('directory_object').select('missing_since').where('display_name', '=', 'Ed East').execute();
  expect(kept.map(({ missing_since }) => missing_since)).toEqual([null]);
});

test('nobody at all is a failed step, and a refused sign-in parks no schedule', async () => {
  expect(stepsOf(await sync('address', 'nobody@lockstep.test'))).toEqual(['connect passed', 'find failed directory.object-not-found', 'scope skipped', 'apply skipped']);
  await lab.addDirectory('wrong', settings('sync'), 'wrong');
  const run = await sync('address', 'carol@lockstep.test', 'wrong');
  expect(stepsOf(run)?.[0]).toBe('connect failed ldap.invalid-credentials');
  expect(await lab.call('GET', '/directories/wrong')).toMatchObject({ parked: null });
});

test('who is kept out is said to be, by which rule', async () => {
  await lab.addDirectory('narrow', settings('sync', { filter: '(title=Director)', mailDomains: ['elsewhere.test'] }), domain.accounts.sync.password);
  const run = await sync('address', 'carol@lockstep.test', 'narrow');
  expect(detailOf(run, 'scope')).toBe('Kept out: it does not match the filter (title=Director); none of its addresses is in the mail domains (elsewhere.test).');
  expect(detailOf(run, 'apply')).toBe('It is not taken, and was not there before: nothing changed.');
});

test.each([
  [{ by: 'guid', value: 'not-a-guid' }, 422],
  [{ by: 'dn', value: 'rubbish' }, 422],
  [{ by: 'address', value: 'no address' }, 422],
  [{ by: 'name', value: 'Carol' }, 400],
  [{ by: 'address' }, 400],
])('%j is refused', async (body, status) => {
  expect((await lab.answer('POST', '/directories/corp/objects', body)).status).toBe(status);
});
