import { createHash, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import Fastify from 'fastify';
import { ingestRoutes } from '../../src/api/ingest/ingest-routes.ts';
import { answerProblems } from '../../src/api/problem-handler.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { directoryCredentialInfo, openSealed, sealTo } from '../../src/security/seal.ts';
import { authenticateSite } from '../../src/security/site-token.ts';
import type { DirectoryPage } from '../../src/shared/directory.ts';
import { directoryTestSteps } from '../../src/shared/directory.ts';
import type { OpenRunAnswer } from '../../src/shared/site-contract.ts';
import { MemoryBlobs } from '../lab/memory-blobs.ts';
import { type LabApi, type LabOrganisation, labApi, type LabSite } from '../lab/api.ts';
import { anIntegration, aRun, directoryPage, endRun, userEntry } from '../lab/builders.ts';
import { until } from '../lab/component.ts';

let api: LabApi;
let acme: LabOrganisation;
let berlin: LabSite;
let url: string;
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  berlin = await acme.site('berlin');
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => api.close());

/** An integration of the site with its password sealed and encrypted, and a running run. */
async function aRunOf(site: LabSite, kind: 'directory-sync' | 'directory-plan' | 'directory-test' = 'directory-sync', password: string | null = 'secret') {
  const integration = await anIntegration(api.lab.owner, site.row);
  if (password !== null) {
    const info = directoryCredentialInfo(integration.id);
    const sealed = await sealTo(site.row.seal_public_key ?? Buffer.alloc(0), Buffer.from(password), info);
    const credential = await api.keyring.encrypt(site.row.org_id, 'secrets', sealed, info);
    await api.lab.owner.updateTable('directory_integration').set({ credential }).where('id', '=', integration.id).execute();
  }
  return { integration, run: await aRun(api.lab.owner, integration, { kind }) };
}
const request = async (site: Pick<LabSite, 'token'> | undefined, method: string, path: string, body?: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${url}/site/v1${path}`, {
    method,
    headers: {
      ...(site === undefined ? {} : { authorization: `Bearer ${site.token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: (text === '' ? undefined : JSON.parse(text)) as unknown };
};
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const postPage = (site: LabSite, run: string, epoch: number, seq: number, page: DirectoryPage | string, hash?: string) => {
  const body = typeof page === 'string' ? page : JSON.stringify(page);
  return request(site, 'POST', `/runs/${run}/pages/${epoch}/${seq}`, body, { 'x-page-sha256': hash ?? sha256(body) });
};
const objectsOf = (integration: { id: string }) =>
  api.lab.owner.selectFrom('directory_object').select('guid').where('integration_id', '=', integration.id as never).execute();

test('a site opens a run, gets settings, a cursor and the password that only it can open, and posts pages', async () => {
  const { integration, run } = await aRunOf(berlin);
  const opened = await request(berlin, 'POST', `/runs/${run.id}/open`);
  expect(opened.status).toBe(200);
  const answer = opened.body as OpenRunAnswer;
  expect(answer).toMatchObject({ integrationId: integration.id, settings: { account: 'svc@corp.example' }, cursor: { epoch: 1, seq: 0 } });
  const password = await openSealed(berlin.sealPrivateKey, Buffer.from(answer.sealedCredential, 'base64'), directoryCredentialInfo(integration.id));
  expect(password.toString()).toBe('secret');

  const ada = userEntry('Ada Example');
  const page = directoryPage({ entries: [ada] });
  expect(await postPage(berlin, run.id, 1, 0, page)).toMatchObject({ status: 200, body: { outcome: 'applied', seq: 1 } });
  expect(await postPage(berlin, run.id, 1, 0, page)).toMatchObject({ status: 200, body: { outcome: 'already-applied', seq: 1 } });
  expect(await postPage(berlin, run.id, 1, 4, page)).toMatchObject({ status: 200, body: { outcome: 'stale', seq: 1 } });
  expect(await postPage(berlin, run.id, 1, 1, directoryPage({ last: true }))).toMatchObject({ body: { outcome: 'applied', seq: 2 } });
  expect(await objectsOf(integration)).toEqual([{ guid: ada.guid }]);
  const row = await api.lab.owner.selectFrom('run').selectAll().where('id', '=', run.id).executeTakeFirstOrThrow();
  expect(row).toMatchObject({ epoch: '1', totals: { pages: 2, seen: 1, added: 1 } });
  expect(row.progress_at).toBeInstanceOf(Date);

  // A later attempt: the pages of the one before are superseded.
  expect((await request(berlin, 'POST', `/runs/${run.id}/open`)).body).toMatchObject({ cursor: { epoch: 2, seq: 0 } });
  expect(await postPage(berlin, run.id, 1, 2, page)).toMatchObject({ status: 200, body: { outcome: 'superseded', epoch: 2 } });
});

