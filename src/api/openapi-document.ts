import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Database } from '../archive/database.ts';
import type { Tables } from '../archive/tables.ts';
import { createApi } from './server.ts';

/**
 * The OpenAPI document as the server serves it at /docs/json, made without any server: registering routes asks nothing of
 * the things that will serve them. Version `0.0.0`: a release changes no line of the file in the tree.
 */
export async function openApiDocument(): Promise<string> {
  const database: Database = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  const app = await createApi({
    database,
    keyring: unused('keyring', { codecKeys: () => unused('codec keys') }),
    engine: unused('engine'),
    blobs: unused('blobs'),
    largestBlobBytes: 0,
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    version: '0.0.0',
    gateway: { address: '', tls: false, namespace: '' },
    temporalUi: { uiUrl: 'http://127.0.0.1', publicUrl: 'http://127.0.0.1' },
  });
  await app.ready();
  const document = JSON.stringify(app.swagger(), null, 2);
  await app.close();
  return `${document}\n`;
}

/** Stands for a part that no registration of a route may touch. */
function unused<T extends object>(name: string, used: object = {}): T {
  return new Proxy(used as T, {
    get(target, key, receiver) {
      if (key in target) return Reflect.get(target, key, receiver) as unknown;
      throw new Error(`${name}.${String(key)} was used while routes were registered`);
    },
  });
}
