/** What only a real connection shows: what is answered to requests that are no good, and that nothing leaks on the way. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { Agent, request } from 'undici';
import { makeAuthority, makeCertificate } from '../lab/certificates.ts';
import { labFolder } from '../lab/component.ts';
import { type LabApi, labApi, type LabOrganisation } from '../lab/api.ts';

let api: LabApi;
let acme: LabOrganisation;
let url: string;
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => api.close());

const as = (token: string, init: RequestInit = {}): RequestInit => ({ ...init, headers: { authorization: `Bearer ${token}`, ...(init.headers as object) } });
const json = { 'content-type': 'application/json' };
const problem = async (response: Response) => {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  return { status: response.status, body: (await response.json()) as { code: string; detail: string; errors?: { path: string }[] } };
};
const post = (path: string, body: string, headers: object = json) =>
  fetch(`${url}${path}`, as(acme.tokens.admin, { method: 'POST', body, headers: headers as Record<string, string> }));

test('the address itself leads to the reference page', async () => {
  const response = await fetch(`${url}/`, { redirect: 'manual' });
  expect([response.status, response.headers.get('location')]).toEqual([302, '/docs']);
});

describe('every failure is problem details', () => {
  test('an unknown path, with or without a token', async () => {
    for (const init of [{}, as(acme.tokens.admin)]) {
      expect(await problem(await fetch(`${url}/api/v1/nothing`, init))).toMatchObject({ status: 404, body: { code: 'route.unknown' } });
    }
  });
  test('a method that a path does not have', async () => {
    expect(await problem(await fetch(`${url}/api/v1/sites`, as(acme.tokens.admin, { method: 'DELETE' })))).toMatchObject({ status: 404 });
  });
  test('a body that is not JSON', async () => {
    expect(await problem(await post('/api/v1/sites', '{"name": '))).toMatchObject({ status: 400, body: { code: 'request.malformed-json' } });
    expect(await problem(await post('/api/v1/sites', ''))).toMatchObject({ status: 400, body: { code: 'request.malformed-json' } });
  });
  test('a body that pollutes prototypes', async () => {
    expect(await problem(await post('/api/v1/sites', '{"__proto__": {"name": "x"}}'))).toMatchObject({ status: 400 });
  });
  test('a body of another kind', async () => {
    expect(await problem(await post('/api/v1/sites', '<a/>', { 'content-type': 'application/xml' }))).toMatchObject({ status: 415, body: { code: 'request.media-type' } });
  });
  test('a body that is too large', async () => {
    const body = JSON.stringify({ name: 'x', description: 'y'.repeat(1024 * 1024) });
    expect(await problem(await post('/api/v1/sites', body))).toMatchObject({ status: 413, body: { code: 'request.too-large' } });
  });
  test('a query parameter that nobody knows, or that is no number', async () => {
    const response = await fetch(`${url}/api/v1/runs?stat=open&limit=many`, as(acme.tokens.read));
    const { status, body } = await problem(response);
    expect([status, body.errors?.map((error) => error.path).sort()]).toEqual([400, ['/limit', '/stat']]);
  });
  test('a NUL character in the query, the path or the body', async () => {
    for (const path of ['/api/v1/people?search=a%00b', '/api/v1/people/a%00b@corp.example', '/api/v1/groups/a%00b', '/api/v1/groups?search=%00', '/api/v1/runs?integration=%00']) {
      const { status, body } = await problem(await fetch(`${url}${path}`, as(acme.tokens.read)));
      expect([path, status, body.code]).toEqual([path, 400, 'request.invalid']);
    }
    expect(await problem(await post('/api/v1/sites', '{"name": "x", "description": "a\\u0000b"}'))).toMatchObject({
      status: 400,
      body: { code: 'request.invalid', errors: [{ path: '/description' }] },
    });
  });
  test('a broken escape in the path', async () => {
    expect(await problem(await fetch(`${url}/api/v1/sites/%E0%A4%A`, as(acme.tokens.read)))).toMatchObject({ status: 400 });
  });
  test('a name that cannot be one', async () => {
    expect(await problem(await fetch(`${url}/api/v1/sites/..%2F..%2Fetc`, as(acme.tokens.read)))).toMatchObject({ status: 400 });
  });
});

test('without a good token: 401 with a challenge, and nothing of the body is looked at', async () => {
  const bad = ['', 'Bearer', 'Bearer lso_guess', 'Basic YTpi', `bearer ${acme.tokens.read}x`];
  for (const authorization of bad) {
    const response = await fetch(`${url}/api/v1/sites`, { method: 'POST', body: '{"name": ', headers: { ...json, authorization } });
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="lockstep"');
    expect(await problem(response)).toMatchObject({ status: 401, body: { code: 'auth.token-invalid' } });
  }
});

test('request ids are handed on when they are harmless, and made when they are not', async () => {
  const idOf = async (id: string) => (await fetch(`${url}/healthz`, { headers: { 'x-request-id': id } })).headers.get('x-request-id');
  expect(await idOf('proxy-4711')).toBe('proxy-4711');
  expect(await idOf('a b')).toMatch(/^[0-9a-f-]{36}$/);
  expect(await idOf('x'.repeat(65))).toMatch(/^[0-9a-f-]{36}$/);
});

test('answers are not cached and not guessed at', async () => {
  const { headers } = await fetch(`${url}/api/v1/organisation`, as(acme.tokens.read));
  expect([headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff']);
});

test('the log has a line a request: route, status, who; no token, password, path, query or body', async () => {
  await fetch(`${url}/api/v1/sites/secret-site?x=secret-query`, as(acme.tokens.read));
  await post('/api/v1/directories', JSON.stringify({ name: 'secret-name', site: 'secret-site', password: 'secret-password', settings: { account: 'secret-account' } }));
  const log = api.log.join('');
  expect(log).toContain('"route":"/api/v1/sites/:name"');
  expect(log).toContain(`"organisation":"${acme.row.id}"`);
  expect(log).not.toContain('secret-');
  for (const token of [...Object.values(acme.tokens), api.installationToken]) expect(log).not.toContain(token);
});

test('a request that is cut off ends nothing', async () => {
  const { port } = new URL(url);
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(`POST /api/v1/sites HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${acme.tokens.admin}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"na`);
      socket.end(resolve);
    });
    socket.once('error', reject);
  });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

describe('the reference page', () => {
  test('and all it needs come from here', async () => {
    const page = await fetch(`${url}/docs`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const html = await page.text();
    const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) {
      const target = new URL(asset, page.url);
      expect(target.origin).toBe(new URL(url).origin);
      expect([asset, (await fetch(target)).status]).toEqual([asset, 200]);
    }
  });
  test('shows the document, which needs no token', async () => {
    const document = (await (await fetch(`${url}/docs/json`)).json()) as { openapi: string; info: { title: string } };
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Lockstep' } });
  });
});

describe('health', () => {
  test('is good when database, migrations and Temporal are', async () => {
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { ready: true, checks: { database: { state: 'ok', detail: 'answers' }, migrations: { state: 'ok', detail: 'all applied' }, keys: { state: 'ok', detail: 'open' }, temporal: { state: 'ok', detail: 'answers' } } },
    ]);
  });
  test('is not ready without Temporal, says so, and does not say why to everybody', async () => {
    api.engine.failure = new Error('14 UNAVAILABLE: secret-host:7233');
    const ready = await fetch(`${url}/readyz`);
    const text = await ready.text();
    api.engine.failure = undefined;
    expect([ready.status, JSON.parse(text)]).toEqual([503, expect.objectContaining({ ready: false, checks: expect.objectContaining({ temporal: expect.objectContaining({ state: 'failed' }) as object, database: { state: 'ok', detail: 'answers' } }) as object })]);
    expect(text).not.toContain('secret-host');
  });
  test('is not ready with a master key that was replaced while it ran', async () => {
    const keys = api.lab.owner.updateTable('encryption_key').where('org_id', 'is', null);
    const [row] = await api.lab.owner.selectFrom('encryption_key').select('wrapped_by').where('org_id', 'is', null).execute();
    await keys.set({ wrapped_by: 'another' }).execute();
    const ready = await fetch(`${url}/readyz`);
    await keys.set({ wrapped_by: row?.wrapped_by ?? '' }).execute();
    expect([ready.status, await ready.json()]).toMatchObject([503, { checks: { keys: { state: 'failed' }, database: { state: 'ok' } } }]);
  });
  test('is not ready while migrations are missing', async () => {
    const [last] = await api.lab.owner.selectFrom('kysely_migration' as never).selectAll().orderBy('name' as never, 'desc').limit(1).execute() as { name: string; timestamp: string }[];
    await api.lab.owner.deleteFrom('kysely_migration' as never).where('name' as never, '=', last?.name as never).execute();
    const ready = await fetch(`${url}/readyz`);
    await api.lab.owner.insertInto('kysely_migration' as never).values(last as never).execute();
    expect([ready.status, await ready.json()]).toMatchObject([503, { checks: { migrations: { state: 'failed' }, database: { state: 'ok' } } }]);
  });
});

test('metrics count requests by route, and show what the database knows, without a name', async () => {
  await acme.site('secret-metric-site');
  await fetch(`${url}/api/v1/sites`, as(acme.tokens.read));
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toMatch(/lockstep_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/sites",status="200"\} [1-9]/);
  expect(text).toContain('lockstep_sites{state="online"} 1');
  expect(text).toContain('lockstep_open_runs{state="queued"} 0');
  expect(text).toContain('lockstep_open_problems 0');
  expect(text).toContain('lockstep_directory_pages_applied_total 0');
  expect(text).not.toContain('secret-metric-site');
});

test('after too many bad tokens an address waits; a token in use still passes', async () => {
  await fetch(`${url}/api/v1/organisation`, as(acme.tokens.read));
  let status = 0;
  for (let i = 0; i < 30 && status !== 429; i++) status = (await fetch(`${url}/api/v1/organisation`, as(`lso_guess${i}`))).status;
  const refused = await fetch(`${url}/api/v1/organisation`, as('lso_another'));
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await problem(refused)).toMatchObject({ status: 429, body: { code: 'auth.too-many-attempts' } });
  expect((await fetch(`${url}/api/v1/organisation`, as(acme.tokens.read))).status).toBe(200);
});

test('with a certificate the API speaks HTTPS', async () => {
  const folder = await mkdtemp(`${labFolder()}/api-tls-`);
  await makeAuthority(folder);
  await makeCertificate(folder, folder, { dns: ['localhost'], ip: '127.0.0.1' });
  const [certificate, key, ca] = await Promise.all(['cert', 'key', 'ca'].map((name) => readFile(`${folder}/${name}.pem`)));
  if (certificate === undefined || key === undefined) throw new Error('no certificate');
  const secure = await labApi({ tls: { certificate, key } });
  try {
    const plain = await secure.app.listen({ host: '127.0.0.1', port: 0 });
    const origin = plain.replace('http:', 'https:');
    await expect(fetch(`${plain}/healthz`)).rejects.toThrow();
    const dispatcher = new Agent({ connect: { ca } });
    const { statusCode, body } = await request(`${origin}/healthz`, { dispatcher });
    await body.dump();
    await dispatcher.close();
    expect(statusCode).toBe(200);
  } finally {
    await secure.close();
  }
});