test('a test gets no cursor, takes a report and no page', async () => {
  const { run } = await aRunOf(berlin, 'directory-test');
  const opened = await request(berlin, 'POST', `/runs/${run.id}/open`);
  expect(opened.body).not.toHaveProperty('cursor');
  const steps = directoryTestSteps.map((step) => ({ step, outcome: 'passed', detail: 'f\0ine', durationMs: 1.5 }));
  expect(await request(berlin, 'PUT', `/runs/${run.id}/report`, JSON.stringify({ steps }))).toMatchObject({ status: 204 });
  const row = await api.lab.owner.selectFrom('run').select('report').where('id', '=', run.id).executeTakeFirstOrThrow();
  expect(row.report).toEqual(steps.map((step) => ({ ...step, detail: 'f\u{FFFD}ine' })));
  expect(await postPage(berlin, run.id, 1, 0, directoryPage())).toMatchObject({ status: 409, body: { code: 'run.not-a-reading' } });
  const reading = await aRunOf(berlin);
  expect(await request(berlin, 'PUT', `/runs/${reading.run.id}/report`, JSON.stringify({ steps: [] }))).toMatchObject({ status: 409, body: { code: 'run.not-a-test' } });
});

test('the reason of a failed attempt is kept until something works again', async () => {
  const { run } = await aRunOf(berlin);
  const error = { class: 'Unavailable', code: 'ldap.unreachable', message: 'No answer.', next: 'Look at the network.' };
  expect(await request(berlin, 'PUT', `/runs/${run.id}/error`, JSON.stringify(error))).toMatchObject({ status: 204 });
  const errorOf = async () => (await api.lab.owner.selectFrom('run').select('error').where('id', '=', run.id).executeTakeFirstOrThrow()).error;
  expect(await errorOf()).toEqual(error);
  await request(berlin, 'POST', `/runs/${run.id}/open`);
  expect(await errorOf()).toBeNull();
  expect(await request(berlin, 'PUT', `/runs/${run.id}/error`, JSON.stringify({ ...error, class: 'Whatever' }))).toMatchObject({ status: 400 });
});

test('an integration without a password is not opened', async () => {
  const { run } = await aRunOf(berlin, 'directory-sync', null);
  expect(await request(berlin, 'POST', `/runs/${run.id}/open`)).toMatchObject({ status: 422, body: { code: 'directory.credential-missing' } });
  expect(await api.lab.owner.selectFrom('run').select('epoch').where('id', '=', run.id).executeTakeFirst()).toEqual({ epoch: null });
});

test('a site reaches neither runs of other sites, nor of other organisations, nor any without a token', async () => {
  const paris = await acme.site('paris');
  const globex = await api.organisation('globex');
  const tokyo = await globex.site('tokyo');
  const { integration, run } = await aRunOf(berlin);
  await request(berlin, 'POST', `/runs/${run.id}/open`);
  const body = JSON.stringify(directoryPage({ entries: [userEntry('Ada Example')] }));
  const report = JSON.stringify({ steps: [] });
  const error = JSON.stringify({ class: 'Unavailable', code: 'x', message: '', next: '' });
  const calls = [
    ['POST', `/runs/${run.id}/open`, undefined],
    ['POST', `/runs/${run.id}/pages/1/0`, body],
    ['PUT', `/runs/${run.id}/report`, report],
    ['PUT', `/runs/${run.id}/error`, error],
  ] as const;
  for (const [method, path, content] of calls) {
    const headers: Record<string, string> = path.includes('/pages/') ? { 'x-page-sha256': sha256(body) } : {};
    for (const stranger of [paris, tokyo]) expect(await request(stranger, method, path, content, headers)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await request(undefined, method, path, content, headers)).toMatchObject({ status: 401 });
    expect(await request({ token: acme.tokens.admin }, method, path, content, headers)).toMatchObject({ status: 401 });
    expect(await request(berlin, method, path.replace(run.id, randomUUID()), content, headers)).toMatchObject({ status: 404 });
    expect(await request(berlin, method, path.replace(run.id, 'x'), content, headers)).toMatchObject({ status: 400 });
  }
  expect(await objectsOf(integration)).toEqual([]);
  const row = await api.lab.owner.selectFrom('run').selectAll().where('id', '=', run.id).executeTakeFirstOrThrow();
  expect(row).toMatchObject({ epoch: '1', error: null, report: null });
});

