/** The site's client of the ingest API against real sockets: what each answer, and each missing answer, leads to. */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { createIngestClient, type IngestClient } from '../../src/client/ingest-client.ts';
import { type Patience, retryAfterMs } from '../../src/client/platform-requests.ts';
import type { DirectoryChangesPage, DirectoryPage } from '../../src/shared/directory.ts';
import { LockstepError } from '../../src/shared/errors.ts';
import { integrationId, runId } from '../../src/shared/ids.ts';
import { freePort } from '../lab/ports.ts';

const run = runId(randomUUID());
const page: DirectoryPage = { entries: [{ guid: randomUUID(), dn: 'CN=Ünïcode', attributes: { cn: ['Ünïcode'] } }], members: [], problems: [], last: true };
const hurried: Partial<Patience> = { outageMs: 1000, throttledMs: 1500, firstPauseMs: 5 };
const never = () => new AbortController().signal;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => (_, response) =>
  void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const applied = json(200, { outcome: 'applied', seq: 1 });
const problem = (status: number, code: string, headers: Record<string, string> = {}): Answer => json(status, { code, detail: 'What happened.', next: 'What to do.' }, headers);

let server: Server;
let port: number;
let answers: Answer[];
let requests: { readonly method: string | undefined; readonly url: string | undefined; readonly headers: IncomingMessage['headers']; readonly body: Buffer }[];
beforeEach(async () => {
  answers = [];
  requests = [];
  server = createServer((request, response) => {
    void buffer(request).then((body) => {
      requests.push({ method: request.method, url: request.url, headers: request.headers, body });
      (answers.shift() ?? applied)(request, response);
    });
  });
  port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

let tokens = 0;
const client = (patience: Partial<Patience> = hurried): IngestClient =>
  createIngestClient({ baseUrl: `http://127.0.0.1:${port}/`, token: async () => `token-${++tokens}`, patience });
const post = (signal = never(), patience?: Partial<Patience>) => client(patience).postPage(run, { epoch: 7, seq: 0 }, page, signal);
const verdict = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => JSON.stringify(value),
    (error: unknown) => (error instanceof LockstepError ? `${error.class} ${error.code}` : String(error)),
  );

test('a page goes to its place, with a token and the hash of exactly its bytes', async () => {
  expect(await post()).toEqual({ outcome: 'applied', seq: 1 });
  expect(requests).toHaveLength(1);
  const body = requests[0]?.body ?? Buffer.alloc(0);
  expect(requests[0]).toMatchObject({
    method: 'POST',
    url: `/site/v1/runs/${run}/pages/7/0`,
    headers: { authorization: `Bearer token-${tokens}`, 'x-page-sha256': createHash('sha256').update(body).digest('hex') },
  });
  expect(JSON.parse(body.toString())).toEqual(page);
});

test('opening, the report and the reason go where the contract says', async () => {
  answers = [json(200, { integrationId: randomUUID() }), (_, response) => void response.writeHead(204).end(), (_, response) => void response.writeHead(204).end()];
  const ingest = client();
  await ingest.openRun(run, never());
  await ingest.putReport(run, { steps: [] }, never());
  await ingest.putError(run, { class: 'Unavailable', code: 'a.b', message: 'm', next: 'n' }, never());
  expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    `POST /site/v1/runs/${run}/open`, `PUT /site/v1/runs/${run}/report`, `PUT /site/v1/runs/${run}/error`,
  ]);
});

test('watching goes where the contract says', async () => {
  const integration = integrationId(randomUUID());
  const changes: DirectoryChangesPage = { entries: [], members: [], changes: [], problems: [], watermark: { method: 'usn', usn: '7', dnsHostName: 'dc1', invocationId: randomUUID() } };
  answers = [json(200, { version: 'v' }), applied, (_, response) => void response.writeHead(204).end()];
  const ingest = client();
  expect(await ingest.watch(integration, { known: 'v' }, never())).toEqual({ version: 'v' });
  expect(await ingest.postChanges(integration, { epoch: 3, seq: 9 }, changes, never())).toEqual({ outcome: 'applied', seq: 1 });
  await ingest.needsFull(integration, { epoch: 3, reason: 'sees-less', detail: 'It does.' }, never());
  expect(requests.map(({ method, url, body }) => [`${method} ${url}`, JSON.parse(body.toString()) as unknown])).toEqual([
    [`POST /site/v1/integrations/${integration}/watch`, { known: 'v' }],
    [`POST /site/v1/integrations/${integration}/changes/3/9`, changes],
    [`POST /site/v1/integrations/${integration}/needs-full`, { epoch: 3, reason: 'sees-less', detail: 'It does.' }],
  ]);
  expect(requests[1]?.headers['x-page-sha256']).toBe(createHash('sha256').update(requests[1]?.body ?? '').digest('hex'));
});

