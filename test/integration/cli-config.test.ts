import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LabApi, labApi, type LabOrganisation } from '../lab/api.ts';
import { type Cli, cli } from '../lab/cli.ts';

let api: LabApi;
let acme: LabOrganisation;
let other: LabOrganisation;
let shell: Cli;
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  other = await api.organisation('other');
  await acme.site('berlin');
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  shell = await cli({ LOCKSTEP_URL: url, LOCKSTEP_TOKEN: acme.tokens.admin });
  const added = await shell.run(
    ['directory', 'add', 'hq', '--account', 'svc@corp.example', '--host', 'dc1', '--password-stdin', '--no-test'],
    { input: 'Pa$$word-of-corp' },
  );
  expect([added.stderr, added.code]).toEqual(['', 0]);
});
afterAll(() => api.close());

const asOther = () => ({ env: { LOCKSTEP_TOKEN: other.tokens.admin } });

test('the export is a file without secrets that changes nothing when it is imported again', async () => {
  const exported = await shell.run(['config', 'export']);
  expect(exported.json()).toMatchObject({ sites: [{ name: 'berlin' }], directories: [{ name: 'hq', settings: { host: 'dc1' } }] });
  expect(exported.stdout).not.toContain('Pa$$word');
  const file = join(shell.home, 'acme.json');
  await writeFile(file, exported.stdout);
  const imported = await shell.run(['config', 'import', file]);
  expect([imported.code, imported.stdout]).toEqual([0, 'Nothing to change: everything is as the file says.\n']);
});

test('a dry run says what would change and changes nothing', async () => {
  const file = join(shell.home, 'acme.json');
  const configuration = JSON.parse(await readFile(file, 'utf8')) as { directories: { description: string }[] };
  for (const directory of configuration.directories) directory.description = 'Headquarters';
  await writeFile(file, JSON.stringify(configuration));
  const dry = await shell.run(['config', 'import', file, '--dry-run']);
  expect(dry.stdout).toMatch(/^~ directory hq: description\n\nNothing was changed yet/);
  expect((await shell.run(['directory', 'show', 'hq', '--json'])).json()).toMatchObject({ description: '' });
  expect((await shell.run(['config', 'import', file, '--json'])).json()).toMatchObject({ applied: true, changes: [{ name: 'hq', action: 'change' }] });
  expect((await shell.run(['directory', 'show', 'hq', '--json'])).json()).toMatchObject({ description: 'Headquarters' });
});

test('another organisation gets it from standard input and learns which passwords are missing', async () => {
  const { stdout } = await shell.run(['config', 'export']);
  const imported = await shell.run(['config', 'import', '-'], { input: stdout, ...asOther() });
  expect([imported.stderr, imported.code]).toEqual(['', 0]);
  expect(imported.stdout).toMatch(/^\+ site berlin\n\+ directory hq\n/);
  expect(imported.stdout).toContain('lockstep directory change hq --password');
});

test('what is no configuration is exit code 2', async () => {
  expect((await shell.run(['config', 'import', '-'], { input: '{"version": 1' })).code).toBe(2);
  expect((await shell.run(['config', 'import', '-'], { input: '{"version": 1, "directories": [{"name": "x"}]}' })).code).toBe(2);
  expect((await shell.run(['config', 'import', join(shell.home, 'none.json')])).code).toBe(2);
});
