import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { type LabApi, labApi, type LabOrganisation } from '../lab/api.ts';
import { makeAuthority, makeCertificate } from '../lab/certificates.ts';
import { type Cli, cli } from '../lab/cli.ts';
import { labFolder } from '../lab/component.ts';
import { freePort } from '../lab/ports.ts';

let api: LabApi;
let acme: LabOrganisation;
let url: string;
let other: Server;
let shell: Cli;
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  // Something else that answers, as a proxy's page would.
  other = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<html>Welcome</html>'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  other.closeAllConnections();
  await new Promise((resolve) => other.close(resolve));
  await api.close();
});
beforeEach(async () => {
  shell = await cli({ LOCKSTEP_URL: url });
});

test('a server that is not running is exit code 4 with how to start it', async () => {
  const { code, stdout, stderr } = await shell.run(['site', 'list'], {
    env: { LOCKSTEP_URL: `http://127.0.0.1:${await freePort()}`, LOCKSTEP_TOKEN: acme.tokens.read },
  });
  expect([code, stdout]).toEqual([4, '']);
  expect(stderr).toContain('cannot be reached (ECONNREFUSED)');
  expect(stderr).toContain('lockstep up');
});

test('with --json an error is one JSON document on standard output', async () => {
  const result = await shell.run(['site', 'list', '--json'], {
    env: { LOCKSTEP_URL: `http://127.0.0.1:${await freePort()}`, LOCKSTEP_TOKEN: acme.tokens.read },
  });
  expect([result.code, result.stderr]).toEqual([4, '']);
  expect(result.json()).toMatchObject({ error: { code: 'api.unreachable', next: expect.stringContaining('lockstep up') as string } });
});

test('something else at the address is recognised', async () => {
  const address = other.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const { code, stderr } = await shell.run(['site', 'list', '--url', `http://127.0.0.1:${port ?? 0}`], { env: { LOCKSTEP_TOKEN: acme.tokens.read } });
  expect(code).toBe(2);
  expect(stderr).toContain('is not the Lockstep API');
});

test('without a token the reader learns where one comes from', async () => {
  const { code, stderr } = await shell.run(['site', 'list']);
  expect(code).toBe(2);
  expect(stderr).toContain('LOCKSTEP_TOKEN');
});

test('a token that is not accepted is exit code 5, and is not repeated', async () => {
  const wrong = `lso_${'x'.repeat(43)}`;
  const { code, stdout, stderr } = await shell.run(['site', 'list'], { env: { LOCKSTEP_TOKEN: wrong } });
  expect(code).toBe(5);
  expect(stdout + stderr).not.toContain(wrong);
});

test('a token with too small a scope is refused and nothing is changed', async () => {
  const { code } = await shell.run(['site', 'add', 'refused'], { env: { LOCKSTEP_TOKEN: acme.tokens.read } });
  expect(code).toBe(5);
  const { stdout } = await shell.run(['site', 'list', '--json'], { env: { LOCKSTEP_TOKEN: acme.tokens.read } });
  expect(stdout).not.toContain('refused');
});

test('the token comes from a file, which wins over the environment', async () => {
  const file = `${shell.home}.token`;
  await writeFile(file, `${acme.tokens.read}\n`);
  const { code, stdout } = await shell.run(['site', 'list', '--token-file', file], { env: { LOCKSTEP_TOKEN: 'lso_wrong' } });
  expect([code, stdout]).toEqual([0, 'No sites. Register one: lockstep site add NAME\n']);
});

test('a file that holds no token is not sent anywhere', async () => {
  const file = `${shell.home}.nonsense`;
  await writeFile(file, 'root:x:0:0\nsecond line\n');
  const { code, stderr } = await shell.run(['site', 'list', '--token-file', file]);
  expect(code).toBe(2);
  expect(stderr).not.toContain('root:x');
});

test('an unknown command or option is exit code 2 with what was meant', async () => {
  expect(await shell.run(['drectory', 'list'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean directory?') as string });
  expect(await shell.run(['runs', 'shwo'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean show?') as string });
  expect(await shell.run(['site', 'list', '--josn'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--json') as string });
});

test('a certificate is checked against an authority of one\'s own, and refused without it', async () => {
  const folder = await mkdtemp(join(labFolder(), 'cli-tls-'));
  await makeAuthority(folder);
  await makeCertificate(folder, folder, { dns: ['lockstep.example'], ip: '127.0.0.1' });
  const tls = createTlsServer(
    { cert: await readFile(join(folder, 'cert.pem')), key: await readFile(join(folder, 'key.pem')) },
    (request, response) => api.app.routing(request, response),
  );
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
  const address = tls.address();
  const env = { LOCKSTEP_URL: `https://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`, LOCKSTEP_TOKEN: acme.tokens.read };
  try {
    const refused = await shell.run(['site', 'list'], { env });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('LOCKSTEP_CA')]);
    const trusted = await shell.run(['site', 'list'], { env: { ...env, LOCKSTEP_CA: join(folder, 'ca.pem') } });
    expect([trusted.stderr, trusted.code]).toEqual(['', 0]);
  } finally {
    tls.closeAllConnections();
    await new Promise((resolve) => tls.close(resolve));
  }
});

test('a token that would cross the network unencrypted is warned of', async () => {
  const env = { LOCKSTEP_URL: `http://0.0.0.0:${new URL(url).port}`, LOCKSTEP_TOKEN: acme.tokens.read };
  const { code, stderr } = await shell.run(['site', 'list'], { env });
  expect([code, stderr]).toEqual([0, expect.stringContaining('crosses the network unencrypted')]);
  expect((await shell.run(['site', 'list'])).stderr).not.toContain('unencrypted');
});

test('the link to the Temporal UI is alone on standard output and good once', async () => {
  const refused = await shell.run(['ui'], { env: { LOCKSTEP_TOKEN: acme.tokens.admin } });
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('installation token')]);
  const { stdout } = await shell.run(['ui'], { env: { LOCKSTEP_TOKEN: api.installationToken } });
  const { pathname, search } = new URL(stdout.trim());
  const open = () => fetch(new URL(`${pathname}${search}`, url), { redirect: 'manual' });
  expect((await open()).status).toBe(302);
  expect((await open()).status).toBe(401);
});
