import type { BlobStore } from '../archive/blobs/blob-store.ts';
import type { Database } from '../archive/database.ts';
import type { Engine } from '../client/engine.ts';
import type { Keyring } from '../security/keyring.ts';
import type { EngineCalls } from './engine-calls.ts';

/** What the routes are made of. */
export interface RouteDependencies {
  readonly database: Database;
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly keyring: Pick<Keyring, 'encrypt' | 'createOrganisationKey'>;
  readonly engine: Pick<Engine, 'nextRuns'>;
  readonly engineCalls: EngineCalls;
  /** The clock of schedules ("next runs"). */
  readonly now: () => Date;
}