test('a run that has ended takes nothing more', async () => {
  const { integration, run } = await aRunOf(berlin);
  await request(berlin, 'POST', `/runs/${run.id}/open`);
  await endRun(api.lab.owner, run, 'cancelled');
  expect(await postPage(berlin, run.id, 1, 0, directoryPage({ entries: [userEntry('Ada Example')] }))).toMatchObject({ status: 409, body: { code: 'run.closed' } });
  expect(await request(berlin, 'POST', `/runs/${run.id}/open`)).toMatchObject({ status: 409, body: { code: 'run.closed' } });
  const error = JSON.stringify({ class: 'Unavailable', code: 'x', message: '', next: '' });
  expect(await request(berlin, 'PUT', `/runs/${run.id}/error`, error)).toMatchObject({ status: 409 });
  expect(await objectsOf(integration)).toEqual([]);
});

test('a page that was changed on its way is refused, to be sent again', async () => {
  const { integration, run } = await aRunOf(berlin);
  await request(berlin, 'POST', `/runs/${run.id}/open`);
  const page = JSON.stringify(directoryPage({ entries: [userEntry('Ada Example')] }));
  expect(await postPage(berlin, run.id, 1, 0, page.replace('Ada', 'Eve'), sha256(page))).toMatchObject({ status: 503, body: { code: 'page.hash-mismatch' } });
  expect(await objectsOf(integration)).toEqual([]);
  expect(await postPage(berlin, run.id, 1, 0, page)).toMatchObject({ status: 200 });
});

const entry = userEntry('Ada Example');
test.each<[string, unknown]>([
  ['no JSON', '{'],
  ['a list', []],
  ['nothing', {}],
  ['a GUID in capitals', directoryPage({ entries: [{ ...entry, guid: entry.guid.toUpperCase() }] })],
  ['a value that is no text', { ...directoryPage(), entries: [{ ...entry, attributes: { mail: [1] } }] }],
  ['a value that is no list', { ...directoryPage(), entries: [{ ...entry, attributes: { mail: 'a@b.example' } }] }],
  ['an attribute with a strange name', { ...directoryPage(), entries: [{ ...entry, attributes: { 'a\0b': [] } }] }],
  ['a prototype', `{"entries":[{"guid":"${entry.guid}","dn":"CN=x","attributes":{"__proto__":[]}}],"members":[],"problems":[],"last":false}`],
  ['too many entries', directoryPage({ entries: Array.from({ length: 5001 }, () => ({ guid: entry.guid, dn: '', attributes: {} })) })],
  ['members without an end', { ...directoryPage(), members: [{ guid: entry.guid, dns: [] }] }],
  ['a problem with a sentence for a code', directoryPage({ problems: [{ guid: null, subject: '', code: 'Oh no!', detail: '' }] })],
  ['deep nesting', '['.repeat(100_000)],
])('a body with %s is refused and changes nothing', async (_what, page) => {
  const { integration, run } = await aRunOf(berlin);
  await request(berlin, 'POST', `/runs/${run.id}/open`);
  const body = typeof page === 'string' ? page : JSON.stringify(page);
  expect(await postPage(berlin, run.id, 1, 0, body)).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  expect(await objectsOf(integration)).toEqual([]);
});

test('a body of more than 16 MiB is refused', async () => {
  const { run } = await aRunOf(berlin);
  const page = directoryPage({ entries: [userEntry('Ada', { attributes: { description: ['x'.repeat(16 * 1024 * 1024)] } })] });
  expect(await postPage(berlin, run.id, 1, 0, page)).toMatchObject({ status: 413 });
});

test('an entry with strange but well-formed contents is a problem of that entry, not of its page', async () => {
  const { run } = await aRunOf(berlin);
  await request(berlin, 'POST', `/runs/${run.id}/open`);
  const odd = userEntry('Odd\0 \uD800', { attributes: { description: ['\0'], mail: ['no address'] } });
  expect(await postPage(berlin, run.id, 1, 0, directoryPage({ entries: [odd, userEntry('Ada')], last: true }))).toMatchObject({ status: 200 });
  const row = await api.lab.owner.selectFrom('run').select('totals').where('id', '=', run.id).executeTakeFirstOrThrow();
  expect(row.totals).toMatchObject({ seen: 2, added: 2 });
  expect(row.totals.problems).toBeGreaterThan(0);
});

