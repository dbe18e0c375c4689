import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { pino } from 'pino';
import type { BrowserContext, Request } from 'playwright-core';
import { Registry } from 'prom-client';
import { createApi } from '../../src/api/server.ts';
import { codecEndpoint, TEMPORAL_UI_PATH } from '../../src/api/temporal-ui/temporal-ui-routes.ts';
import { UI_COOKIE } from '../../src/api/temporal-ui/ui-access.ts';
import { issueInstallationToken } from '../../src/archive/api-tokens.ts';
import { encryptingDataConverter } from '../../src/codec/data-converter.ts';
import { Keyring } from '../../src/security/keyring.ts';
import { masterKeyOf } from '../../src/security/master-key.ts';
import { SITE_ACCESS, signToken, TEMPORAL_UI_COOKIE } from '../../src/security/signed-token.ts';
import { RecordingEngine } from '../lab/api.ts';
import { labBlobs } from '../lab/blobs.ts';
import { browser, browserMissing } from '../lab/browser.ts';
import { daemon, until } from '../lab/component.ts';
import { freePort } from '../lab/ports.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

const NAMESPACE = 'ui';
const secret = `secret-${randomUUID()}`;
let database: LabDatabase;
let keyring: Keyring;
let blobs: Awaited<ReturnType<typeof labBlobs>>;
let api: FastifyInstance;
let client: Client;
let publicUrl: string;
let uiUrl: string;
let installationToken: string;
let historyPath: string;
/** Lines of the API's log at level info. */
const log: string[] = [];

