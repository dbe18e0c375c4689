import type { BlobStorage } from '../archive/blobs/blob-storage.ts';
import type { Database } from '../archive/database.ts';
import type { Engine } from '../client/engine.ts';
import type { Keyring } from '../security/keyring.ts';
import type { EngineCalls } from './engine-calls.ts';

/** What the routes are made of. */
export interface RouteDependencies {
  readonly database: Database;
  readonly keyring: Pick<Keyring, 'encrypt' | 'createOrganisationKey'>;
  readonly blobs: BlobStorage;
  readonly engine: Pick<Engine, 'nextRuns'>;
  readonly engineCalls: EngineCalls;
  /** The clock of schedules ("next runs"). */
  readonly now: () => Date;
}
