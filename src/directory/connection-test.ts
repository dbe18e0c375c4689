import type { DirectoryTestStep, DirectoryTestStepName } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { addressesOf } from './discovery.ts';
import { type DecodedEntry, EntryDecoder } from './entry-decoder.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { connectError, type Endpoint, endpointText } from './ldap-errors.ts';
import { allOf, parseFilter } from './ldap-filter.ts';
import { baseOf, connect, protect, resolve, type SessionOptions } from './ldap-session.ts';
import { readRootDse } from './root-dse.ts';

/** The platform takes sentences of 4,000 characters; a forest may have more controllers than fit. */
const MOST_CHARACTERS = 1000;
/** A server may answer with empty pages before the first object (behind proxies): so many are looked through. */
const MOST_PAGES = 50;

const person = '(&(mail=*)(objectClass=user))';
const group = '(objectClass=group)';

/** See DirectorySource.test. */
export async function testConnection(options: SessionOptions, signal: AbortSignal): Promise<readonly DirectoryTestStep[]> {
  const { settings } = options;
  const steps: DirectoryTestStep[] = [];
  let failed = false;
  let connection: LdapConnection | undefined;

  /** Answers what the step found for the steps after it; undefined when it or one before it failed. */
  const step = async <T>(name: DirectoryTestStepName, run: () => Promise<{ readonly detail: string; readonly found: T }>): Promise<T | undefined> => {
    if (failed) {
      steps.push({ step: name, outcome: 'skipped', detail: 'A step before it failed.', durationMs: 0 });
      return undefined;
    }
    const began = performance.now();
    const elapsed = () => Math.round(performance.now() - began);
    try {
      const { detail, found } = await run();
      steps.push({ step: name, outcome: 'passed', detail: shortened(detail), durationMs: elapsed() });
      return found;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LockstepError)) throw error;
      failed = true;
      steps.push({ step: name, outcome: 'failed', detail: shortened(error.message), code: error.code, next: error.next, durationMs: elapsed() });
      return undefined;
    }
  };
  /** For the steps after `connect`: they run only when it passed. */
  const on = <T>(run: (open: LdapConnection) => Promise<T>) => {
    if (connection === undefined) throw new Error('the steps are out of order');
    return run(connection);
  };

  try {
    const endpoints = await step('resolve', async () => {
      const found = await resolve(options);
      return { found, detail: await addresses(found, options) };
    });
    connection = await step('connect', async () => {
      const found = await connect(endpoints ?? [], options, signal);
      return { found, detail: `Connected to ${endpointText(found.endpoint)}.` };
    });
    await step('tls', () =>
      on(async (open) => {
        const found = await protect(open, options);
        const way = settings.security === 'starttls' ? ' by StartTLS' : '';
        return { found, detail: found === null ? 'Not protected, as the settings say: the password travels in the clear.' : `${found.protocol}${way}; the certificate is for ${open.endpoint.host} and trusted.` };
      }),
    );
    await step('bind', () => on(async (open) => ({ found: await open.bind(settings.account, options.password), detail: `Signed in as ${settings.account}.` })));
    const root = await step('rootdse', () =>
      on(async (open) => {
        const found = await readRootDse(open);
        return { found, detail: `Domain controller ${found.dnsHostName} of ${found.defaultNamingContext}.` };
      }),
    );
    const base = await step('base-dn', () =>
      on(async (open) => {
        const found = baseOf(settings, root?.defaultNamingContext ?? '');
        const bases = settings.searchBases !== undefined && settings.searchBases.length > 0 ? settings.searchBases : [found];
        for (const each of bases) await readBase(open, each);
        return { found: bases, detail: `${bases.join(' and ')} can be read.` };
      }),
    );
    for (const [name, kind, what] of [['read-person', person, 'person with a mail address'], ['read-group', group, 'group']] as const) {
      await step(name, () =>
        on(async (open) => {
          const found = await findOne(open, base ?? [], kind, settings.filter);
          if (found === undefined) throw noneFound(name, what);
          const label = found.attributes['displayName']?.[0] ?? found.attributes['cn']?.[0] ?? found.dn;
          const mail = found.attributes['mail']?.[0];
          return { found, detail: `For example ${label}${mail === undefined ? '' : ` <${mail}>`}.` };
        }),
      );
    }
    return steps;
  } finally {
    connection?.close();
  }
}

async function addresses(endpoints: readonly Endpoint[], { resolver, settings }: SessionOptions): Promise<string> {
  const [best] = endpoints;
  if (best === undefined) return '';
  try {
    const list = (await addressesOf(best.host, resolver?.lookup)).join(', ');
    if (settings.host !== undefined) return `${best.host} is ${list}.`;
    return `DNS names the controllers ${endpoints.map(({ host }) => host).join(', ')}; ${best.host} is ${list}.`;
  } catch (error) {
    throw connectError(error, best);
  }
}

/** Throws what is wrong with the base: missing, not visible, no DN, another domain. */
async function readBase(connection: LdapConnection, base: string): Promise<void> {
  await connection.search({ base, scope: 'base', filter: parseFilter('(objectClass=*)'), attributes: ['objectClass'], operation: 'search' }, () => undefined);
}

/** The first object of a kind that the settings' filter lets pass. */
async function findOne(connection: LdapConnection, bases: readonly string[], kind: string, custom: string | undefined): Promise<DecodedEntry | undefined> {
  const filter = custom === undefined || custom.trim() === '' ? parseFilter(kind) : allOf([parseFilter(kind), parseFilter(custom)]);
  const decoder = new EntryDecoder(['cn', 'displayName', 'mail']);
  const attributes = ['objectGUID', 'cn', 'displayName', 'mail'];
  for (const base of bases) {
    let cookie: Buffer = Buffer.alloc(0);
    for (let pages = 0; pages === 0 || (cookie.length > 0 && pages < MOST_PAGES); pages++) {
      const entries: DecodedEntry[] = [];
      const operation = pages === 0 ? 'search' : 'next-page';
      cookie = await connection.search({ base, scope: 'sub', filter, attributes, page: { size: 1, cookie }, operation }, (cursor) => void entries.push(decoder.decode(cursor)));
      if (entries[0] !== undefined) return entries[0];
    }
  }
  return undefined;
}

const shortened = (text: string): string => (text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text);

const noneFound = (name: 'read-person' | 'read-group', what: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: name === 'read-person' ? 'directory.no-person' : 'directory.no-group',
    message: `No ${what} was found.`,
    next: 'Check the search bases and the filter, and what the account may read.',
  });
