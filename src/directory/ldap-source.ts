import { LdapChangeFeed } from './change-feed.ts';
import { startTracking } from './change-tracking.ts';
import { testConnection } from './connection-test.ts';
import type { DirectorySource, SourcePage } from './directory-source.ts';
import { discoverDomains } from './discover-domains.ts';
import { readAll } from './full-reading.ts';
import { openSession, type SessionOptions } from './ldap-session.ts';
import { readOneObject } from './one-object.ts';
import { prefetchOne } from './prefetch.ts';
import { readInvocationId, readRootDse } from './root-dse.ts';
import { checkBases, namingContextOf } from './search-bases.ts';
import { attributesFor } from './taken-objects.ts';

/** A directory read over LDAP from a domain controller of Active Directory. Connects anew for each reading, test and feed. */
export function createLdapSource(options: SessionOptions): DirectorySource {
  return {
    read: (signal) => read(options, signal),
    test: (signal) => testConnection(options, signal),
    changes: (signal) => new LdapChangeFeed(options, signal),
    object: (query, signal) => readOneObject(options, query, signal),
  };
}

async function* read(options: SessionOptions, signal: AbortSignal): AsyncGenerator<SourcePage, void, void> {
  // A filter that cannot be used is found before anything is read.
  const attributes = attributesFor(options.settings);
  const left = new AbortController();
  const connection = await openSession(options, AbortSignal.any([signal, left.signal]));
  try {
    const root = await readRootDse(connection);
    const base = namingContextOf(root);
    // One that is gone would make everything under it look gone.
    await checkBases(connection, options.settings, base);
    const invocationId = await readInvocationId(connection, root);
    const start = await startTracking(connection, root, invocationId);
    const domains = await discoverDomains(connection, root);
    yield* prefetchOne(readAll({ connection, base, attributes, invocationId, start, domains }), () => left.abort());
  } finally {
    connection.close();
  }
}
