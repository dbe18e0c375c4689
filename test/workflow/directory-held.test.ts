/** Runs that are held, from the sample directory's lie to what an administrator decides, through every part. */
import type { Directory, HeldObject, Run } from '../../src/api/schemas/directories.ts';
import type { DirectorySettings } from '../../src/shared/directory.ts';
import { type DirectoryRuns, directoryRuns } from '../lab/directory-runs.ts';
import { type SampleDomain, sampleParentChild } from '../lab/sample-forest.ts';

let lab: DirectoryRuns;
let domain: SampleDomain;
let other: SampleDomain;
beforeAll(async () => {
  lab = await directoryRuns('directory-held');
  ({ parent: domain, child: other } = await sampleParentChild());
});
afterAll(async () => {
  await lab.close();
  await domain.directory.close();
  await other.directory.close();
});

afterEach(() => domain.directory.faults.clear());

const settings = (overrides: Partial<DirectorySettings> = {}): DirectorySettings => ({
  host: domain.directory.host, port: domain.directory.port, security: 'plain', account: domain.accounts.sync.bind, acknowledgeDisabled: true, ...overrides,
});
const add = (name: string, overrides: Partial<DirectorySettings> = {}) => lab.addDirectory(name, settings(overrides), domain.accounts.sync.password);
const sync = (name: string) => lab.run(`/directories/${name}/sync`);
const directory = (name: string) => lab.call<Directory>('GET', `/directories/${name}`);
const peopleOf = async (name: string) => (await directory(name)).counts;

test('people who leave the filter are held, shown with why, and go when an administrator approves', async () => {
  await add('limited', { removal: { limits: { deletion: { number: 0 } } } });
  expect((await sync('limited')).state).toBe('succeeded');
  const before = await peopleOf('limited');
  const changed = { ...settings({ removal: { limits: { deletion: { number: 0 } } } }), filter: '(!(displayName=Carol Clarke))' };
  await lab.call('PATCH', '/directories/limited', { settings: changed });
  const run = await sync('limited');
  expect(run).toMatchObject({ state: 'held', error: null, totals: { held: 1, missing: 0 }, held: [{ kind: 'deletion', objects: 1, state: 'open' }] });
  expect(await lab.history(run)).toContain('held');
  expect(await peopleOf('limited')).toEqual(before);
  expect((await directory('limited')).held).toMatchObject([{ kind: 'deletion', run: run.id, runNumber: run.number, objects: 1 }]);
  const { items } = await lab.call<{ items: HeldObject[] }>('GET', `/runs/${run.id}/held`);
  expect(items).toMatchObject([{ kind: 'deletion', why: 'out-of-scope', pending: true, subject: expect.stringContaining('Carol Clarke') as string }]);
  const decided = await lab.call<Run>('POST', `/runs/${run.id}/approve`);
  expect(decided.held).toMatchObject([{ state: 'approved', resolvedObjects: 1, resolvedBy: expect.any(String) as string }]);
  expect(await peopleOf('limited')).toEqual({ ...before, people: before.people - 1, missing: before.missing + 1 });
  expect((await directory('limited')).held).toEqual([]);
  expect(await lab.answer('POST', `/runs/${run.id}/reject`)).toMatchObject({ status: 409, body: { code: 'run.nothing-held' } });
});

test('a part of an answer, given as if it were all the server may give, is held and keeps no other directory back', async () => {
  await add('cut');
  await add('beside');
  await sync('cut');
  const before = await peopleOf('cut');
  // sizeLimitExceeded.
  domain.directory.faults.inject({ kind: 'result', at: { page: 1 }, code: 4 });
  const run = await sync('cut');
  expect(run).toMatchObject({ state: 'held', held: [{ kind: 'reading', objects: 0, state: 'open' }], error: { code: 'ldap.size-limit' } });
  expect(await peopleOf('cut')).toEqual(before);
  domain.directory.faults.clear();
  expect(await sync('beside')).toMatchObject({ error: null, state: 'succeeded' });
  expect(await lab.answer('POST', `/runs/${run.id}/approve`)).toMatchObject({ status: 409, body: { code: 'run.not-acceptable' } });
  expect((await sync('cut')).state).toBe('succeeded');
  expect((await directory('cut')).held).toEqual([]);
});

test.each(['searchBases', 'baseDn'] as const)('%s that vanished is held', async (setting) => {
  const name = setting.toLowerCase();
  const ou = `OU=People,${domain.baseDn}`;
  await add(name, setting === 'baseDn' ? { baseDn: ou } : { searchBases: [ou] });
  await sync(name);
  const before = await peopleOf(name);
  expect(before.people).toBeGreaterThan(0);
  domain.directory.move(ou, `OU=Folk,${domain.baseDn}`);
  expect(await sync(name)).toMatchObject({ state: 'held', error: { code: 'directory.base-missing' } });
  domain.directory.move(`OU=Folk,${domain.baseDn}`, ou);
  expect(await peopleOf(name)).toEqual(before);
});

test('an answer that ends early as if it were whole is held, until somebody says that it is', async () => {
  await add('partial', { removal: { limits: { 'group-removal': { number: 0 } } } });
  await sync('partial');
  const before = await peopleOf('partial');
  // Containers come first, so nobody is left.
  domain.directory.faults.inject({ kind: 'truncate', objects: 3 });
  const run = await sync('partial');
  expect(run).toMatchObject({ state: 'held', held: [{ kind: 'reading' }], error: { code: 'directory.empty-reading' } });
  expect(await peopleOf('partial')).toEqual(before);
  await lab.call('POST', `/runs/${run.id}/approve?kind=reading`);
  const taken = await sync('partial');
  expect(taken).toMatchObject({ state: 'held', held: [{ kind: 'group-removal' }] });
  expect((await peopleOf('partial')).groups).toBe(before.groups);
});

test('an account that may see nothing of what it saw is held', async () => {
  await add('weaker', { filter: '(title=*)' });
  domain.directory.modify(`CN=Bob Baker,OU=People,${domain.baseDn}`, { title: 'Baker' });
  await sync('weaker');
  const before = await peopleOf('weaker');
  expect(before.people).toBeGreaterThan(0);
  await lab.call('PATCH', '/directories/weaker', { settings: settings({ filter: '(title=Nobody)' }) });
  const run = await sync('weaker');
  expect(run).toMatchObject({ state: 'held', error: { code: 'directory.empty-reading', next: expect.stringContaining('runs approve') as string } });
  expect(await peopleOf('weaker')).toEqual(before);
});
