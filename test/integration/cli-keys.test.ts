import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createOrganisation } from '../../src/archive/organisations.ts';
import { Keyring } from '../../src/security/keyring.ts';
import { createMasterKeyFile, loadMasterKey } from '../../src/security/master-key.ts';
import { organisationId } from '../../src/shared/ids.ts';
import { type Cli, cli } from '../lab/cli.ts';
import { labFolder } from '../lab/component.ts';
import { freePort } from '../lab/ports.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { enrolledSite, platformLab, type PlatformLab } from '../lab/site-platform.ts';

let lab: LabDatabase;
let shell: Cli;
let folder: string;
let keyFile: string;
beforeAll(async () => {
  lab = await freshDatabase();
  folder = await mkdtemp(join(labFolder(), 'cli-keys-'));
  keyFile = join(folder, 'master.key');
  const keyring = await Keyring.open(lab.app, await createMasterKeyFile(keyFile));
  await createOrganisation(lab.app, keyring, { name: 'acme' });
  shell = await cli({ DATABASE_URL: lab.appUrl, DATABASE_OWNER_URL: lab.ownerUrl, LOCKSTEP_MASTER_KEY_FILE: keyFile });
});
afterAll(() => lab.close());

const activeKeys = async () =>
  new Map(
    (await lab.owner.selectFrom('encryption_key').select(['id', 'purpose']).where('retired_at', 'is', null).execute()).map(({ id, purpose }) => [purpose, id]),
  );

test.each([
  [['keys', 'rotate', 'codec'], 'codec'],
  [['keys', 'rotate', 'token'], 'token'],
  [['keys', 'rotate', 'organisation', 'acme'], 'organisation'],
])('lockstep %j replaces that key and no other', async (args, purpose) => {
  const before = await activeKeys();
  const result = await shell.run([...args, '--json']);
  expect([result.stderr, result.code]).toEqual(['', 0]);
  const after = await activeKeys();
  expect(after.get(purpose)).toBe((result.json() as { keyId: string }).keyId);
  expect([...after].filter(([name, id]) => before.get(name) !== id).map(([name]) => name)).toEqual([purpose]);
});

test('the master key is replaced: what was encrypted opens under the new file, which is not shown', async () => {
  const former = await loadMasterKey({ file: keyFile });
  const keyring = await Keyring.open(lab.app, former);
  const acme = organisationId((await lab.owner.selectFrom('organisation').select('id').executeTakeFirstOrThrow()).id);
  const secret = await keyring.encrypt(acme, 'secrets', Buffer.from('kept'), 'x');

  const { code, stdout, stderr } = await shell.run(['keys', 'rotate', 'master']);
  expect([stderr, code]).toEqual(['', 0]);
  const key = (await readFile(keyFile, 'utf8')).trim();
  expect(stdout + stderr).not.toContain(key);
  expect((await readdir(folder)).sort()).toEqual(['master.key', `master.key.old-${former.fingerprint}`]);
  const reopened = await Keyring.open(lab.app, await loadMasterKey({ file: keyFile }));
  expect((await reopened.decrypt(acme, 'secrets', secret, 'x')).toString()).toBe('kept');
});

test('a master key from the environment is replaced by one in a file', async () => {
  const env = { LOCKSTEP_MASTER_KEY: (await readFile(keyFile, 'utf8')).trim() };
  const refused = await shell.run(['keys', 'rotate', 'master'], { env });
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--new-key-file')]);
  const file = join(folder, 'other.key');
  expect((await shell.run(['keys', 'rotate', 'master', '--new-key-file', file], { env })).code).toBe(0);
  await expect(Keyring.open(lab.app, await loadMasterKey({ file }))).resolves.toBeDefined();
  expect(await shell.run(['keys', 'rotate', 'codec'], { env })).toMatchObject({ code: 1, stderr: expect.stringContaining('key.master-wrong') as string });
});

test('after the loss of the master key, and only with the words for it, new keys are made', async () => {
  const file = join(folder, 'after-loss.key');
  const env = { LOCKSTEP_MASTER_KEY_FILE: file };
  expect((await shell.run(['keys', 'abandon'], { env })).code).toBe(2);
  expect(await readdir(folder)).not.toContain('after-loss.key');
  const { code, stderr } = await shell.run(['keys', 'abandon', '--lost-for-good'], { env });
  expect([stderr, code]).toEqual(['', 0]);
  await expect(Keyring.open(lab.app, await loadMasterKey({ file }))).resolves.toBeDefined();
  expect(await shell.run(['keys', 'abandon', '--lost-for-good'], { env })).toMatchObject({ code: 1, stderr: expect.stringContaining('key.not-lost') as string });
});

test('an unknown organisation is exit code 6; a database that is away is exit code 4 without its password', async () => {
  expect((await shell.run(['keys', 'rotate', 'organisation', 'nobody'])).code).toBe(6);
  const away = `postgres://lockstep_app:s3cr3t@127.0.0.1:${await freePort()}/x`;
  const { code, stdout, stderr } = await shell.run(['keys', 'rotate', 'codec'], { env: { DATABASE_URL: away } });
  expect(code).toBe(4);
  expect(stdout + stderr).not.toContain('s3cr3t');
});

test('outside an installation nothing is made and the reader learns where to run it', async () => {
  const elsewhere = await cli();
  const result = await elsewhere.run(['keys', 'rotate', 'codec']);
  expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('Run it on the server')]);
  expect(await readdir(elsewhere.home)).toEqual([]);
  expect((await elsewhere.run(['keys', 'rotate', 'site'])).code).toBe(2);
});

describe('on a site', () => {
  let platform: PlatformLab;
  beforeAll(async () => {
    platform = await platformLab();
  });
  afterAll(() => platform.close());

  test('its keys are replaced and it goes on with the new ones', async () => {
    const site = await enrolledSite(platform);
    const before = site.identity.signKeyId;
    const result = await shell.run(['keys', 'rotate', 'site', '--state', site.stateFolder, '--json']);
    expect([result.stderr, result.code]).toEqual(['', 0]);
    expect(await site.identity.reload()).toBe(true);
    expect(site.identity.signKeyId).not.toBe(before);
    expect(result.json()).toMatchObject({ signKeyId: site.identity.signKeyId });
    await expect(site.tokens.token()).resolves.toMatch(/./);
  });
});