beforeAll(async () => {
  const [apiPort, temporalPort, uiPort] = [await freePort(), await freePort(), await freePort()];
  publicUrl = `http://127.0.0.1:${apiPort}`;
  uiUrl = `http://127.0.0.1:${uiPort}`;
  await daemon('temporal-ui', process.env['LOCKSTEP_TEMPORAL_CLI'] ?? 'temporal', [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(temporalPort), '--namespace', NAMESPACE, '--log-level', 'error'],
    ...['--ui-port', String(uiPort), '--ui-public-path', TEMPORAL_UI_PATH, '--ui-codec-endpoint', codecEndpoint(publicUrl)],
  ]);
  database = await freshDatabase();
  keyring = await Keyring.open(database.app, masterKeyOf(randomBytes(32)));
  installationToken = (await issueInstallationToken(database.app, 'lab')).token;
  blobs = await labBlobs(keyring);
  api = await createApi({
    database: database.app,
    keyring,
    blobs: blobs.storage,
    largestBlobBytes: 500_000_000,
    engine: new RecordingEngine(),
    logger: pino({ level: 'info' }, { write: (line: string) => log.push(line) }),
    registry: new Registry(),
    version: '0.0.0-test',
    gateway: { address: '127.0.0.1:1', tls: false, namespace: NAMESPACE },
    temporalUi: { uiUrl, publicUrl },
  });
  await api.listen({ host: '127.0.0.1', port: apiPort });
  const connection = Connection.lazy({ address: `127.0.0.1:${temporalPort}` });
  client = new Client({ connection, namespace: NAMESPACE, dataConverter: encryptingDataConverter(keyring.codecKeys()) });
  await until('the namespace is there', () =>
    connection.workflowService.describeNamespace({ namespace: NAMESPACE }).then(
      () => true,
      () => false,
    ),
  );
  // Its input stands in the first event; nobody has to run it.
  const handle = await client.workflow.start('anything', { workflowId: 'seen', taskQueue: 'nobody', args: [{ secret }] });
  historyPath = `${TEMPORAL_UI_PATH}/namespaces/${NAMESPACE}/workflows/seen/${handle.firstExecutionRunId}/history`;
  await until('the UI answers', () =>
    fetch(`${uiUrl}${TEMPORAL_UI_PATH}/`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
});
afterAll(async () => {
  await client.connection.close();
  await api.close();
  await blobs.close();
  await database.close();
});

async function newLink(): Promise<string> {
  const answer = await fetch(`${publicUrl}/api/v1/ui-links`, { method: 'POST', headers: { authorization: `Bearer ${installationToken}` } });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { url: string }).url;
}
const cookieOf = async (): Promise<string> => {
  const answer = await fetch(await newLink(), { redirect: 'manual' });
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
};
const decode = (headers: Record<string, string>) =>
  fetch(`${publicUrl}/codec/decode`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{"payloads":[]}' });

test('A link is good once, and sets a cookie that scripts cannot read', async () => {
  const url = await newLink();
  const answers = await Promise.all([1, 2, 3].map(() => fetch(url, { redirect: 'manual' })));
  expect(answers.map(({ status }) => status).sort()).toEqual([302, 401, 401]);
  const good = answers.find(({ status }) => status === 302);
  expect(good?.headers.get('location')).toBe(`${TEMPORAL_UI_PATH}/namespaces/${NAMESPACE}/workflows`);
  expect(good?.headers.get('set-cookie')).toMatch(new RegExp(`^${UI_COOKIE}=[^;]+; Max-Age=28800; Path=/; HttpOnly; SameSite=Lax$`));
  const refused = (await answers.find(({ status }) => status === 401)?.json()) as { code: string };
  expect(refused.code).toBe('ui.link-invalid');
});

test('A link whose minute is over is refused', async () => {
  const url = await newLink();
  await sql`update ui_link set expires_at = now() - interval '1 second'`.execute(database.owner);
  expect((await fetch(url, { redirect: 'manual' })).status).toBe(401);
});

test('Only the installation token makes a link', async () => {
  for (const headers of [{}, { authorization: 'Bearer lsi_wrong' }]) {
    expect((await fetch(`${publicUrl}/api/v1/ui-links`, { method: 'POST', headers })).status).toBe(401);
  }
});

test('Without a genuine cookie neither the codec nor the UI answers', async () => {
  const keys = keyring.tokenKeys();
  const bad = {
    none: '',
    empty: `${UI_COOKIE}=`,
    expired: `${UI_COOKIE}=${await signToken(keys, TEMPORAL_UI_COOKIE, {}, new Date(Date.now() - 9 * 3_600_000))}`,
    "a site's token": `${UI_COOKIE}=${await signToken(keys, SITE_ACCESS, { sub: randomUUID() })}`,
  };
  for (const [what, cookie] of Object.entries(bad)) {
    const headers = { cookie, authorization: `Bearer ${installationToken}` };
    expect({ what, status: (await decode(headers)).status }).toEqual({ what, status: 401 });
    for (const path of ['', '/', '/api/v1/namespaces', historyPath.slice(TEMPORAL_UI_PATH.length)]) {
      expect({ what, path, status: (await fetch(`${publicUrl}${TEMPORAL_UI_PATH}${path}`, { headers })).status }).toEqual({ what, path, status: 401 });
    }
  }
  const cookie = await cookieOf();
  expect((await decode({ cookie })).status).toBe(200);
  expect((await fetch(`${publicUrl}${TEMPORAL_UI_PATH}/api/v1/namespaces`, { headers: { cookie } })).status).toBe(200);
});

test('Requests that a page of another origin sends with the cookie are refused', async () => {
  const cookie = await cookieOf();
  for (const from of ['cross-site', 'same-site', 'none']) expect((await decode({ cookie, 'sec-fetch-site': from })).status).toBe(403);
  expect((await decode({ cookie, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
});

test('The codec encodes and decodes, and leaves alone what it cannot read', async () => {
  const headers = { cookie: await cookieOf(), 'content-type': 'application/json' };
  const ask = async (what: 'encode' | 'decode', payloads: unknown[]) => {
    const answer = await fetch(`${publicUrl}/codec/${what}`, { method: 'POST', headers, body: JSON.stringify({ payloads }) });
    return ((await answer.json()) as { payloads: { metadata: Record<string, string>; data: string }[] }).payloads;
  };
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const plain = { metadata: { encoding: base64('json/plain') }, data: base64('"x"') };
  const [encoded] = await ask('encode', [plain]);
  expect(encoded?.metadata['encoding']).toBe(base64('binary/encrypted'));
  const foreign = { metadata: { encoding: base64('binary/encrypted'), key: base64(randomUUID()) }, data: base64('x'.repeat(40)) };
  expect(await ask('decode', [foreign, encoded, plain])).toEqual([foreign, plain, plain]);
});

test('What the UI asks for is no line of the log', async () => {
  const headers = { cookie: await cookieOf() };
  const before = log.length;
  expect((await fetch(`${publicUrl}${TEMPORAL_UI_PATH}/api/v1/namespaces`, { headers })).status).toBe(200);
  expect((await decode(headers)).status).toBe(200);
  const routes = log.slice(before).map((line) => (JSON.parse(line) as { route?: string }).route);
  expect(routes.filter((route) => route?.startsWith(TEMPORAL_UI_PATH))).toEqual([]);
  expect(routes.length).toBeGreaterThan(0);
});

const missing = browserMissing();
(missing === undefined ? describe : describe.skip)(`In a real browser${missing === undefined ? '' : `: ${missing}`}`, () => {
  let window: BrowserContext;
  beforeAll(async () => {
    window = await browser();
  });
  afterAll(() => window.close());

  /** What the page says of the workflow's input, once the codec has answered or could not be asked. */
  const inputAt = async (url: string, shown: string): Promise<string> => {
    const page = await window.newPage();
    const asked = new Promise<void>((resolve) => {
      const notice = (request: Request) => {
        if (request.url() === codecEndpoint(publicUrl) + '/decode' && request.method() === 'POST') resolve();
      };
      page.on('requestfinished', notice).on('requestfailed', notice);
    });
    await page.goto(url);
    await asked;
    await page.getByText(shown).first().waitFor();
    const text = await page.locator('body').innerText();
    await page.close();
    return text;
  };

  test('without the cookie payloads stay encrypted; with it the UI shows them', async () => {
    const encrypted = Buffer.from('binary/encrypted').toString('base64');
    expect(await inputAt(`${uiUrl}${historyPath}`, encrypted)).not.toContain(secret);

    const page = await window.newPage();
    const refused = await page.goto(`${publicUrl}${historyPath}`);
    expect(refused?.status()).toBe(401);
    await page.goto(await newLink());
    await page.getByText('seen', { exact: true }).first().waitFor();
    expect(page.url()).toContain(`${publicUrl}${TEMPORAL_UI_PATH}/namespaces/${NAMESPACE}/workflows`);
    await page.close();

    expect(await inputAt(`${publicUrl}${historyPath}`, secret)).not.toContain(encrypted);
    // The UI's own port is another origin: what the cookie opens stays closed there.
    expect(await inputAt(`${uiUrl}${historyPath}`, encrypted)).not.toContain(secret);
  });
});
