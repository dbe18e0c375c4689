import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../../src/archive/database.ts';
import { migrate } from '../../src/archive/migrate.ts';
import { assertAppRole } from '../../src/runtime/app-role.ts';
import { type EmbeddedPostgres, embeddedPostgres } from '../../src/runtime/embedded-postgres.ts';
import { createHome, type Home, homeAt } from '../../src/runtime/home.ts';
import type { PartEvent } from '../../src/runtime/part.ts';
import { processIdentity } from '../../src/runtime/process-identity.ts';
import { Supervisor } from '../../src/runtime/supervisor.ts';
import { freshDatabase } from '../lab/postgres.ts';
import { until } from '../lab/component.ts';
import { freePort } from '../lab/ports.ts';

let home: Home;
let port: number;
let events: PartEvent[];
let supervisor: Supervisor;
const opened: Database[] = [];

beforeAll(async () => {
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lockstep-postgres-'));
  await chmod(folder, 0o755);
  home = homeAt(join(folder, 'home'));
  await createHome(home);
  port = await freePort();
});
beforeEach(() => {
  events = [];
  supervisor = new Supervisor({ home, onEvent: (event) => events.push(event) });
});
afterEach(async () => {
  for (const database of opened.splice(0)) await database.destroy();
  await supervisor.stop();
});
afterAll(() => rm(join(home.folder, '..'), { recursive: true, force: true }));

const open = (url: string): Database => {
  const database = openDatabase({ connectionString: url, poolSize: 1 }, () => undefined);
  opened.push(database);
  return database;
};
const started = async (): Promise<EmbeddedPostgres> => {
  const postgres = await embeddedPostgres(home, port);
  await supervisor.start(postgres.part);
  return postgres;
};
const answers = async (url: string): Promise<unknown> => {
  const database = openDatabase({ connectionString: url, poolSize: 1 }, () => undefined);
  try {
    return (await sql<{ role: string }>`select current_user as role`.execute(database)).rows[0]?.role;
  } finally {
    await database.destroy();
  }
};

test('a first start makes a database that is migrated by its owner and served by a role that policies bind', async () => {
  const postgres = await started();
  await migrate(open(postgres.ownerUrl));
  await assertAppRole(open(postgres.url));
  expect(await answers(postgres.url)).toBe('lockstep_app');
});

test('passwords and data are for this user only', async () => {
  const postgres = await started();
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
  expect(await modeOf(home.databaseFile)).toBe(0o600);
  expect(await modeOf(postgres.dataFolder)).toBe(0o700);
  const stored = await readFile(home.databaseFile, 'utf8');
  const log = await readFile(join(home.logsFolder, 'postgresql.log'), 'utf8');
  for (const password of Object.values((JSON.parse(stored) as { passwords: Record<string, string> }).passwords)) {
    expect(log).not.toContain(password);
  }
});

test('a role without its password is turned away', async () => {
  const postgres = await started();
  const url = new URL(postgres.url);
  url.password = 'guess';
  await expect(answers(url.href)).rejects.toThrow(/password authentication failed/);
});

test('data are kept from one start to the next', async () => {
  const first = await started();
  await sql`create table kept (word text)`.execute(open(first.ownerUrl));
  await supervisor.stop();
  supervisor = new Supervisor({ home, onEvent: (event) => events.push(event) });
  const second = await started();
  expect((await sql`select * from kept`.execute(open(second.ownerUrl))).rows).toEqual([]);
});

test('a killed server is started again and answers', async () => {
  const postgres = await started();
  const before = supervisor.pidOf('postgresql') ?? Number.NaN;
  process.kill(before, 'SIGKILL');
  await until('PostgreSQL is ready again', async () => events.filter(({ event }) => event === 'ready').length === 2);
  expect(supervisor.pidOf('postgresql')).not.toBe(before);
  expect(await answers(postgres.url)).toBe('lockstep_app');
});

test('a server left by a supervisor that was killed is ended by the next start', async () => {
  const source = (file: string) => JSON.stringify(new URL(`../../src/runtime/${file}`, import.meta.url).href);
  const program = join(home.folder, 'supervise.mjs');
  await writeFile(
    program,
    `import { embeddedPostgres } from ${source('embedded-postgres.ts')};
     import { homeAt } from ${source('home.ts')};
     import { Supervisor } from ${source('supervisor.ts')};
     const home = homeAt(${JSON.stringify(home.folder)});
     const supervisor = new Supervisor({ home, onEvent: () => {} });
     await supervisor.start((await embeddedPostgres(home, ${port})).part);
     console.log(supervisor.pidOf('postgresql'));`,
  );
  const killed = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = (await once(killed.stdout, 'data')) as [Buffer];
  const orphan = Number(output.toString());
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  expect(await processIdentity(orphan)).toBeDefined();
  expect(await supervisor.endOrphans()).toEqual(['postgresql']);
  expect(await processIdentity(orphan)).toBeUndefined();
  const postgres = await started();
  expect(await answers(postgres.url)).toBe('lockstep_app');
});

