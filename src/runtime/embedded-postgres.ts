import { join } from 'node:path';
import pg from 'pg';
import { LockstepError } from '../shared/errors.ts';
import { foreignEnvironment } from './child-environment.ts';
import type { Home } from './home.ts';
import type { Part } from './part.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { assertVersion, dataVersion, initialise } from './postgres-cluster.ts';
import { newCredentials, type PostgresCredentials, readCredentials, saveCredentials } from './postgres-credentials.ts';
import { choosePlace, makePlace } from './postgres-place.ts';
import { clearDataFolder } from './postgres-processes.ts';
import { postgresUser } from './system-user.ts';

const HOST = '127.0.0.1';
const DATABASE = 'lockstep';
/** A first start writes a cluster; one after a crash replays its log. */
const READY_WITHIN_MS = 120_000;
/** Fast shutdown: sessions are ended and a checkpoint is written. */
const STOP_WITHIN_MS = 30_000;

export interface EmbeddedPostgres {
  readonly part: Part;
  /** As lockstep_app: what the server uses. Holds a password. */
  readonly url: string;
  /** As lockstep_owner: for migrations. Holds a password. */
  readonly ownerUrl: string;
  /** `18.4`. */
  readonly version: string;
  readonly dataFolder: string;
}

/**
 * The PostgreSQL that comes with Lockstep, as a part to be supervised: loopback TCP only, no socket file, passwords for
 * every role. Needs the home to be locked. Looks and prepares here; writes its cluster when the part is first started.
 * @throws LockstepError ConfigInvalid `postgres.no-binaries`, `postgres.no-user`, `postgres.other-version`,
 * `postgres.data-missing`, `postgres.credentials-missing`
 */
export async function embeddedPostgres(home: Home, port: number): Promise<EmbeddedPostgres> {
  const user = await postgresUser();
  const stored = await readCredentials(home);
  const place = stored?.place ?? (await choosePlace(home, user));
  const dataFolder = join(place, 'data');
  const found = await dataVersion(dataFolder);
  if (stored === undefined && found !== undefined) throw credentialsMissing(home, dataFolder);
  if (stored?.initialised === true && found === undefined) throw dataMissing(dataFolder);
  await makePlace(place, user);
  const binaries = await postgresBinaries(user, place);
  if (found !== undefined) assertVersion(found, binaries, dataFolder);

  let credentials: PostgresCredentials = stored ?? newCredentials(place);
  if (stored === undefined) await saveCredentials(home, credentials);
  const { passwords } = credentials;
  const url = (role: string, password: string, database = DATABASE) =>
    `postgres://${role}:${password}@${HOST}:${port}/${database}`;

  const part: Part = {
    name: 'postgresql',
    title: 'PostgreSQL',
    ports: [{ host: HOST, port, purpose: 'PostgreSQL', setting: 'LOCKSTEP_POSTGRES_PORT' }],
    readyWithinMs: READY_WITHIN_MS,
    async prepare(report) {
      if ((await dataVersion(dataFolder)) === undefined) {
        report(`making its data in ${place}`);
        await initialise(place, dataFolder, binaries, passwords.superuser, user);
      }
      if (!credentials.initialised) {
        credentials = { ...credentials, initialised: true };
        await saveCredentials(home, credentials);
      }
      await clearDataFolder(dataFolder);
    },
    command: () => ({
      program: binaries.postgres,
      args: serverArguments(dataFolder, port),
      env: foreignEnvironment(process.env),
      cwd: place,
      ...(user ?? {}),
    }),
    async check() {
      await withClient(url('postgres', passwords.superuser, 'postgres'), (client) => client.query('select 1'));
    },
    async afterReady() {
      await withClient(url('postgres', passwords.superuser, 'postgres'), (client) => ensureRoles(client, passwords));
    },
    stop: { signal: 'SIGINT', withinMs: STOP_WITHIN_MS, force: 'SIGQUIT' },
  };
  return {
    part,
    url: url('lockstep_app', passwords.app),
    ownerUrl: url('lockstep_owner', passwords.owner),
    version: binaries.version,
    dataFolder,
  };
}

const serverArguments = (dataFolder: string, port: number): readonly string[] => [
  '-D',
  dataFolder,
  '-p',
  String(port),
  ...Object.entries({
    listen_addresses: HOST,
    // A socket file needs a folder that both users may write to, and a path of at most 107 bytes.
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    // Short queries only: compiling them costs more than it saves.
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] ',
    cluster_name: 'lockstep',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
];

async function withClient(connectionString: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5000, query_timeout: 30_000 });
  // A server that dies in the middle shows as a failed query.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Roles and database, made or put right at each start: a start that was cut short is completed by the next. */
async function ensureRoles(client: pg.Client, passwords: PostgresCredentials['passwords']): Promise<void> {
  // A statement that fails would be logged, and these hold passwords.
  await client.query('set log_min_error_statement = panic');
  for (const [role, password] of [
    ['lockstep_owner', passwords.owner],
    ['lockstep_app', passwords.app],
  ] as const) {
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
    if (rowCount === 0) await client.query(`create role ${role}`);
    await client.query(
      `alter role ${role} login nosuperuser nobypassrls nocreaterole nocreatedb password ${client.escapeLiteral(password)}`,
    );
  }
  const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
  if (rowCount === 0) await client.query(`create database ${DATABASE} owner lockstep_owner`);
  await client.query(`revoke connect on database ${DATABASE} from public`);
  await client.query(`grant connect on database ${DATABASE} to lockstep_app`);
}

const credentialsMissing = (home: Home, dataFolder: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'postgres.credentials-missing',
    message: `There are data in ${dataFolder}, but ${home.databaseFile} with their passwords is missing.`,
    next: `Restore ${home.databaseFile} from a backup of the home folder; or move ${dataFolder} away to begin with an empty database.`,
  });

const dataMissing = (dataFolder: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'postgres.data-missing',
    message: `The data of the embedded PostgreSQL are no longer in ${dataFolder}.`,
    next: 'Put the folder back (is its disk mounted?), or use another home folder to begin with an empty database.',
  });

