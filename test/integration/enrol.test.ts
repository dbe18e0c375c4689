import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { SignJWT } from 'jose';
import { signToken, SITE_ACCESS, TEMPORAL_UI_COOKIE } from '../../src/security/signed-token.ts';
import { generateSealKeyPair } from '../../src/security/seal.ts';
import { enrolThisSite, SiteIdentity } from '../../src/security/site-identity.ts';
import { createSitePlatform } from '../../src/security/site-platform.ts';
import { enrolmentText, signText } from '../../src/security/site-signature.ts';
import { authenticateSite } from '../../src/security/site-token.ts';
import { createSiteTokenProvider } from '../../src/security/site-token-provider.ts';
import type { EnrolRequest } from '../../src/shared/site-contract.ts';
import { anIntegration } from '../lab/builders.ts';
import { until } from '../lab/component.ts';
import { enrolledSite, enrolmentCode, pendingSite, platformLab, type PlatformLab } from '../lab/site-platform.ts';

let lab: PlatformLab;
beforeAll(async () => {
  lab = await platformLab({ address: 'lockstep.example:7443', tls: true, namespace: 'lab' });
});
afterAll(() => lab.close());

const post = async (path: string, body: unknown): Promise<{ status: number; code?: string; body: Record<string, unknown> }> => {
  const response = await fetch(`${lab.url}/site/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, body: answer, ...(typeof answer['code'] === 'string' ? { code: answer['code'] } : {}) };
};

async function enrolRequest(code: string, overrides: Partial<EnrolRequest> = {}, signedWith?: KeyObject): Promise<EnrolRequest> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const sealPublicKey = (await generateSealKeyPair()).publicKey.toString('base64');
  return {
    code,
    signPublicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sealPublicKey,
    node: 'node-1',
    version: '0.1.0',
    contract: '1.0',
    signature: signText(signedWith ?? privateKey, enrolmentText(code, sealPublicKey)),
    ...overrides,
  };
}

const siteRow = (id: string) => lab.database.owner.selectFrom('site').selectAll().where('id', '=', id as never).executeTakeFirstOrThrow();

/** An assertion of the site, with what is given changed. */
async function assertionOf(site: { id: string; stateFolder: string }, claims: Record<string, unknown> = {}, key?: KeyObject): Promise<string> {
  const stored = JSON.parse(await readFile(`${site.stateFolder}/site-identity.json`, 'utf8')) as { signPrivateKey: string };
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ iss: site.id, sub: site.id, aud: 'lockstep', iat: now, exp: now + 60, jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'EdDSA' })
    .sign(key ?? createPrivateKey(stored.signPrivateKey));
}
const tokenRequest = (assertion: string, overrides: Record<string, unknown> = {}) => ({
  assertion,
  node: 'node-1',
  version: '0.1.0',
  contract: '1.0',
  ...overrides,
});

test('A site enrols with its code, keeps its keys in a private file, and gets tokens that say where to go', async () => {
  const site = await enrolledSite(lab);
  expect(site.identity.organisation).toBe(lab.organisation.name);
  expect((await stat(`${site.stateFolder}/site-identity.json`)).mode & 0o777).toBe(0o600);
  expect(await siteRow(site.id)).toMatchObject({ state: 'enrolled', version: '0.1.0', contract: '1.0' });
  expect(await site.tokens.access()).toMatchObject({
    expiresIn: 600,
    gateway: 'lockstep.example:7443',
    gatewayTls: true,
    namespace: 'lab',
    queue: `site.${site.id}`,
  });
  const deps = { database: lab.database.app, keyring: lab.keyring };
  expect(await authenticateSite(deps, `Bearer ${await site.tokens.token()}`)).toEqual({
    kind: 'site',
    organisationId: lab.organisation.id,
    siteId: site.id,
    node: 'node-1',
  });
});

test('A code typed by a person is forgiven its case, its dashes and its look-alikes', async () => {
  const site = await pendingSite(lab);
  const typed = site.code.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'L');
  expect(await post('enrol', await enrolRequest(typed))).toMatchObject({ status: 200, body: { siteId: site.id } });
});

test('Of many that use one code at the same time, one gets in', async () => {
  const { code, id } = await pendingSite(lab);
  const requests = await Promise.all(Array.from({ length: 12 }, () => enrolRequest(code)));
  const answers = await Promise.all(requests.map((request) => post('enrol', request)));
  const winners = requests.filter((_, i) => answers[i]?.status === 200);
  expect(winners).toHaveLength(1);
  expect(answers.filter(({ code: refusal }) => refusal === 'site.enrolment-code-invalid')).toHaveLength(11);
  expect((await siteRow(id)).sign_public_key).toBe(winners[0]?.signPublicKey);
});

test('An unknown, a used and an expired code are refused with one and the same answer', async () => {
  const used = await pendingSite(lab);
  await post('enrol', await enrolRequest(used.code));
  const expired = await pendingSite(lab);
  await lab.database.owner
    .updateTable('site_enrolment_code')
    .set({ expires_at: sql<Date>`now() - interval '1 second'` })
    .where('site_id', '=', expired.id)
    .execute();
  const answers = await Promise.all(
    [used.code, expired.code, '0000-0000-0000-0000', ''].map(async (code) => post('enrol', await enrolRequest(code))),
  );
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(answers[0]).toMatchObject({ status: 401, code: 'site.enrolment-code-invalid' });
  expect((await siteRow(expired.id)).state).toBe('pending');
});

test('Keys whose possession is not proven are refused, and the code stays good', async () => {
  const { code } = await pendingSite(lab);
  const other = generateKeyPairSync('ed25519').privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const notOnTheCurve = Buffer.concat([Buffer.of(4), Buffer.alloc(64, 7)]).toString('base64');
  for (const request of [
    await enrolRequest(code, {}, other),
    await enrolRequest(code, { signPublicKey: rsa }),
    await enrolRequest(code, { sealPublicKey: notOnTheCurve }),
    await enrolRequest(code, { signPublicKey: other.export({ type: 'pkcs8', format: 'pem' }).toString() }),
  ]) {
    expect(await post('enrol', request)).toMatchObject({ status: 422, code: 'site.keys-invalid' });
  }
  expect(await post('enrol', await enrolRequest(code))).toMatchObject({ status: 200 });
});

test('A contract that the server does not speak is refused before the code is used', async () => {
  const { code } = await pendingSite(lab);
  for (const contract of ['0.9', '1.1', '2.0', 'x', '1.0.0']) {
    expect(await post('enrol', await enrolRequest(code, { contract }))).toMatchObject({ status: 422, code: 'site.contract-unsupported' });
  }
  expect(await post('enrol', await enrolRequest(code))).toMatchObject({ status: 200 });
});

test('A disabled site cannot enrol, get a token or use one, and goes on when it is enabled again', async () => {
  const site = await enrolledSite(lab);
  const deps = { database: lab.database.app, keyring: lab.keyring };
  const header = `Bearer ${await site.tokens.token()}`;
  const code = await enrolmentCode(lab, site.name);
  const set = (state: 'disabled' | 'enrolled') => lab.database.owner.updateTable('site').set({ state }).where('id', '=', site.id).execute();
  await set('disabled');
  expect(await post('token', tokenRequest(await assertionOf(site)))).toMatchObject({ status: 403, code: 'site.disabled' });
  expect(await post('enrol', await enrolRequest(code))).toMatchObject({ status: 403, code: 'site.disabled' });
  const refused = () =>
    authenticateSite(deps, header).then(
      () => false,
      (error: { code?: string }) => error.code === 'site.disabled',
    );
  await until('the access token is refused', refused, 5_000);
  await set('enrolled');
  await until('the access token is good again', async () => !(await refused()), 5_000);
});

test('A site that invents node after node keeps fifty', async () => {
  const site = await enrolledSite(lab);
  for (let i = 0; i < 55; i++) await post('token', tokenRequest(await assertionOf(site), { node: `node-${i}` }));
  const nodes = await lab.database.owner.selectFrom('site_node').select('node').where('site_id', '=', site.id).orderBy('last_seen_at', 'desc').execute();
  expect(nodes).toHaveLength(50);
  expect(nodes[0]?.node).toBe('node-54');
  expect(await post('token', tokenRequest(await assertionOf(site), { node: 'evil\nname' }))).toMatchObject({ status: 400 });
});

test('An assertion is good once', async () => {
  const site = await enrolledSite(lab);
  const assertion = await assertionOf(site);
  const answers = await Promise.all([1, 2, 3].map(() => post('token', tokenRequest(assertion))));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  expect(answers.filter(({ code }) => code === 'site.assertion-replayed')).toHaveLength(2);
});

test('Assertions of another key, site, audience, algorithm or form are refused alike', async () => {
  const site = await enrolledSite(lab);
  const other = await enrolledSite(lab);
  const now = Math.floor(Date.now() / 1000);
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ iss: site.id, sub: site.id, aud: 'lockstep', iat: now, exp: now + 60, jti: 'x' })).toString('base64url')}.`;
  const publicKey = (await siteRow(site.id)).sign_public_key ?? '';
  const hmac = await new SignJWT({ iss: site.id, sub: site.id, aud: 'lockstep', iat: now, exp: now + 60, jti: 'y' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(publicKey));
  const bad = {
    'other key': await assertionOf(site, {}, generateKeyPairSync('ed25519').privateKey),
    'other site': await assertionOf({ ...other, id: site.id }),
    'other subject': await assertionOf(site, { sub: other.id }),
    'other audience': await assertionOf(site, { aud: 'elsewhere' }),
    'too long a life': await assertionOf(site, { exp: now + 3600 }),
    'no jti': await assertionOf(site, { jti: undefined }),
    'time as text': await assertionOf(site, { iat: 'now' }),
    'unknown site': await assertionOf({ ...site, id: randomUUID() }),
    'no site': await assertionOf(site, { iss: 'x' }),
    none,
    'HMAC with the public key': hmac,
    'no JWT': 'abc',
  };
  for (const [what, assertion] of Object.entries(bad)) {
    expect({ what, ...(await post('token', tokenRequest(assertion))) }).toMatchObject({ what, status: 401, code: 'site.assertion-invalid' });
  }
});

test('A clock that is wrong by more than a minute is named with its error; one within a minute is accepted', async () => {
  const site = await enrolledSite(lab);
  const at = (offset: number) => {
    const now = Math.floor(Date.now() / 1000) + offset;
    return assertionOf(site, { iat: now, exp: now + 60 });
  };
  const ahead = await post('token', tokenRequest(await at(300)));
  expect(ahead).toMatchObject({ status: 401, code: 'site.clock-skew' });
  expect(ahead.body['detail']).toMatch(/about (?:299|300) s ahead of/);
  const behind = await post('token', tokenRequest(await at(-300)));
  expect(behind).toMatchObject({ status: 401, code: 'site.clock-skew' });
  expect(behind.body['detail']).toMatch(/about 30[01] s behind/);
  expect(await post('token', tokenRequest(await at(50)))).toMatchObject({ status: 200 });
  expect(await post('token', tokenRequest(await at(-100)))).toMatchObject({ status: 200 });
});

test('An old contract gets no token, with the words what to do', async () => {
  const site = await enrolledSite(lab);
  const answer = await post('token', tokenRequest(await assertionOf(site), { contract: '0.3' }));
  expect(answer).toMatchObject({ status: 422, code: 'site.contract-unsupported', body: { next: 'Upgrade the site.' } });
});

test('Access tokens that are absent, expired, forged, of another use or unsigned are refused', async () => {
  const site = await enrolledSite(lab);
  const deps = { database: lab.database.app, keyring: lab.keyring };
  const good = await site.tokens.token();
  const [header = '', payload = '', signature = ''] = good.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const ours = { sub: claims['sub'] as string, node: claims['node'], key: claims['key'] };
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const bad = {
    absent: undefined,
    'not a bearer': `Basic ${good}`,
    'other payload': `Bearer ${header}.${encode({ ...claims, node: 'other' })}.${signature}`,
    'alg none': `Bearer ${encode({ alg: 'none' })}.${payload}.`,
    expired: `Bearer ${await signToken(lab.keyring.tokenKeys(), SITE_ACCESS, ours, new Date(Date.now() - 601_000))}`,
    'other use': `Bearer ${await signToken(lab.keyring.tokenKeys(), TEMPORAL_UI_COOKIE, ours)}`,
    'an assertion': `Bearer ${await assertionOf(site)}`,
    'unknown key': `Bearer ${encode({ alg: 'HS256', kid: randomUUID() })}.${payload}.${signature}`,
  };
  for (const [what, value] of Object.entries(bad)) {
    await expect(authenticateSite(deps, value).then(() => what)).rejects.toMatchObject({ class: 'AuthRejected', code: 'site.token-invalid' });
  }
  await expect(authenticateSite(deps, `Bearer ${good}`)).resolves.toMatchObject({ siteId: site.id });
});

test('A site that is enrolled again elsewhere ends the tokens and the keys of the engine before', async () => {
  const site = await enrolledSite(lab);
  const deps = { database: lab.database.app, keyring: lab.keyring };
  const header = `Bearer ${await site.tokens.token()}`;
  const sealed = await anIntegration(lab.database.owner, { id: site.identity.siteId, org_id: lab.organisation.id }, { credential: Buffer.from('sealed') });
  await post('enrol', await enrolRequest(await enrolmentCode(lab, site.name)));
  const row = await lab.database.owner.selectFrom('directory_integration').select('credential').where('id', '=', sealed.id).executeTakeFirstOrThrow();
  expect(row.credential).toBeNull();
  await until(
    'the old access token is refused',
    () => authenticateSite(deps, header).then(() => false, (error: { code?: string }) => error.code === 'site.token-invalid'),
    5_000,
  );
  expect(await post('token', tokenRequest(await assertionOf(site)))).toMatchObject({ status: 401, code: 'site.assertion-invalid' });
});

test('A machine that is enrolled refuses to enrol again, and keys that others can read are refused', async () => {
  const site = await enrolledSite(lab);
  const options = { platform: site.platform, platformUrl: lab.url, stateFolder: site.stateFolder, node: 'n', version: '0.1.0' };
  await expect(enrolThisSite({ ...options, code: 'x' })).rejects.toMatchObject({ code: 'site.already-enrolled' });
  const { chmod } = await import('node:fs/promises');
  await chmod(`${site.stateFolder}/site-identity.json`, 0o644);
  await expect(SiteIdentity.load(site.stateFolder)).rejects.toMatchObject({ code: 'site.identity-readable' });
});

test('Tokens are renewed at half of their life, once for all that ask, and outlive an outage of the platform', async () => {
  const site = await enrolledSite(lab);
  let now = Date.now();
  let asked = 0;
  let away = false;
  const platform = {
    ...site.platform,
    token: (request: Parameters<typeof site.platform.token>[0]) => {
      asked += 1;
      return away ? createSitePlatform({ baseUrl: 'http://127.0.0.1:9' }).token(request) : site.platform.token(request);
    },
  };
  const tokens = createSiteTokenProvider({ identity: site.identity, platform, node: 'node-1', version: '0.1.0', now: () => now });
  const first = await Promise.all([tokens.token(), tokens.token(), tokens.token()]);
  expect(new Set(first).size).toBe(1);
  expect(asked).toBe(1);
  now += 20_000;
  await tokens.token();
  expect(asked).toBe(1);
  away = true;
  now += 290_000;
  expect(await tokens.token()).toBe(first[0]);
  expect(asked).toBe(2);
  now += 300_000;
  await expect(tokens.token()).rejects.toMatchObject({ class: 'Unavailable', code: 'platform.unreachable' });
});

test('A connection is told each new token, also after another process replaced the keys', async () => {
  const site = await enrolledSite(lab);
  const tokens: string[] = [];
  const failures: unknown[] = [];
  const stop = new AbortController();
  const kept = site.tokens.keepFresh(
    (token) => tokens.push(token),
    (error) => failures.push(error),
    stop.signal,
  );
  await until('the first token came', async () => tokens.length === 1);
  const other = await SiteIdentity.load(site.stateFolder);
  await other?.rotateKeys(site.platform, tokens[0] ?? '');
  await until('the second token came', async () => tokens.length === 2, 15_000);
  const deps = { database: lab.database.app, keyring: lab.keyring };
  await expect(authenticateSite(deps, `Bearer ${tokens[1]}`)).resolves.toMatchObject({ siteId: site.id });
  stop.abort();
  await kept;
  expect(failures).toEqual([]);
});
