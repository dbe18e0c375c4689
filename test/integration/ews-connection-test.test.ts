/** The test of a connection against the sample Exchange: each thing that can be wrong fails at its step, with what to do. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, connect } from 'node:net';
import { join } from 'node:path';
import { type EwsTestOptions, testEwsConnection } from '../../src/exchange/ews/connection-test.ts';
import { SampleMailbox } from '../../src/sample/exchange/mailbox.ts';
import { GeneratedMailbox } from '../../src/sample/exchange/generated.ts';
import { type SampleExchange, startSampleExchange } from '../../src/sample/exchange/server.ts';
import type { ConnectionTestStep } from '../../src/shared/connection-test.ts';
import type { ConnectionSettings } from '../../src/shared/mailbox-contract.ts';
import { makeAuthority, makeCertificate } from '../lab/certificates.ts';
import { labFolder } from '../lab/component.ts';
import { freePort } from '../lab/ports.ts';

const secret = 'not used anywhere else';
const ada = { address: 'ada@mail.example.test', displayName: 'Ada Example', guid: '7f3b1c52-7f0e-4f6e-9f0e-0a5a3f2f1a01' };
const accounts = { 'svc@mail.example.test': { password: secret, impersonates: true }, 'weak@mail.example.test': { password: secret, impersonates: false }, 'ada@mail.example.test': { password: secret, impersonates: false } };
const signal = new AbortController().signal;
const all = ['resolve', 'connect', 'tls', 'authentication', 'sign-in', 'impersonate', 'version', 'folders', 'items', 'content'];

const mailboxes = () => [new SampleMailbox(ada, 1, new GeneratedMailbox({ owner: ada, seed: 'test', messages: 50, correspondents: [] }))];
let exchange: SampleExchange;
let folder: string;
beforeAll(async () => {
  exchange = await startSampleExchange({ schemes: ['basic'], mailboxes: mailboxes(), accounts });
  folder = await mkdtemp(join(labFolder(), 'ews-test-'));
  await makeAuthority(folder);
});
afterEach(() => exchange.faults.clear());
afterAll(() => exchange.close());

async function tested(settings: Partial<ConnectionSettings> = {}, options: Partial<EwsTestOptions> = {}) {
  return testEwsConnection(
    { settings: { type: 'ews', url: exchange.url, authentication: 'basic', account: 'svc@mail.example.test', ...settings }, secret, address: ada.address, ...options },
    signal,
  );
}
const outcomes = (steps: readonly ConnectionTestStep[]) => Object.fromEntries(steps.map(({ step, outcome }) => [step, outcome]));
/** The one step that failed; those before it passed or had nothing to do, those after it were not tried. */
function failed(steps: readonly ConnectionTestStep[]): ConnectionTestStep {
  expect(steps.map(({ step }) => step)).toEqual(all);
  const at = steps.findIndex(({ outcome }) => outcome === 'failed');
  const step = steps[at];
  if (step === undefined) throw new Error(`no step failed: ${JSON.stringify(steps)}`);
  expect(steps.slice(at + 1).every(({ outcome }) => outcome === 'skipped')).toBe(true);
  expect(step.next).toMatch(/\w/);
  return step;
}