test('waits as long as a busy platform asks, and sends the same bytes again', async () => {
  answers = [problem(429, 'ingest.busy', { 'retry-after': '1' }), problem(429, 'ingest.busy', { 'retry-after': '0' })];
  expect(await verdict(post())).toContain('applied');
  expect(requests).toHaveLength(3);
  expect(new Set(requests.map(({ body }) => body.toString())).size).toBe(1);
});

test('gives up on a platform that stays busy, and says how long it asked to wait', async () => {
  answers = Array.from({ length: 9 }, () => problem(429, 'ingest.busy', { 'retry-after': '1' }));
  const failure: unknown = await post().catch((error: unknown) => error);
  expect(failure).toMatchObject({ class: 'Throttled', code: 'ingest.busy', waitMs: 1000 });
});

test.each([
  ['an answer that got lost', ((request) => request.socket.destroy())],
  ['a server that restarts', problem(503, 'platform.starting')],
  ['a proxy that answers with a page of its own', ((_, response) => void response.writeHead(502).end('<html>'))],
  ['a proxy that says yes to everything', ((_, response) => void response.writeHead(200).end('<html>'))],
  ['a page that was changed on its way', problem(503, 'page.hash-mismatch')],
])('sends a page again after %s', async (_, answer) => {
  answers = [answer, answer];
  expect(await verdict(post())).toContain('applied');
  expect(requests).toHaveLength(3);
});

test('asks for another token once, when one is refused', async () => {
  answers = [problem(401, 'site.token-invalid')];
  expect(await verdict(post())).toContain('applied');
  expect(new Set(requests.map(({ headers }) => headers.authorization)).size).toBe(2);
  answers = [problem(401, 'site.token-invalid'), problem(401, 'site.token-invalid')];
  expect(await verdict(post())).toBe('AuthRejected site.token-invalid');
});

const blocked = (status: number): Answer => (_, response) => void response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Forbidden</h1>');

test.each([401, 403])('%i of a proxy says nothing about the site: the page is sent again, then the platform is unavailable', async (status) => {
  answers = [blocked(status), json(status, { code: 1020, message: 'Access denied' })];
  expect(await verdict(post())).toContain('applied');
  expect(requests).toHaveLength(3);
  answers = Array.from({ length: 100 }, () => blocked(status));
  expect(await verdict(post(never(), { ...hurried, outageMs: 50 }))).toBe('Unavailable platform.blocked');
});

test.each([
  [403, 'site.disabled', 'AuthRejected site.disabled'],
  [404, 'run.unknown', 'ConfigInvalid run.unknown'],
  [409, 'run.closed', 'ConfigInvalid run.closed'],
  [409, 'cursor.epoch-complete', 'CursorInvalid cursor.epoch-complete'],
  [422, 'directory.credential-missing', 'ConfigInvalid directory.credential-missing'],
])('%i %s is %s, at once', async (status, code, expected) => {
  answers = [problem(status, code)];
  expect(await verdict(post())).toBe(expected);
  expect(requests).toHaveLength(1);
});

test('a refusal without a body has a class and a code all the same', async () => {
  answers = [(_, response) => void response.writeHead(418).end()];
  expect(await verdict(post())).toBe('ConfigInvalid platform.refused');
});

test('does not follow the platform elsewhere with its token', async () => {
  answers = [(_, response) => void response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()];
  expect(await verdict(post(never(), { ...hurried, outageMs: 0 }))).toBe('Unavailable platform.unreachable');
});

test('a platform that is away for longer than patience lasts is Unavailable', async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(await verdict(post(never(), { ...hurried, outageMs: 50 }))).toBe('Unavailable platform.unreachable');
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
});

test('a platform that never answers is Unavailable', async () => {
  answers = Array.from({ length: 20 }, (): Answer => () => undefined);
  expect(await verdict(post(never(), { ...hurried, requestMs: 50, outageMs: 120 }))).toBe('Unavailable platform.unreachable');
});

test.each([
  ['for the answer', (() => undefined)],
  ['because the platform asked to', problem(429, 'ingest.busy', { 'retry-after': '1' })],
  ['because the platform is away', problem(503, 'platform.starting', { 'retry-after': '1' })],
])('stops when cancelled while it waits %s', async (_, answer) => {
  const cancel = new AbortController();
  answers = [
    (request, response) => {
      answer(request, response);
      setImmediate(() => cancel.abort(new Error('cancelled')));
    },
  ];
  expect(await verdict(post(cancel.signal))).toBe('Error: cancelled');
  expect(requests).toHaveLength(1);
});

test.each([
  [null, undefined],
  ['7', 7000],
  ['Tue, 24 Nov 2026 08:00:05 GMT', 5000],
  ['Tue, 24 Nov 2026 07:00:00 GMT', 0],
  ['soon', undefined],
  ['999999', 600_000],
])('Retry-After %s is %s ms', (header, expected) => {
  expect(retryAfterMs(header, Date.parse('2026-11-24T08:00:00Z'))).toBe(expected);
});
