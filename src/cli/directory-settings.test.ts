import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './command.ts';
import { type GivenSettings, type Settings, withGivenSettings, withoutSettings } from './directory-settings.ts';

const nothing: GivenSettings = {
  host: undefined,
  port: undefined,
  security: undefined,
  caFile: undefined,
  baseDn: undefined,
  searchBase: [],
  filter: undefined,
  mailDomain: [],
  acknowledgeDisabled: undefined,
  extraAttribute: [],
  pollSeconds: undefined,
};
const before: Settings = { account: 'svc@corp.example', security: 'ldaps', acknowledgeDisabled: true, host: 'dc1', mailDomains: ['a.example'] };

test('what is not given stays', async () => {
  expect(await withGivenSettings(before, nothing)).toEqual(before);
});

test('a list that is given replaces the list, with commas or without', async () => {
  expect(await withGivenSettings(before, { ...nothing, mailDomain: ['b.example, c.example', 'd.example'] })).toEqual({
    ...before,
    mailDomains: ['b.example', 'c.example', 'd.example'],
  });
});

test('a DN keeps its commas', async () => {
  const { searchBases } = await withGivenSettings(before, { ...nothing, searchBase: ['OU=A,DC=corp,DC=example'] });
  expect(searchBases).toEqual(['OU=A,DC=corp,DC=example']);
});

test('unsetting gives back the default, and says what can be unset', () => {
  expect(withoutSettings(before, ['host', 'mail-domain'])).toEqual({ account: 'svc@corp.example', security: 'ldaps', acknowledgeDisabled: true });
  expect(() => withoutSettings(before, ['account'])).toThrow(/mail-domain/);
  expect(() => withoutSettings(before, ['toString'])).toThrow(UsageError);
});

test('a file with a private key beside the certificate is not sent', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-ca-'));
  try {
    const file = join(folder, 'ca.pem');
    const certificate = '-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n';
    await writeFile(file, certificate);
    expect(await withGivenSettings(before, { ...nothing, caFile: file })).toEqual({ ...before, caPem: certificate });
    await writeFile(file, `${certificate}-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n`);
    await expect(withGivenSettings(before, { ...nothing, caFile: file })).rejects.toThrow(/private key/);
    await writeFile(file, 'nothing of the kind');
    await expect(withGivenSettings(before, { ...nothing, caFile: file })).rejects.toThrow(UsageError);
  } finally {
    await rm(folder, { recursive: true });
  }
});
