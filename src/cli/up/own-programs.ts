/** Programs of ours as parts to be supervised: `lockstep server`, `lockstep site`, `lockstep sample`. */
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'ldapts';
import type { Part, PartCommand, ProcessState } from '../../runtime/part.ts';
import type { ServerSettings, Settings } from '../../runtime/settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Node 24 starts quickly; a busy machine does not. */
const READY_WITHIN_MS = 120_000;
/** The roots give work in hand 30 s and close what they opened. */
const STOP = { signal: 'SIGTERM', withinMs: 40_000 } as const;

/** Half of Node's room for new objects: by itself a site would take a hundred megabytes more for being no faster. */
const SITE_FLAGS = ['--max-semi-space-size=16'];

/** `main.ts` in a checkout, `main.js` in the package; under the Node that runs this very program. */
const here = fileURLToPath(import.meta.url);
const main = join(dirname(here), '..', `main${extname(here)}`);
const program = (args: readonly string[], env: Environment, flags: readonly string[] = []): PartCommand => ({
  program: process.execPath,
  args: [...flags, main, ...args],
  env,
  channel: true,
});

function assertSaidReady({ saidReady }: ProcessState): void {
  if (!saidReady) throw new Error('it has not said that it is ready');
}

/** The platform. Ready when it says so and its API answers that database, schema and Temporal are. */
export function serverPart(settings: ServerSettings, apiUrl: string, env: Environment): Part {
  const { api, gateway } = settings;
  return {
    name: 'server',
    title: 'Server',
    ports: [
      { host: api.host, port: api.port, purpose: 'the API', setting: 'LOCKSTEP_API_PORT' },
      { host: gateway.host, port: gateway.port, purpose: 'the site gateway', setting: 'LOCKSTEP_GATEWAY_PORT' },
    ],
    readyWithinMs: READY_WITHIN_MS,
    command: () => program(['server'], env),
    async check(signal, state) {
      assertSaidReady(state);
      const response = await fetch(`${apiUrl}/readyz`, { signal });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`${apiUrl}/readyz answers ${response.status}`);
    },
    stop: STOP,
  };
}

/** The site of this machine. `environment` is asked at each start: a first one needs a one-time code. */
export function sitePart(environment: () => Promise<Environment>): Part {
  let env: Environment = {};
  return {
    name: 'site',
    title: 'Site',
    ports: [],
    readyWithinMs: READY_WITHIN_MS,
    async prepare() {
      env = await environment();
    },
    command: () => program(['site'], env, SITE_FLAGS),
    check: async (_signal, state) => assertSaidReady(state),
    stop: STOP,
  };
}

/** The sample organisation: its directory and its Exchange. Ready when both answer. */
export function samplePart(settings: Settings, env: Environment): Part {
  const host = '127.0.0.1';
  const { samplePort: port, sampleExchangePort } = settings;
  return {
    name: 'sample',
    title: 'Sample organisation',
    ports: [
      { host, port, purpose: 'the sample directory', setting: 'LOCKSTEP_SAMPLE_PORT' },
      { host, port: sampleExchangePort, purpose: 'the sample Exchange', setting: 'LOCKSTEP_SAMPLE_EXCHANGE_PORT' },
    ],
    readyWithinMs: READY_WITHIN_MS,
    command: () => program(['sample', '--hide-password'], env),
    async check(signal) {
      const response = await fetch(`http://${host}:${sampleExchangePort}/`, { signal });
      await response.body?.cancel();
      const client = new Client({ url: `ldap://${host}:${port}`, connectTimeout: 5000, timeout: 5000 });
      try {
        await client.search('', { scope: 'base', attributes: ['defaultNamingContext'] });
      } finally {
        await client.unbind();
      }
    },
    stop: { signal: 'SIGTERM', withinMs: 5000 },
  };
}