test('all steps pass, and say what they found', async () => {
  const steps = await tested();
  expect(outcomes(steps)).toEqual({ ...Object.fromEntries(all.map((name) => [name, 'passed'])), tls: 'skipped' });
  const detail = (name: string) => steps.find(({ step }) => step === name)?.detail;
  expect(detail('authentication')).toContain('Basic');
  expect(detail('version')).toMatch(/^Exchange SE \(15\.2\.2562/);
  expect(detail('impersonate')).toContain('Ada Example');
  expect(detail('items')).toMatch(/^\d+ items/);
  expect(detail('content')).toMatch(/^\d+ bytes/);
});

test('without a mailbox the steps that need one are skipped', async () => {
  expect(outcomes(await tested({}, { address: null }))).toMatchObject({ 'sign-in': 'passed', impersonate: 'skipped', content: 'skipped' });
  // An account that has a mailbox is told the version all the same.
  expect(outcomes(await tested({ account: ada.address }, { address: null }))).toMatchObject({ 'sign-in': 'passed', version: 'passed', folders: 'skipped' });
});

test('a wrong password fails the sign-in, after one attempt', async () => {
  expect(failed(await tested({}, { secret: 'wrong' }))).toMatchObject({ step: 'sign-in', code: 'ews.credential-refused' });
});

test.each([
  ['an expired password', 'ErrorPasswordExpired', 'sign-in', 'ews.password-expired'],
  ['a disabled mailbox', 'ErrorAccountDisabled', 'impersonate', 'ews.account-disabled'],
  ['a mailbox that may not be opened', 'ErrorAccessDenied', 'impersonate', 'ews.access-denied'],
])('%s', async (_what, code, step, expected) => {
  exchange.faults.inject({ kind: 'error', code }, step === 'impersonate' ? { mailbox: ada.address } : {});
  expect(failed(await tested())).toMatchObject({ step, code: expected });
});

test('a missing right to impersonate', async () => {
  const steps = await tested({ account: 'weak@mail.example.test' });
  expect(failed(steps)).toMatchObject({ step: 'impersonate', code: 'ews.impersonation-denied', next: expect.stringContaining('ApplicationImpersonation') as string });
});

test('an unknown mailbox', async () => {
  expect(failed(await tested({}, { address: 'nobody@mail.example.test' }))).toMatchObject({ step: 'impersonate', code: 'ews.no-mailbox' });
});

test('a way to sign in that the server does not have is told before the password is sent', async () => {
  expect(failed(await tested({ authentication: 'ntlm', account: 'CORP\\svc' }))).toMatchObject({ step: 'authentication', code: 'ews.ntlm-not-offered' });
});

test('a server that does not answer, and one that answers garbage', async () => {
  exchange.faults.inject({ kind: 'hang' }, { operation: 'SyncFolderHierarchy' });
  expect(failed(await tested({}, { stepMs: 500 }))).toMatchObject({ step: 'folders', code: 'ews.no-answer' });
  exchange.faults.clear();
  exchange.faults.inject({ kind: 'malformed' }, { operation: 'SyncFolderItems' });
  expect(failed(await tested())).toMatchObject({ step: 'items', code: 'ews.answer-malformed' });
});

test('an item that cannot be converted', async () => {
  exchange.faults.inject({ kind: 'error', code: 'ErrorMimeContentConversionFailed' }, { operation: 'GetItem' });
  expect(failed(await tested()).code).toBe('item.corrupt');
});

test('nobody listens, a name that is not there, a wrong path', async () => {
  expect(failed(await tested({ url: `http://127.0.0.1:${await freePort()}/EWS/Exchange.asmx` }))).toMatchObject({ step: 'connect', code: 'ews.unreachable' });
  expect(failed(await tested({ url: 'https://mail.invalid/EWS/Exchange.asmx' }))).toMatchObject({ step: 'resolve' });
  expect(failed(await tested({ url: exchange.url.replace('/EWS/Exchange.asmx', '/owa/') }))).toMatchObject({ step: 'authentication', code: 'ews.wrong-address' });
});

describe('something in between', () => {
  let page: Server;
  afterEach(() => new Promise((resolve) => page.close(resolve)));
  const listening = async (server: Server) => {
    page = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  test('a proxy that answers with its own page', async () => {
    const url = await listening(createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<html>Sign in to the internet</html>')));
    expect(failed(await tested({ url: `${url}/EWS/Exchange.asmx` }))).toMatchObject({ step: 'authentication', code: 'ews.not-exchange' });
  });

  test('a proxy that wants a password', async () => {
    const server = createServer();
    server.on('connect', (_request, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n'));
    const proxy = await listening(server);
    expect(failed(await tested({ url: 'https://mail.corp.example/EWS/Exchange.asmx', proxy }))).toMatchObject({ step: 'connect', code: 'ews.proxy-credential' });
  });
});

describe('with TLS', () => {
  async function secured(name: string, certificate: { readonly dns?: string; readonly ip?: string; readonly expired?: boolean }) {
    const own = await mkdtemp(join(folder, `${name}-`));
    await makeCertificate(folder, own, { dns: [certificate.dns ?? 'localhost'], ip: certificate.ip ?? '127.0.0.1' }, { expired: certificate.expired === true });
    const pem = (file: string) => readFile(join(own, file), 'utf8');
    return startSampleExchange({ mailboxes: mailboxes(), accounts, tls: { key: await pem('key.pem'), cert: await pem('cert.pem') } });
  }
  const ca = () => readFile(join(folder, 'ca.pem'), 'utf8');
  let server: SampleExchange | undefined;
  afterEach(() => server?.close());

  test('a certificate is checked and its end is told, with and without a proxy', async () => {
    server = await secured('good', {});
    const passed = await tested({ url: server.url, caPem: await ca() });
    expect(outcomes(passed)).toEqual(Object.fromEntries(all.map((name) => [name, 'passed'])));
    expect(passed.find(({ step }) => step === 'tls')?.detail).toMatch(/localhost, by Lockstep lab CA, is trusted and ends in (29|30) days/);
    const proxy = await tunnel();
    try {
      const { port } = proxy.address() as AddressInfo;
      const through = await tested({ url: server.url, caPem: await ca(), proxy: `http://127.0.0.1:${port}` });
      expect(outcomes(through)).toEqual(outcomes(passed));
    } finally {
      await new Promise((resolve) => proxy.close(resolve));
    }
  });

  test('an expired one, one for another name, one of an unknown authority', async () => {
    server = await secured('expired', { expired: true });
    expect(failed(await tested({ url: server.url, caPem: await ca() }))).toMatchObject({ step: 'tls', code: 'ews.certificate-expired' });
    await server.close();
    server = await secured('other', { dns: 'other.example.test', ip: '127.0.0.9' });
    expect(failed(await tested({ url: server.url, caPem: await ca() }))).toMatchObject({ step: 'tls', code: 'ews.certificate-name' });
    expect(failed(await tested({ url: server.url }))).toMatchObject({ step: 'tls', code: 'ews.certificate-untrusted' });
  });

  test('a port that speaks no TLS', async () => {
    expect(failed(await tested({ url: exchange.url.replace('http:', 'https:') }))).toMatchObject({ step: 'tls', code: 'ews.tls-handshake' });
  });
});

/** A proxy that only tunnels. */
async function tunnel(): Promise<TcpServer> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (head) => {
      const [, port] = /^CONNECT [^ ]*:(\d+) /.exec(head.toString('latin1')) ?? [];
      const far = connect(Number(port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        far.pipe(socket).pipe(far);
      });
      far.on('error', () => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
