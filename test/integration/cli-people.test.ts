import { beginRun, finishRun } from '../../src/archive/runs.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import type { DirectoryEntry, DirectoryPage } from '../../src/shared/directory.ts';
import { type LabApi, labApi, type LabOrganisation } from '../lab/api.ts';
import { anIntegration, aRun, contactEntry, directoryPage, endRun, groupEntry, membersOf, userEntry } from '../lab/builders.ts';
import { type Cli, cli } from '../lab/cli.ts';
import { until } from '../lab/component.ts';
import { account, linkedMailbox, sidOf } from '../lab/forests.ts';
import { readAll } from '../lab/reading.ts';

let api: LabApi;
let acme: LabOrganisation;
let shell: Cli;
const anna = userEntry('Anna Jansen', { attributes: { title: ['Engineer'] } });
const evil = userEntry('Eve \u001b[2JMallory');
const others = Array.from({ length: 30 }, (_, at) => contactEntry(`Partner ${String(at).padStart(2, '0')}`));
const staff = groupEntry('All Staff');
const board = groupEntry('Board');
const stranger = 'CN=Stranger,DC=other,DC=example';

beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  const { row: site } = await acme.site('berlin');
  const integration = await anIntegration(api.lab.owner, site, { name: 'hq', credential: Buffer.alloc(1) });
  const run = await aRun(api.lab.owner, integration);
  await readAll(api.lab.app, run, [
    directoryPage({ entries: [anna, evil, ...others] }),
    directoryPage({
      entries: [staff, board],
      members: [membersOf(staff, [anna, board, stranger]), membersOf(board, [anna])],
      problems: [{ guid: null, subject: 'CN=Broken,DC=corp,DC=example', code: 'object.dn-invalid', detail: 'The name cannot be understood.' }],
    }),
  ]);
  await endRun(api.lab.owner, run);
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  shell = await cli({ LOCKSTEP_URL: url, LOCKSTEP_TOKEN: acme.tokens.operate });
});
afterAll(() => api.close());

const okay = async (...args: string[]) => {
  const result = await shell.run(args);
  expect([result.stderr, result.code]).toEqual(['', 0]);
  return result;
};

test('a person is shown by any address and by id', async () => {
  const { stdout } = await okay('person', 'show', 'anna.jansen@alias.example');
  expect(stdout).toMatch(/^person +Anna Jansen$/m);
  expect(stdout).toMatch(/^Addresses +anna\.jansen@corp\.example \(primary\)\n +anna\.jansen@alias\.example$/m);
  expect(stdout).toMatch(/^title +Engineer$/m);
  expect(stdout).toMatch(/^Member of +All Staff \(\d+\)\n +Board \(\d+\)$/m);
  const { id } = (await okay('person', 'show', 'anna.jansen@corp.example', '--json')).json() as { id: string };
  expect((await okay('person', 'show', id, '--json')).json()).toMatchObject({ displayName: 'Anna Jansen', sources: [{ integration: 'hq', guid: anna.guid }] });
});

test('somebody who does not exist is exit code 6 with who is near', async () => {
  const { code, stderr } = await shell.run(['person', 'show', 'anna.jansn@corp.example']);
  expect([code, stderr]).toEqual([6, expect.stringContaining('Did you mean anna.jansen@corp.example?')]);
});

test('a list is read page by page and says when there is more', async () => {
  const all = (await okay('person', 'list', '--json')).json() as { items: unknown[]; next: string | null };
  expect([all.items.length, all.next]).toEqual([32, null]);
  const some = await okay('person', 'list', '--limit', '10');
  expect(some.stdout.split('\n').filter((line) => /@/.test(line))).toHaveLength(10);
  expect(some.stdout).toContain('more than these 10. See them with --limit 100.');
});

test('a search finds by the beginning of first name, last name or address, or says that nobody is found', async () => {
  expect((await okay('person', 'list', '--search', 'ann')).stdout).toMatch(/^Anna Jansen +anna\.jansen@corp\.example +user-mailbox +enabled +\d+$/m);
  expect((await okay('person', 'list', '--search', 'jans')).stdout).toMatch(/^Anna Jansen /m);
  expect((await okay('person', 'list', '--search', 'zzz')).stdout).toBe('Nobody has a name, a word in it, or an address that begins with "zzz".\n');
});

test('a name from the directory cannot send escape sequences to the terminal', async () => {
  const list = await okay('person', 'list');
  expect(list.stdout).toContain('Mallory');
  expect(list.stdout).not.toContain('\u001b');
  const json = (await okay('person', 'list', '--search', 'eve', '--json')).json() as { items: { displayName: string }[] };
  expect(json.items[0]?.displayName).toBe('Eve \u001b[2JMallory');
});

test('a group is shown by name, with its members of every kind', async () => {
  const { stdout } = await okay('group', 'show', 'All Staff', '--members');
  expect(stdout).toMatch(/^members +3 direct/m);
  expect(stdout).toMatch(/^Anna Jansen +anna\.jansen@corp\.example +person +enabled +\d+$/m);
  expect(stdout).toMatch(/^Board +board@corp\.example +group +enabled +\d+$/m);
  expect(stdout).toMatch(/^CN=Stranger,DC=other,DC=example +not known$/m);
  expect((await okay('group', 'show', 'board@corp.example', '--json')).json()).toMatchObject({ displayName: 'Board', members: 1 });
  expect((await okay('group', 'list', '--search', 'all')).stdout).toMatch(/^All Staff +all\.staff@corp\.example +\S+ +3 +enabled +\d+$/m);
});

