import { generateKeyPairSync } from 'node:crypto';
import type { IssuedToken, Organisation, Token } from '../../src/api/schemas/organisations.ts';
import type { EnrolmentCode, Site } from '../../src/api/schemas/sites.ts';
import { generateSealKeyPair } from '../../src/security/seal.ts';
import { enrolmentText, signText } from '../../src/security/site-signature.ts';
import { type LabApi, labApi, type LabOrganisation, type Method } from '../lab/api.ts';
import { anIntegration } from '../lab/builders.ts';

let api: LabApi;
let acme: LabOrganisation;
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
});
afterAll(() => api.close());

const install = (method: Method, url: string, body?: unknown) => api.call(api.installationToken, method, `/api/v1${url}`, body);
const admin = (method: Method, url: string, body?: unknown) => api.call(acme.tokens.admin, method, `/api/v1${url}`, body);

describe('an organisation', () => {
  test('begins with the installation, and goes on by itself', async () => {
    const made = await install('POST', '/organisations', { name: 'new-one', displayName: 'The New One' });
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ name: 'new-one', displayName: 'The New One' })]);
    const first = await install('POST', '/organisations/new-one/tokens', { label: 'first', scopes: ['admin'] });
    expect(first.status).toBe(201);
    const { token } = first.body as IssuedToken;
    expect((await api.call(token, 'GET', '/api/v1/organisation')).body).toEqual({ ...(made.body as object), leaveOutPrivate: true });
    expect((await api.call(token, 'POST', '/api/v1/sites', { name: 'berlin' })).status).toBe(201);
    expect((await install('POST', '/organisations/new-one/tokens', { label: 'second', scopes: ['admin'] })).body).toMatchObject({ code: 'organisation.has-tokens' });
  });
  test('has a name of its own', async () => {
    expect(await install('POST', '/organisations', { name: 'acme' })).toMatchObject({ status: 409, body: { code: 'organisation.name-taken' } });
    expect(await install('POST', '/organisations', { name: 'Acme & Co' })).toMatchObject({ status: 400, body: { errors: [{ path: '/name' }] } });
  });
  test('that is not there gets no token', async () => {
    expect((await install('POST', '/organisations/nobody/tokens', { label: 'l', scopes: ['admin'] })).status).toBe(404);
  });
  test('is listed, page by page', async () => {
    const names: string[] = [];
    let after = '';
    for (;;) {
      const { items, next } = (await install('GET', `/organisations?limit=1${after === '' ? '' : `&after=${after}`}`)).body as { items: Organisation[]; next: string | null };
      names.push(...items.map((item) => item.name));
      if (next === null) break;
      after = next;
    }
    expect(names).toEqual(['acme', 'new-one']);
  });
});

describe('a token', () => {
  test('is shown once, works until it is revoked, and is listed without its secret', async () => {
    const issued = await admin('POST', '/tokens', { label: 'backup job', scopes: ['read', 'read'], expiresInDays: 30 });
    expect(issued.status).toBe(201);
    const { token, id } = issued.body as IssuedToken;
    expect((await api.call(token, 'GET', '/api/v1/organisation')).status).toBe(200);
    const { text, body } = await admin('GET', '/tokens');
    expect(text).not.toContain(token);
    expect((body as { items: Token[] }).items.find((item) => item.id === id)).toMatchObject({ label: 'backup job', scopes: ['read'], expiresAt: '2026-12-24T08:00:00.000Z' });
    expect((await admin('DELETE', `/tokens/${id}`)).status).toBe(204);
    expect((await api.call(token, 'GET', '/api/v1/organisation')).status).toBe(401);
    expect((await admin('DELETE', `/tokens/${id}`)).status).toBe(204);
  });
  test.each([
    [{ label: 'l', scopes: [] }, '/scopes'],
    [{ label: 'l', scopes: ['root'] }, '/scopes/0'],
    [{ label: '', scopes: ['read'] }, '/label'],
    [{ label: 'l', scopes: ['read'], expiresInDays: 0 }, '/expiresInDays'],
    [{ label: 'l', scopes: ['read'], organisation: 'other' }, '/organisation'],
  ])('of %j is refused at %s', async (body, path) => {
    expect(await admin('POST', '/tokens', body)).toMatchObject({ status: 400, body: { code: 'request.invalid', errors: [{ path }] } });
  });
});

describe('a site', () => {
  test('is pending until it enrols with its code, and is on line then', async () => {
    expect((await admin('POST', '/sites', { name: 'berlin', description: 'd' })).body).toMatchObject({ name: 'berlin', description: 'd', state: 'pending', nodes: [], version: null });
    const issued = await admin('POST', '/sites/berlin/enrolment-codes');
    expect([issued.status, issued.body]).toEqual([201, { site: 'berlin', code: expect.stringMatching(/^[0-9a-z]{4}(-[0-9a-z]{4}){3}$/) as string, expiresAt: expect.any(String) as string }]);
    const { code } = issued.body as EnrolmentCode;
    const site = await enrolled(code);
    expect(site.status).toBe(200);
    expect((await enrolled(code)).status).toBe(401);
    expect((await admin('GET', '/sites/berlin')).body).toMatchObject({ state: 'online', version: '1.2.3', enrolledAt: expect.any(String) as string });
  });
  test('that is disabled shows so, is refused with its token, gets no code, and comes back when enabled', async () => {
    const { row, token } = await acme.site('madrid');
    expect((await api.call(token, 'GET', '/site/v1/credentials')).status).toBe(200);
    expect((await admin('PATCH', '/sites/madrid', { disabled: true })).body).toMatchObject({ id: row.id, state: 'disabled' });
    expect(await admin('POST', '/sites/madrid/enrolment-codes')).toMatchObject({ status: 409, body: { code: 'site.disabled' } });
    api.engine.calls.length = 0;
    const watched = await anIntegration(api.lab.owner, row);
    await anIntegration(api.lab.owner, (await acme.site('other')).row);
    expect((await admin('PATCH', '/sites/madrid', { description: 'away' })).status).toBe(200);
    expect(api.engine.calls).toEqual([]);
    expect((await admin('PATCH', '/sites/madrid', { disabled: false, description: 'back' })).body).toMatchObject({ state: 'online', description: 'back' });
    // Its watchers were refused meanwhile, and are parked.
    expect(api.engine.calls).toEqual([`reconcile ${acme.row.id} ${watched.id}`]);
  });
  test('is listed with the others', async () => {
    const { items } = (await api.call(acme.tokens.read, 'GET', '/api/v1/sites')).body as { items: Site[] };
    expect(items.map((item) => item.name)).toEqual(['berlin', 'madrid', 'other']);
  });

  /** Enrols as a site's engine does. */
  async function enrolled(code: string) {
    const keys = generateKeyPairSync('ed25519');
    const signPublicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const sealPublicKey = (await generateSealKeyPair()).publicKey.toString('base64');
    const signature = signText(keys.privateKey, enrolmentText(code, sealPublicKey));
    return api.call(undefined, 'POST', '/site/v1/enrol', { code, signPublicKey, sealPublicKey, node: 'node-1', version: '1.2.3', contract: '1.0', signature });
  }
});
