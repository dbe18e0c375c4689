/** Domains of a forest: found by what a directory says, offered, added from it, and read. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Directory, Run } from '../../src/api/schemas/directories.ts';
import type { DirectorySettings } from '../../src/shared/directory.ts';
import { type Cli, cli } from '../lab/cli.ts';
import { until } from '../lab/component.ts';
import { type DirectoryRuns, directoryRuns } from '../lab/directory-runs.ts';
import { type SampleDomain, sampleParentChild } from '../lab/sample-forest.ts';

let lab: DirectoryRuns;
let parent: SampleDomain;
let child: SampleDomain;
let shell: Cli;
beforeAll(async () => {
  lab = await directoryRuns('directory-domains');
  ({ parent, child } = await sampleParentChild());
  shell = await cli({ LOCKSTEP_URL: lab.url, LOCKSTEP_TOKEN: lab.organisation.tokens.admin });
});
afterAll(async () => {
  await lab.close();
  await parent.directory.close();
  await child.directory.close();
});

const settings = (domain: SampleDomain): DirectorySettings => ({
  host: domain.directory.host, port: domain.directory.port, security: 'plain', account: domain.accounts.sync.bind, acknowledgeDisabled: true, extraAttributes: ['info'],
});
const show = (name: string) => lab.call<Directory>('GET', `/directories/${name}`);
const domainsOf = async (name: string) => (await show(name)).findings?.domains.map(({ dnsName, readBy, suggestedName, own }) => ({ dnsName, readBy, suggestedName, own }));
const add = (body: object) => lab.answer('POST', '/directories', { password: parent.accounts.sync.password, ...body });

test('before anything was read nothing is known, and nothing can be added from it', async () => {
  await lab.addDirectory('corp', settings(parent), parent.accounts.sync.password);
  expect((await show('corp')).findings).toBeNull();
  const refused = await add({ name: 'emea', from: 'corp' });
  expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: '/domain', message: expect.stringContaining('test corp first') as string }] } });
  expect((await shell.run(['directory', 'domains', 'corp'])).stdout).toBe('Not known yet. Find out: lockstep directory test corp\n');
});

test('a test finds the domains of the forest, and offers the one that nobody reads', async () => {
  const result = shell.start(['directory', 'test', 'corp']);
  let over = false;
  void result.ended.then(() => (over = true));
  await until('the test is over', async () => {
    await lab.startQueued();
    return over;
  });
  const { code, stdout } = await result.ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/\n\nemea\.corp\.lockstep\.test is read by no directory\. Add it: lockstep directory add emea --from corp\n$/);
  expect(await domainsOf('corp')).toEqual([
    { dnsName: 'corp.lockstep.test', readBy: ['corp'], suggestedName: null, own: true },
    { dnsName: 'emea.corp.lockstep.test', readBy: [], suggestedName: 'emea', own: false },
  ]);
});

test('a reading notes where the server refers to and follows it nowhere, and a later test keeps the notes', async () => {
  const connections = child.directory.connections();
  await lab.run('/directories/corp/sync');
  const { findings } = await show('corp');
  expect(findings?.references.some((url) => url.startsWith('ldap://emea.corp.lockstep.test'))).toBe(true);
  expect(child.directory.connections()).toBe(connections);
  await lab.run('/directories/corp/test');
  expect((await show('corp')).findings).toEqual(findings);
  expect((await shell.run(['directory', 'domains', 'corp'])).stdout).toMatch(/noted, and never followed:\n(?: {2}.*\n)* {2}ldap:\/\/emea\.corp\.lockstep\.test/);
});

test.each<[string, object, string, string]>([
  ['a directory that is not there', { name: 'emea', from: 'nowhere' }, '/from', 'there is no directory "nowhere"'],
  ['a domain that the forest has not', { name: 'apac', from: 'corp' }, '/domain', 'it has corp.lockstep.test, emea.corp.lockstep.test'],
  ['a domain that is read', { name: 'again', from: 'corp', domain: 'CORP' }, '/domain', 'is read by corp already'],
  ['settings of its own', { name: 'emea', from: 'corp', settings: settingsOf() }, '/settings', 'overrides'],
  ['overrides without from', { name: 'emea', site: 'berlin', settings: settingsOf(), overrides: {} }, '/overrides', 'only with from'],
])('%s is refused', async (_, body, path, message) => {
  expect(await add(body)).toMatchObject({ status: 422, body: { errors: [{ path, message: expect.stringContaining(message) as string }] } });
});
function settingsOf(): object {
  return { security: 'plain', account: 'svc@corp.lockstep.test', acknowledgeDisabled: true };
}

test('without from, site and settings are needed', async () => {
  expect(await add({ name: 'emea' })).toMatchObject({ status: 400, body: { errors: [{ path: '/site', message: 'is missing' }, { path: '/settings', message: 'is missing' }] } });
});

test('another domain is added with what differs, and is read; both are read by somebody then', async () => {
  const secret = join(shell.home, 'secret.txt');
  await writeFile(secret, `${child.accounts.sync.password}\n`);
  const { host, port } = child.directory;
  const added = await shell.run([
    ...['directory', 'add', 'emea', '--from', 'corp', '--host', host, '--port', String(port), '--account', child.accounts.sync.bind],
    ...['--password-file', secret, '--schedule', 'daily 04:00', '--time-zone', 'UTC', '--no-test', '--json'],
  ]);
  expect([added.stderr, added.code]).toEqual(['', 0]);
  expect((added.json() as { directory: Directory }).directory).toMatchObject({
    name: 'emea',
    site: 'berlin',
    settings: { host, port, security: 'plain', account: child.accounts.sync.bind, baseDn: child.baseDn, extraAttributes: ['info'] },
    schedule: { kind: 'daily', at: '04:00' },
  });
  expect(await domainsOf('corp')).toMatchObject([{ readBy: ['corp'] }, { readBy: ['emea'], suggestedName: null }]);
  const run: Run = await lab.run('/directories/emea/sync');
  expect(run).toMatchObject({ state: 'succeeded' });
  expect(await lab.call('GET', '/people/gwen@emea.lockstep.test')).toMatchObject({ displayName: 'Gwen Green' });
  expect((await shell.run(['directory', 'domains', 'corp'])).stdout).not.toContain('Add it');
});

test('a host is not taken over: the controller of another domain is found by its base DN', async () => {
  const answer = await add({ name: 'second', from: 'corp', overrides: { baseDn: `OU=People,${child.baseDn}` }, schedule: null });
  expect(answer.status).toBe(201);
  const { settings: made } = answer.body as Directory;
  expect(made).toEqual({ security: 'plain', account: parent.accounts.sync.bind, baseDn: `OU=People,${child.baseDn}`, acknowledgeDisabled: true, extraAttributes: ['info'] });
});

test('how changes are told is shown after a reading', async () => {
  expect(await show('corp')).toMatchObject({ changes: { method: 'dirsync', reason: '', deletionsVisible: true, pollSeconds: 30, state: 'not-yet', watchedAt: null, error: null, nextReconcileAt: '2026-11-25T04:30:00.000Z', reconcile: null } });
  expect((await shell.run(['directory', 'show', 'corp'])).stdout).toMatch(/^changes +told by DirSync\ndeletions +are noticed with the other changes\nwatcher +begins after the first full reading$/m);
});