test('a postmaster.pid whose pid is another program by now does not stand in the way', async () => {
  const { dataFolder } = await embeddedPostgres(home, port);
  // A pid that exists: this test's.
  await writeFile(join(dataFolder, 'postmaster.pid'), `${process.pid}\n${dataFolder}\n1\n${port}\n\n127.0.0.1\n`);
  const postgres = await started();
  expect(await answers(postgres.url)).toBe('lockstep_app');
});

test('data of another major version are refused and left alone', async () => {
  const { dataFolder } = await embeddedPostgres(home, port);
  const file = join(dataFolder, 'PG_VERSION');
  const right = await readFile(file, 'utf8');
  await writeFile(file, '17\n');
  try {
    await expect(embeddedPostgres(home, port)).rejects.toMatchObject({
      code: 'postgres.other-version',
      message: expect.stringContaining('PostgreSQL 17') as string,
    });
  } finally {
    await writeFile(file, right);
  }
});

test('data that are gone are never replaced by an empty database', async () => {
  const elsewhere = homeAt(join(home.folder, '..', 'emptied'));
  await createHome(elsewhere);
  const credentials = JSON.parse(await readFile(home.databaseFile, 'utf8')) as object;
  await writeFile(elsewhere.databaseFile, JSON.stringify({ ...credentials, place: elsewhere.postgresFolder }));
  await expect(embeddedPostgres(elsewhere, port)).rejects.toMatchObject({ code: 'postgres.data-missing' });
});

test('data without their passwords are refused', async () => {
  const elsewhere = homeAt(join(home.folder, '..', 'forgetful'));
  await mkdir(join(elsewhere.postgresFolder, 'data'), { recursive: true });
  await chmod(elsewhere.folder, 0o755);
  await writeFile(join(elsewhere.postgresFolder, 'data', 'PG_VERSION'), '18\n');
  await expect(embeddedPostgres(elsewhere, port)).rejects.toMatchObject({ code: 'postgres.credentials-missing' });
});

const asRoot = userInfo().uid === 0 ? test : test.skip;
asRoot('below a folder that only root may enter the data go where the postgres user can get', async () => {
  const hidden = homeAt(join(await mkdtemp(join(tmpdir(), 'lockstep-hidden-')), '.lockstep'));
  await createHome(hidden);
  const hiddenSupervisor = new Supervisor({ home: hidden, onEvent: () => undefined });
  const postgres = await embeddedPostgres(hidden, port);
  try {
    expect(postgres.dataFolder.startsWith(hidden.folder)).toBe(false);
    await hiddenSupervisor.start(postgres.part);
    expect(await answers(postgres.url)).toBe('lockstep_app');
  } finally {
    await hiddenSupervisor.stop();
    await rm(join(postgres.dataFolder, '..'), { recursive: true, force: true });
    await rm(join(hidden.folder, '..'), { recursive: true, force: true });
  }
});

describe('the role that serves', () => {
  test('is accepted as lockstep_app', async () => {
    const database = await freshDatabase();
    await expect(assertAppRole(database.app)).resolves.toBeUndefined();
    await database.close();
  });

  test('is refused when it owns the tables', async () => {
    const database = await freshDatabase();
    await expect(assertAppRole(database.owner)).rejects.toMatchObject({
      code: 'database.role-unsafe',
      message: expect.stringContaining('owns tables') as string,
    });
    await database.close();
  });

  test.each([
    ['superuser', 'is a superuser'],
    ['bypassrls', 'has BYPASSRLS'],
  ])('is refused as %s, and as a member of such a role', async (attribute, words) => {
    const postgres = await started();
    const { passwords } = JSON.parse(await readFile(home.databaseFile, 'utf8')) as { passwords: { superuser: string } };
    const superuser = open(postgres.url.replace(/\/\/[^@]*@/, `//postgres:${passwords.superuser}@`));
    const refused = async (role: string) =>
      expect(assertAppRole(open(postgres.url.replace(/\/\/[^@]*@/, `//${role}:x@`)))).rejects.toMatchObject({
        code: 'database.role-unsafe',
        message: expect.stringContaining(words) as string,
      });
    await sql.raw(`create role strong_${attribute} login ${attribute} password 'x'`).execute(superuser);
    await sql.raw(`create role member_${attribute} login password 'x' in role strong_${attribute}`).execute(superuser);
    for (const role of [`strong_${attribute}`, `member_${attribute}`]) {
      await sql.raw(`grant connect on database lockstep to ${role}`).execute(superuser);
      await refused(role);
    }
  });
});
