import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authenticateApiToken } from '../../src/archive/api-tokens.ts';
import { readCliConfig, updateCliConfig } from '../../src/runtime/cli-config.ts';
import { type Home, homeAt } from '../../src/runtime/home.ts';
import { type Installation, prepareInstallation } from '../../src/runtime/installation.ts';
import { readSettings } from '../../src/runtime/settings.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

let database: LabDatabase;
let home: Home;
beforeEach(async () => {
  database = await freshDatabase();
  home = homeAt(await mkdtemp(join(tmpdir(), 'lockstep-installation-')));
});
afterEach(async () => {
  await database.close();
  await rm(home.folder, { recursive: true, force: true });
});

const prepare = (change: { organisation?: string; env?: Record<string, string>; at?: Home } = {}): Promise<Installation> =>
  prepareInstallation({
    home: change.at ?? home,
    settings: readSettings(change.env ?? {}),
    database: { url: database.appUrl, ownerUrl: database.ownerUrl },
    organisation: change.organisation,
    apiUrl: 'http://127.0.0.1:8480',
  });
const principalOf = async (token: string | undefined) => authenticateApiToken(database.app, token ?? '');

test('a first run makes a master key, an organisation and tokens that are good, and saves them', async () => {
  const made = await prepare({ organisation: 'acme' });
  expect(made).toMatchObject({ organisation: 'acme', organisationCreated: true, tokenCreated: true, masterKeyFile: home.masterKeyFile });
  const config = await readCliConfig(home);
  expect(config).toMatchObject({ url: 'http://127.0.0.1:8480', organisation: 'acme', installationToken: made.installationToken });
  expect(await principalOf(config.installationToken)).toMatchObject({ kind: 'installation' });
  expect(await principalOf(config.tokens['acme'])).toMatchObject({ kind: 'organisation', scopes: ['read', 'operate', 'admin'] });
});

test('a second run changes nothing', async () => {
  await prepare();
  const config = await readFile(home.configFile, 'utf8');
  const key = await readFile(home.masterKeyFile, 'utf8');
  expect(await prepare()).toEqual({
    migrations: [],
    masterKeyFile: undefined,
    installationToken: undefined,
    organisation: 'main',
    organisationCreated: false,
    tokenCreated: false,
  });
  expect(await readFile(home.configFile, 'utf8')).toBe(config);
  expect(await readFile(home.masterKeyFile, 'utf8')).toBe(key);
});

test('tokens that a crash left saved but not issued are replaced', async () => {
  await prepare();
  await updateCliConfig(home, { installationToken: 'lsi_never-issued' });
  await database.owner.deleteFrom('api_token').where('org_id', 'is not', null).execute();
  const made = await prepare();
  expect(made.tokenCreated).toBe(true);
  const config = await readCliConfig(home);
  expect(await principalOf(config.installationToken)).toMatchObject({ kind: 'installation' });
  expect(await principalOf(config.tokens['main'])).toMatchObject({ kind: 'organisation' });
});

test('a lost master key is never replaced by a new one', async () => {
  await prepare();
  await rm(home.masterKeyFile);
  await expect(prepare()).rejects.toMatchObject({ code: 'key.master-missing' });
});

test('another master key is refused', async () => {
  await prepare();
  await writeFile(home.masterKeyFile, `${Buffer.alloc(32, 1).toString('base64')}\n`, { mode: 0o600 });
  await expect(prepare()).rejects.toMatchObject({ code: 'key.master-wrong' });
});

test('a master key from the environment needs no file', async () => {
  const made = await prepare({ env: { LOCKSTEP_MASTER_KEY: Buffer.alloc(32, 2).toString('base64') } });
  expect(made.masterKeyFile).toBeUndefined();
  await expect(readFile(home.masterKeyFile)).rejects.toThrow('ENOENT');
});

test('an organisation whose tokens others hold is not let into', async () => {
  await prepare({ organisation: 'acme' });
  const other = homeAt(await mkdtemp(join(tmpdir(), 'lockstep-other-home-')));
  const key = Buffer.from((await readFile(home.masterKeyFile, 'utf8')).trim(), 'base64').toString('base64');
  await expect(prepare({ organisation: 'acme', at: other, env: { LOCKSTEP_MASTER_KEY: key } })).rejects.toMatchObject({
    code: 'init.token-unknown',
  });
  await rm(other.folder, { recursive: true, force: true });
});
