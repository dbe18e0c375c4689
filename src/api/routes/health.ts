/** For process managers, load balancers and Prometheus. No token, so no names and no texts of failures: those are in the log. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { sql } from 'kysely';
import { Type } from 'typebox';
import type { Database } from '../../archive/database.ts';
import { pendingMigrations } from '../../archive/migrate.ts';
import type { Engine } from '../../client/engine.ts';
import type { Keyring } from '../../security/keyring.ts';
import { withinPatience } from '../engine-calls.ts';
import type { ApiMetrics } from '../metrics.ts';
import { answer } from '../schemas/responses.ts';

const Check = Type.Object({ state: Type.Union([Type.Literal('ok'), Type.Literal('failed')]), detail: Type.String() });
const Readiness = Type.Object({
  ready: Type.Boolean(),
  checks: Type.Object({ database: Check, migrations: Check, keys: Check, temporal: Check }),
});

export interface HealthOptions {
  readonly database: Database;
  readonly engine: Pick<Engine, 'check'>;
  readonly keyring: Pick<Keyring, 'check'>;
  readonly metrics: ApiMetrics;
}

export const healthRoutes: FastifyPluginAsyncTypebox<HealthOptions> = async (app, { database, engine, keyring, metrics }) => {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'healthz',
        summary: 'Is the process alive?',
        description: 'Asks nothing of the database or of Temporal: a restart of this process would not mend those.',
        tags: ['health'],
        response: { 200: answer(Type.Object({ status: Type.Literal('ok') }), 'Alive') },
      },
    },
    () => ({ status: 'ok' as const }),
  );

  const check = async (name: string, probe: () => Promise<string>) => {
    try {
      return { state: 'ok' as const, detail: await withinPatience(probe()) };
    } catch (error) {
      app.log.warn({ check: name, err: error }, 'not ready');
      return { state: 'failed' as const, detail: 'does not answer as it should; the log of the server says why' };
    }
  };
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'readyz',
        summary: 'Can it do its work?',
        tags: ['health'],
        response: { 200: answer(Readiness, 'Ready'), 503: answer(Readiness, 'Not ready; `checks` says what is missing') },
      },
    },
    async (_request, reply) => {
      const [databaseCheck, migrations, keys, temporal] = await Promise.all([
        check('database', async () => {
          await sql`select 1`.execute(database);
          return 'answers';
        }),
        check('migrations', async () => {
          const pending = await pendingMigrations(database);
          if (pending.length > 0) throw new Error(`${pending.length} migrations are missing`);
          return 'all applied';
        }),
        // A server that still holds a master key that was replaced cannot read the keys made since.
        check('keys', async () => {
          await keyring.check();
          return 'open';
        }),
        check('temporal', async () => {
          await engine.check();
          return 'answers';
        }),
      ]);
      const checks = { database: databaseCheck, migrations, keys, temporal };
      const ready = Object.values(checks).every((one) => one.state === 'ok');
      return reply.code(ready ? 200 : 503).send({ ready, checks });
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        summary: 'Metrics for Prometheus',
        description: 'Counts and durations of the whole installation; no names. Keep it from the outside at the proxy if they are nobody’s business.',
        tags: ['health'],
        response: { 200: { description: 'Text format', content: { 'text/plain': { schema: Type.String() } } } },
      },
    },
    async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
};
