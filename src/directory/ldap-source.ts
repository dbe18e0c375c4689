import { attributesToRead } from './attributes.ts';
import { testConnection } from './connection-test.ts';
import type { DirectorySource } from './directory-source.ts';
import { outermost } from './distinguished-name.ts';
import { readAll, readingFilter } from './full-reading.ts';
import { baseOf, openSession, type SessionOptions } from './ldap-session.ts';
import { prefetchOne } from './prefetch.ts';
import { readRootDse, takeWatermark } from './root-dse.ts';

/** A directory read over LDAP from a domain controller of Active Directory. Connects anew for each reading and test. */
export function createLdapSource(options: SessionOptions): DirectorySource {
  return {
    capabilities: { changeTracking: [] },
    read: (signal) => read(options, signal),
    test: (signal) => testConnection(options, signal),
  };
}

async function* read(options: SessionOptions, signal: AbortSignal) {
  const { settings } = options;
  // A filter that cannot be used is found before anything is read.
  const filter = readingFilter(settings.filter);
  const left = new AbortController();
  const connection = await openSession(options, AbortSignal.any([signal, left.signal]));
  try {
    const root = await readRootDse(connection);
    const watermark = await takeWatermark(connection, root);
    const base = baseOf(settings, root.defaultNamingContext);
    const bases = outermost(settings.searchBases !== undefined && settings.searchBases.length > 0 ? settings.searchBases : [base]);
    const attributes = attributesToRead(settings.extraAttributes);
    yield* prefetchOne(readAll({ connection, bases, filter, attributes, watermark }), () => left.abort());
  } finally {
    connection.close();
  }
}
