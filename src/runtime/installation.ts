import { access } from 'node:fs/promises';
import { authenticateApiToken, issueFirstApiToken, issueInstallationToken } from '../archive/api-tokens.ts';
import { type Database, openDatabase, withOrganisation } from '../archive/database.ts';
import { migrate } from '../archive/migrate.ts';
import { createOrganisation, findOrganisationByName, type OrganisationRow } from '../archive/organisations.ts';
import { ConflictError, NotFoundError } from '../archive/record-errors.ts';
import { Keyring } from '../security/keyring.ts';
import { createMasterKeyFile, loadMasterKey, type MasterKey } from '../security/master-key.ts';
import { LockstepError } from '../shared/errors.ts';
import { organisationId } from '../shared/ids.ts';
import { assertAppRole } from './app-role.ts';
import { type CliConfig, readCliConfig, updateCliConfig } from './cli-config.ts';
import type { Home } from './home.ts';
import type { Settings } from './settings.ts';

export interface InstallationOptions {
  readonly home: Home;
  readonly settings: Settings;
  readonly database: { readonly url: string; readonly ownerUrl: string | undefined };
  /** Name of the first organisation; default: the one that the CLI uses, else `main`. */
  readonly organisation: string | undefined;
  /** Where the CLI of this home finds the API. */
  readonly apiUrl: string;
}

/** What was made now; undefined = it was there. */
export interface Installation {
  readonly migrations: readonly string[];
  readonly masterKeyFile: string | undefined;
  /** Shown once by who made it. Also saved in config.json. */
  readonly installationToken: string | undefined;
  readonly organisation: string;
  readonly organisationCreated: boolean;
  readonly tokenCreated: boolean;
}

const FIRST_ORGANISATION = 'main';

/**
 * Makes what an installation needs before its first start: schema, master key, first organisation and tokens. Each step
 * looks first, so running it again repairs what an interrupted run left, and changes nothing otherwise.
 * @throws LockstepError ConfigInvalid `init.token-unknown`, `database.*`, `key.*`
 */
export async function prepareInstallation(options: InstallationOptions): Promise<Installation> {
  const { home } = options;
  const migrations = await migrateWhenOwner(options.database.ownerUrl);
  const database = openDatabase({ connectionString: options.database.url, poolSize: 2 }, () => undefined);
  try {
    await assertAppRole(database);
    const key = await masterKey(options, database);
    const keyring = await Keyring.open(database, key.key);
    await updateCliConfig(home, { url: options.apiUrl });
    const installationToken = await installationTokenFor(home, database);
    return { migrations, masterKeyFile: key.created, installationToken, ...(await firstOrganisation(options, database, keyring)) };
  } finally {
    await database.destroy();
  }
}

async function migrateWhenOwner(ownerUrl: string | undefined): Promise<readonly string[]> {
  if (ownerUrl === undefined) return [];
  const owner = openDatabase({ connectionString: ownerUrl, poolSize: 1 }, () => undefined);
  try {
    return await migrate(owner);
  } finally {
    await owner.destroy();
  }
}

/** A new key is made for a database that holds nothing encrypted yet; for any other a missing key is an error. */
async function masterKey(
  { home, settings }: InstallationOptions,
  database: Database,
): Promise<{ readonly key: MasterKey; readonly created: string | undefined }> {
  const file = settings.masterKeyFile ?? home.masterKeyFile;
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (settings.masterKey === undefined && !exists) {
    const used = await database.selectFrom('encryption_key').select('id').limit(1).executeTakeFirst();
    if (used === undefined) return { key: await createMasterKeyFile(file), created: file };
  }
  return { key: await loadMasterKey({ file, env: settings.masterKey }), created: undefined };
}

/** Issues an installation token unless the saved one is good for this very database. */
async function installationTokenFor(home: Home, database: Database): Promise<string | undefined> {
  const { installationToken: saved } = await readCliConfig(home);
  if (saved !== undefined && (await authenticateApiToken(database, saved)) !== undefined) return undefined;
  const { token } = await issueInstallationToken(database, 'lockstep init');
  await updateCliConfig(home, { installationToken: token });
  return token;
}

async function firstOrganisation(
  options: InstallationOptions,
  database: Database,
  keyring: Keyring,
): Promise<Pick<Installation, 'organisation' | 'organisationCreated' | 'tokenCreated'>> {
  const { home } = options;
  const config = await readCliConfig(home);
  const name = options.organisation ?? config.organisation ?? FIRST_ORGANISATION;
  const found = await existing(database, name);
  const organisation = found ?? (await createOrganisation(database, keyring, { name }));
  const tokenCreated = !(await hasToken(config, name, database, organisation)) && (await saveFirstToken(home, database, organisation));
  await updateCliConfig(home, { organisation: name });
  return { organisation: name, organisationCreated: found === undefined, tokenCreated };
}

async function existing(database: Database, name: string): Promise<OrganisationRow | undefined> {
  try {
    return await findOrganisationByName(database, name);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

async function hasToken(config: CliConfig, name: string, database: Database, organisation: OrganisationRow): Promise<boolean> {
  const token = config.tokens[name];
  const principal = token === undefined ? undefined : await authenticateApiToken(database, token);
  return principal?.kind === 'organisation' && principal.organisationId === organisation.id;
}

/**
 * Saved before it counts: a crash in between leaves a token that is no good and is replaced next time, never one that is
 * good and known to nobody, which would keep the first token from ever being issued.
 */
async function saveFirstToken(home: Home, database: Database, { id, name }: OrganisationRow): Promise<boolean> {
  const organisation = organisationId(id);
  try {
    await withOrganisation(database, organisation, async (tx) => {
      const { token } = await issueFirstApiToken(tx, organisation, {
        label: 'lockstep init',
        scopes: ['read', 'operate', 'admin'],
        expiresAt: null,
      });
      await updateCliConfig(home, { tokens: { [name]: token } });
    });
    return true;
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'init.token-unknown',
      message: `Organisation "${name}" has tokens already, and none of them is saved in this home folder.`,
      next: `Save one: lockstep organisation use ${name} --token-file FILE; or name another organisation: --organisation NAME.`,
      cause: error,
    });
  }
}