test('more pages at once than the server takes are asked to come again, and a page frees its place', async () => {
  const app = Fastify({ forceCloseConnections: true });
  answerProblems(app);
  await app.register(ingestRoutes, {
    prefix: '/site/v1',
    database: api.lab.app,
    keyring: api.keyring,
    blobs: new MemoryBlobs(),
    authenticateSite: (header) => authenticateSite({ database: api.lab.app, keyring: api.keyring }, header),
    maxPagesInWork: 1,
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    const { integration, run } = await aRunOf(berlin);
    await request(berlin, 'POST', `/runs/${run.id}/open`);
    const page = JSON.stringify(directoryPage({ entries: [userEntry('Ada Example')] }));
    const post = async () => {
      const response = await fetch(`${address}/site/v1/runs/${run.id}/pages/1/0`, {
        method: 'POST',
        headers: { authorization: `Bearer ${berlin.token}`, 'content-type': 'application/json', 'x-page-sha256': sha256(page) },
        body: page,
      });
      await response.arrayBuffer();
      return { status: response.status, retryAfter: response.headers.get('retry-after') };
    };

    // One whose body never ends holds the only place, until it hangs up.
    const { port, hostname } = new URL(address);
    const slow = connect(Number(port), hostname);
    slow.write(
      `POST /site/v1/runs/${run.id}/pages/1/0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${berlin.token}\r\n` +
        `content-type: application/json\r\nx-page-sha256: ${sha256(page)}\r\ncontent-length: ${page.length}\r\n\r\n{`,
    );
    await until('the place is taken', async () => (await post()).status === 429);
    expect(await post()).toEqual({ status: 429, retryAfter: '1' });
    slow.destroy();
    await until('the place is free', async () => (await post()).status === 200);

    // One that is being applied keeps the place after its sender hung up: the row is held here, so it waits.
    let free = () => {};
    const held = new Promise<void>((resolve) => (free = resolve));
    const holding = withOrganisation(api.lab.app, berlin.row.org_id, async (tx) => {
      await tx.selectFrom('page_cursor').selectAll().where('owner', '=', integration.id).forUpdate().execute();
      await held;
    });
    const impatient = new AbortController();
    const aborted = fetch(`${address}/site/v1/runs/${run.id}/pages/1/1`, {
      method: 'POST',
      headers: { authorization: `Bearer ${berlin.token}`, 'content-type': 'application/json', 'x-page-sha256': sha256(page) },
      body: page,
      signal: impatient.signal,
    }).catch(() => undefined);
    const waiting = () => api.lab.owner.selectFrom('pg_locks' as never).select('pid' as never).where('granted' as never, '=', false as never).execute();
    await until('the page waits for the row', async () => (await waiting()).length > 0);
    impatient.abort();
    await aborted;
    expect((await post()).status).toBe(429);
    free();
    await holding;
    await until('the place is free again', async () => (await post()).status === 200);
  } finally {
    await app.close();
  }
});

test('a site that hangs up while it is authenticated leaves no place taken', async () => {
  const app = Fastify();
  answerProblems(app);
  let authenticating = () => {};
  let hungUp: Promise<void> | undefined;
  await app.register(ingestRoutes, {
    prefix: '/site/v1',
    database: api.lab.app,
    keyring: api.keyring,
    blobs: new MemoryBlobs(),
    authenticateSite: async (header) => {
      authenticating();
      await hungUp;
      return authenticateSite({ database: api.lab.app, keyring: api.keyring }, header);
    },
    maxPagesInWork: 1,
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    const { run } = await aRunOf(berlin);
    await request(berlin, 'POST', `/runs/${run.id}/open`);
    const page = JSON.stringify(directoryPage({ last: false, entries: [userEntry('Ada Example')] }));
    const send = (signal?: AbortSignal) =>
      fetch(`${address}/site/v1/runs/${run.id}/pages/1/0`, {
        method: 'POST',
        headers: { authorization: `Bearer ${berlin.token}`, 'content-type': 'application/json', 'x-page-sha256': sha256(page) },
        body: page,
        ...(signal === undefined ? {} : { signal }),
      });
    let goOn = () => {};
    hungUp = new Promise((resolve) => (goOn = resolve));
    const begun = new Promise<void>((resolve) => (authenticating = resolve));
    const impatient = new AbortController();
    const aborted = send(impatient.signal).catch(() => undefined);
    await begun;
    impatient.abort();
    await aborted;
    await until('the server has noticed', () => new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count === 0))));
    goOn();
    expect((await send()).status).toBe(200);
  } finally {
    await app.close();
  }
});
