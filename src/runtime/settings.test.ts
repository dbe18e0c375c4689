import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { LockstepError } from '../shared/errors.ts';
import { homeAt } from './home.ts';
import { settingRecords } from './setting-records.ts';
import { readSettings, serverSettings, temporalSettings } from './settings.ts';
import { settingsMarkdown } from './settings-text.ts';

const home = homeAt('/somewhere');
const refusal = (env: Record<string, string>): LockstepError => {
  try {
    serverSettings(readSettings({ DATABASE_URL: 'postgres://a:b@c/d', ...env }), home);
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

test('without any variable every setting has its default', () => {
  const settings = readSettings({});
  expect(settings.apiPort).toBe(8480);
  expect(settings.databaseUrl).toBeUndefined();
  expect(settings.temporalNamespace).toBe('lockstep');
});

test('an empty variable counts as not set', () => {
  expect(readSettings({ LOCKSTEP_API_PORT: ' ' }).apiPort).toBe(8480);
});

test.each([
  ['LOCKSTEP_API_PORT', '0'],
  ['LOCKSTEP_API_PORT', '65536'],
  ['LOCKSTEP_API_PORT', '80 80'],
  ['LOCKSTEP_API_HOST', '127.0.0.1:80'],
  ['LOCKSTEP_LOG_LEVEL', 'loud'],
  ['TEMPORAL_ADDRESS', 'http://temporal:7233'],
  ['TEMPORAL_ADDRESS', 'temporal'],
  ['TEMPORAL_TLS', 'yes'],
  ['LOCKSTEP_PUBLIC_URL', 'lockstep.example'],
  ['LOCKSTEP_PUBLIC_GATEWAY', 'grpc://lockstep.example:443'],
  ['LOCKSTEP_PUBLIC_GATEWAY', 'https://lockstep.example'],
  ['LOCKSTEP_TRUST_PROXY', '1'],
  ['DATABASE_URL', 'localhost/lockstep'],
])('%s=%s is refused by name', (name, value) => {
  const error = refusal({ [name]: value });
  expect(error.code).toBe('setting.invalid');
  expect(error.message).toContain(name);
});

test('a wrong secret is not repeated in the error', () => {
  const error = refusal({ DATABASE_URL: 'mysql://user:hunter2@host/database' });
  expect(`${error.message}${error.next}`).not.toContain('hunter2');
});

test('half a TLS pair is refused and both names are said', () => {
  const error = refusal({ LOCKSTEP_API_TLS_CERT: '/cert.pem' });
  expect(error.message).toContain('LOCKSTEP_API_TLS_KEY');
  expect(error.next).toContain('LOCKSTEP_API_TLS_CERT');
});

test('the server says what to do without a database', () => {
  expect(() => serverSettings(readSettings({}), home)).toThrow('DATABASE_URL');
});

test('public addresses follow the listen addresses, and a listener on everything is reached by loopback', () => {
  const settings = serverSettings(
    readSettings({ DATABASE_URL: 'postgres://a:b@c/d', LOCKSTEP_API_HOST: '0.0.0.0', LOCKSTEP_GATEWAY_HOST: '::' }),
    home,
  );
  expect(settings.publicUrl).toBe('http://127.0.0.1:8480');
  expect(settings.publicGateway).toEqual({ address: '[::1]:8481', tls: false });
});

const certificate = { LOCKSTEP_GATEWAY_TLS_CERT: '/cert.pem', LOCKSTEP_GATEWAY_TLS_KEY: '/key.pem' };
test.each([
  ['lockstep.example:8481', {}, { address: 'lockstep.example:8481', tls: false }],
  ['lockstep.example:8481', certificate, { address: 'lockstep.example:8481', tls: true }],
  ['https://lockstep.example:443', {}, { address: 'lockstep.example:443', tls: true }],
  ['http://[2001:db8::1]:8481', certificate, { address: '[2001:db8::1]:8481', tls: false }],
])('sites reach the gateway at %s as its scheme says, else as its own certificate does', (given, own, expected) => {
  const env = { DATABASE_URL: 'postgres://a:b@c/d', LOCKSTEP_PUBLIC_GATEWAY: given, ...own };
  expect(serverSettings(readSettings(env), home).publicGateway).toEqual(expected);
});

test('a proxy is trusted only when it is said', () => {
  const env = { DATABASE_URL: 'postgres://a:b@c/d' };
  expect(serverSettings(readSettings(env), home).trustProxy).toBe(false);
  expect(serverSettings(readSettings({ ...env, LOCKSTEP_TRUST_PROXY: 'true' }), home).trustProxy).toBe(true);
});

test('an API key or any certificate turns TLS to Temporal on', () => {
  expect(temporalSettings(readSettings({})).tls).toBeUndefined();
  expect(temporalSettings(readSettings({ TEMPORAL_API_KEY: 'k' })).tls).toBeDefined();
  expect(temporalSettings(readSettings({ TEMPORAL_TLS_CA: '/ca.pem' })).tls?.caFile).toBe('/ca.pem');
  expect(temporalSettings(readSettings({ TEMPORAL_TLS: 'true' })).tls).toBeDefined();
});

test('every port that is a number in range is taken, and nothing else', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer({ min: -5, max: 70_000 }).map(String), fc.string()), (text) => {
      const parsed = settingRecords.apiPort.parse(text);
      const right = /^[0-9]{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
      expect(parsed.ok).toBe(right);
    }),
  );
});

test('names and environment variables are used once', () => {
  const names = Object.values(settingRecords).map((record) => record.env);
  expect(new Set(names).size).toBe(names.length);
});

test('docs/settings.md is what the records say', async () => {
  expect(await readFile(new URL('../../docs/settings.md', import.meta.url), 'utf8')).toBe(settingsMarkdown());
});
