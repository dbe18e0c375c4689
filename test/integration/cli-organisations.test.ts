import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LabApi, labApi } from '../lab/api.ts';
import { type Cli, cli } from '../lab/cli.ts';

let api: LabApi;
let shell: Cli;
let url: string;
beforeAll(async () => {
  api = await labApi();
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  shell = await cli({ LOCKSTEP_URL: url });
});
afterAll(() => api.close());

const installation = () => ({ env: { LOCKSTEP_TOKEN: api.installationToken } });
const savedTokens = async () =>
  (JSON.parse(await readFile(join(shell.home, 'config.json'), 'utf8')) as { tokens: Record<string, string> }).tokens;
const okay = async (...args: string[]) => {
  const result = await shell.run(args);
  expect([result.stderr, result.code]).toEqual([expect.anything(), 0]);
  return result;
};

test('an organisation is made, and its token is kept without being shown', async () => {
  const { code, stdout, stderr } = await shell.run(['organisation', 'add', 'acme', '--display-name', 'Acme Ltd'], installation());
  expect([code, stdout.split('\n')[0]]).toEqual([0, expect.stringContaining('acme is made')]);
  const token = (await savedTokens())['acme'] ?? 'none';
  expect(token).toMatch(/^lso_/);
  expect(stdout + stderr).not.toContain(token);
  expect((await stat(join(shell.home, 'config.json'))).mode & 0o077).toBe(0);
  expect((await okay('site', 'list')).stdout).toContain('No sites');
});

test('an organisation that exists with a token is refused', async () => {
  const { code, stderr } = await shell.run(['organisation', 'add', 'acme'], installation());
  expect([code, stderr]).toEqual([5, expect.stringContaining('acme')]);
});

test('an addition that broke off before its token goes on when it is said again', async () => {
  expect((await api.call(api.installationToken, 'POST', '/api/v1/organisations', { name: 'half' })).status).toBe(201);
  expect((await shell.run(['organisation', 'add', 'half', '--keep-current'], installation())).code).toBe(0);
  expect((await savedTokens())['half']).toMatch(/^lso_/);
});

test('the organisations are listed with the one that commands act for', async () => {
  const { stdout } = await shell.run(['organisation', 'list'], installation());
  expect(stdout).toMatch(/^\* acme +Acme Ltd +saved/m);
  expect(stdout).toMatch(/^ {2}half +half +saved/m);
});

test('commands act for another organisation when told so, once or from now on', async () => {
  await okay('site', 'add', 'elsewhere', '--organisation', 'half');
  expect((await okay('site', 'list', '--json')).json()).toEqual({ items: [], next: null });
  await okay('organisation', 'use', 'half');
  expect((await okay('site', 'list', '--json')).json()).toMatchObject({ items: [{ name: 'elsewhere' }] });
  await okay('organisation', 'use', 'acme');
});

test('an organisation without a saved token is answered with the near one', async () => {
  const { code, stderr } = await shell.run(['site', 'list', '--organisation', 'acne']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('Did you mean acme?')]);
});

test('another computer learns to work for an organisation by a token file', async () => {
  const issued = await okay('token', 'add', 'laptop', '--scope', 'admin', '--json');
  const { token } = issued.json() as { token: string };
  const laptop = await cli();
  const file = join(laptop.home, 'acme.token');
  await writeFile(file, token);
  expect((await laptop.run(['organisation', 'use', 'half', '--url', url, '--token-file', file])).code).toBe(2);
  expect((await laptop.run(['organisation', 'use', 'acme', '--url', url, '--token-file', file])).code).toBe(0);
  expect((await laptop.run(['site', 'list'])).code).toBe(0);
});

test('a token is shown once, alone on standard output, and never in a list', async () => {
  const { stdout, stderr } = await okay('token', 'add', 'monitoring', '--expires-in-days', '30');
  expect(stdout).toMatch(/^lso_\S+\n$/);
  expect(stderr).toContain('lockstep token revoke');
  const list = await okay('token', 'list');
  expect(list.stdout).toMatch(/^monitoring +read /m);
  expect(list.stdout).not.toContain('lso_');
  const use = await shell.run(['site', 'add', 'x'], { env: { LOCKSTEP_TOKEN: stdout.trim() } });
  expect(use.code).toBe(5);
});

test('a token that was ended no longer works, by label or id', async () => {
  const { token, id } = (await okay('token', 'add', 'short', '--json')).json() as { token: string; id: string };
  await okay('token', 'revoke', id);
  expect((await shell.run(['site', 'list'], { env: { LOCKSTEP_TOKEN: token } })).code).toBe(5);
  const again = await shell.run(['token', 'revoke', 'monitorin']);
  expect([again.code, again.stderr]).toEqual([6, expect.stringContaining('Did you mean monitoring?')]);
  await okay('token', 'revoke', 'monitoring');
});

test('a site is registered with the exact command that starts it', async () => {
  const { stdout } = await okay('site', 'add', 'berlin', '--description', 'Rack 4');
  expect(stdout).toMatch(new RegExp(`^ +LOCKSTEP_SITE_CODE=[0-9a-z]{4}(-[0-9a-z]{4}){3} lockstep site --url ${url}$`, 'm'));
  const code = (await okay('site', 'code', 'berlin', '--json')).json();
  expect(code).toMatchObject({ site: 'berlin', code: expect.stringMatching(/-/) as string });
  const list = (await okay('site', 'list')).stdout;
  expect(list).toMatch(/^berlin +pending +0 of 0 +never +Rack 4$/m);
});

test('a site is disabled and enabled, and a name that does not exist leads to the near one', async () => {
  expect((await okay('site', 'disable', 'berlin', '--json')).json()).toMatchObject({ state: 'disabled' });
  expect((await okay('site', 'show', 'berlin')).stdout).toContain('lockstep site enable berlin');
  expect((await okay('site', 'enable', 'berlin')).stdout).toContain('it is pending');
  const wrong = await shell.run(['site', 'show', 'berlim']);
  expect([wrong.code, wrong.stderr]).toEqual([6, expect.stringContaining('Did you mean berlin?')]);
});