test('effective members are those of the groups in it, and no groups', async () => {
  const { stdout } = await okay('group', 'members', 'All Staff', '--effective');
  expect(stdout).toMatch(/^Anna Jansen +anna\.jansen@corp\.example +person +enabled +\d+$/m);
  expect(stdout).not.toMatch(/^Board/m);
  const direct = (await okay('group', 'members', 'all.staff@corp.example', '--json')).json() as { items: { kind: string; by: string }[] };
  expect(direct.items.map(({ kind }) => kind).sort()).toEqual(['group', 'pending', 'person']);
  expect(await shell.run(['group', 'members', 'All Stuff'])).toMatchObject({ code: 6, stderr: expect.stringContaining("Did you mean 'All Staff'?") as string });
});

test('a person of two directories shows which of them said what', async () => {
  const organisation = await api.organisation('forest');
  const { row: site } = await organisation.site('here');
  const read = async (name: string, entries: readonly DirectoryEntry[]) => {
    const integration = await anIntegration(api.lab.owner, site, { name, settings: { baseDn: 'DC=example' } });
    const run = await aRun(api.lab.owner, integration);
    await readAll(api.lab.app, run, [directoryPage({ entries })]);
    await endRun(api.lab.owner, run);
  };
  await read('accounts', [account('one', 1, 'Anna Jansen')]);
  await read('exchange', [linkedMailbox(1, sidOf('one', 1), { attributes: { department: ['Sales'] } })]);
  const { stdout, stderr } = await shell.run(['person', 'show', 'm1@mail.example'], { env: { LOCKSTEP_TOKEN: organisation.tokens.operate } });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^person +Anna Jansen {2}\[accounts\]$/m);
  expect(stdout).toMatch(/^state +enabled {2}\[accounts\]$/m);
  expect(stdout).toMatch(/^Addresses +m1@mail\.example \(primary\) {2}\[exchange\]$/m);
  expect(stdout).toMatch(/^title +Engineer {2}\[accounts\]$/m);
  expect(stdout).toMatch(/^department +Sales {2}\[exchange\]$/m);
  expect(stdout).toMatch(/^Sources +accounts: .*\(rule self, since .*\), gives account, outside\n +exchange: .*\(rule master-account-sid, since .*\), gives mail$/m);
});

test('a group that does not exist is exit code 6 with the near name', async () => {
  expect(await shell.run(['group', 'show', 'All Stuff'])).toMatchObject({ code: 6, stderr: expect.stringContaining("Did you mean 'All Staff'?") as string });
});

test('open problems are listed with object, code and reason', async () => {
  const { stdout } = await okay('directory', 'problems', 'hq');
  expect(stdout).toMatch(/^CN=Broken,DC=corp,DC=example +object\.dn-invalid +The name cannot be understood\. +/m);
  const status = await shell.run(['status']);
  expect([status.code, status.stdout]).toEqual([3, expect.stringContaining('! directory hq: 1 object with problems\n  → lockstep directory problems hq')]);
});

test('a plan shows each change before and after, counts, and changes nothing', async () => {
  const moved = { ...anna, attributes: { ...anna.attributes, title: ['Lead'] } };
  const fresh = userEntry('New Person');
  const kept = others.slice(1);
  const [result] = await Promise.all([
    shell.run(['directory', 'plan', 'hq']),
    playPlan([directoryPage({ entries: [moved, evil, fresh, ...kept, staff, board], members: [membersOf(staff, [anna, board, stranger]), membersOf(board, [anna])] })]),
  ]);
  expect(result.code).toBe(0);
  expect(result.stdout).toMatch(/^added +.*new\.person@corp\.example/im);
  expect(result.stdout).toMatch(/^changed +.*anna.*\n +title +Engineer → Lead$/im);
  expect(result.stdout).toMatch(/^missing +.*partner.00/im);
  expect(result.stdout).toContain('Nothing was changed. Do it: lockstep directory sync hq');
  expect((await okay('person', 'list', '--json')).json()).toMatchObject({ items: { length: 32 } });

  const [json] = await Promise.all([shell.run(['directory', 'plan', 'hq', '--action', 'added', '--json']), playPlan([directoryPage({ entries: [fresh] })])]);
  expect(json.json()).toMatchObject({ run: { kind: 'directory-plan' }, entries: { items: [{ action: 'added', guid: fresh.guid }], next: null } });
});

/** What workflow and site do with a queued plan. */
async function playPlan(pages: readonly DirectoryPage[]): Promise<void> {
  const inOrganisation = <T>(work: Parameters<typeof withOrganisation<T>>[2]) => withOrganisation(api.lab.app, acme.row.id, work);
  const queued = () => inOrganisation((tx) => tx.selectFrom('run').selectAll().where('state', '=', 'queued').executeTakeFirst());
  await until('a plan is queued', async () => (await queued()) !== undefined);
  const run = await queued();
  if (run === undefined) throw new Error('the queued run is gone');
  await inOrganisation((tx) => beginRun(tx, run.id));
  await readAll(api.lab.app, run, pages);
  await inOrganisation((tx) => finishRun(tx, run.id, { state: 'succeeded' }));
}
