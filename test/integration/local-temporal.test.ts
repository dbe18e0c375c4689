import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createHome, type Home, homeAt } from '../../src/runtime/home.ts';
import { localTemporal } from '../../src/runtime/local-temporal.ts';
import type { PartEvent } from '../../src/runtime/part.ts';
import { readSettings } from '../../src/runtime/settings.ts';
import { Supervisor } from '../../src/runtime/supervisor.ts';
import { until } from '../lab/component.ts';
import { freePort } from '../lab/ports.ts';

let home: Home;
let events: PartEvent[];
let supervisor: Supervisor;
let env: Record<string, string | undefined>;

beforeEach(async () => {
  home = homeAt(await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lockstep-local-temporal-')));
  await createHome(home);
  events = [];
  supervisor = new Supervisor({ home, onEvent: (event) => events.push(event) });
  env = {
    ...process.env,
    LOCKSTEP_TEMPORAL_PORT: String(await freePort()),
    LOCKSTEP_TEMPORAL_UI_PORT: String(await freePort()),
    LOCKSTEP_TEMPORAL_METRICS_PORT: String(await freePort()),
  };
});
afterEach(async () => {
  await supervisor.stop();
  await rm(home.folder, { recursive: true, force: true });
});

const server = (options: { uiPublicPath?: string } = {}) => localTemporal({ home, settings: readSettings(env), env, ...options });
const withClient = async <T>(address: string, work: (client: Client) => Promise<T>): Promise<T> => {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection, namespace: 'lockstep' }));
  } finally {
    await connection.close();
  }
};

test('is ready with its namespace, and keeps workflows through a stop and through a kill', async () => {
  const temporal = server();
  await supervisor.start(temporal.part);
  await withClient(temporal.address, (client) => client.workflow.start('any', { taskQueue: 'none', workflowId: 'kept' }));
  const stateOf = () =>
    withClient(temporal.address, async (client) => (await client.workflow.getHandle('kept').describe()).status.name);

  await supervisor.stop();
  supervisor = new Supervisor({ home, onEvent: (event) => events.push(event) });
  await supervisor.start(server().part);
  expect(await stateOf()).toBe('RUNNING');

  const before = events.length;
  process.kill(supervisor.pidOf('temporal') ?? Number.NaN, 'SIGKILL');
  await until('Temporal is ready again', async () => events.slice(before).some(({ event }) => event === 'ready'));
  expect(await stateOf()).toBe('RUNNING');
});

test('the UI is served, below a path of its own when it is shown elsewhere', async () => {
  const temporal = server({ uiPublicPath: '/temporal' });
  await supervisor.start(temporal.part);
  const page = await fetch(`${temporal.uiUrl}/temporal/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<html');
});
