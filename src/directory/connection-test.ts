import type { DirectoryTestStepName } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { startTracking } from './change-tracking.ts';
import { deletedObjects } from './deleted-objects.ts';
import type { SourceTest } from './directory-source.ts';
import { discoverDomains } from './discover-domains.ts';
import { addressesOf } from './discovery.ts';
import { type DecodedEntry, EntryDecoder } from './entry-decoder.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { connectError, type Endpoint, endpointText } from './ldap-errors.ts';
import { allOf, parseFilter } from './ldap-filter.ts';
import { connect, protect, resolve, type SessionOptions } from './ldap-session.ts';
import { readInvocationId, readRootDse, type RootDse } from './root-dse.ts';
import { checkBases, namingContextOf } from './search-bases.ts';
import { StepList } from '../shared/step-list.ts';

/** A server may answer with empty pages before the first object (behind proxies): so many are looked through. */
const MOST_PAGES = 50;

const person = '(&(mail=*)(objectClass=user))';
const group = '(objectClass=group)';

/** See DirectorySource.test. */
export async function testConnection(options: SessionOptions, signal: AbortSignal): Promise<SourceTest> {
  const { settings } = options;
  const list = new StepList<DirectoryTestStepName>(signal);
  let connection: LdapConnection | undefined;
  let root: RootDse | undefined;
  /** For the steps after `connect` and `rootdse`: they run only when those passed. */
  const open = (): LdapConnection => connection ?? outOfOrder();
  const controller = (): RootDse => root ?? outOfOrder();

  try {
    const endpoints = await list.run('resolve', async () => {
      const found = await resolve(options);
      return { found, detail: await addresses(found, options) };
    });
    connection = await list.run('connect', async () => {
      const found = await connect(endpoints ?? [], options, signal);
      return { found, detail: `Connected to ${endpointText(found.endpoint)}.` };
    });
    await list.run('tls', async () => {
      const found = await protect(open(), options);
      const way = settings.security === 'starttls' ? ' by StartTLS' : '';
      return { found, detail: found === null ? 'Not protected, as the settings say: the password travels in the clear.' : `${found.protocol}${way}; the certificate is for ${open().endpoint.host} and trusted.` };
    });
    await list.run('bind', async () => ({ found: await open().bind(settings.account, options.password), detail: `Signed in as ${settings.account}.` }));
    root = await list.run('rootdse', async () => {
      const found = await readRootDse(open());
      return { found, detail: `Domain controller ${found.dnsHostName} of ${found.defaultNamingContext}.` };
    });
    const bases = await list.run('base-dn', async () => {
      const found = await checkBases(open(), settings, namingContextOf(controller()));
      return { found, detail: `${found.join(' and ')} can be read.` };
    });
    for (const [name, kind, what] of [['read-person', person, 'person with a mail address'], ['read-group', group, 'group']] as const) {
      await list.run(name, async () => {
        const found = await findOne(open(), bases ?? [], kind, settings.filter);
        if (found === undefined) throw noneFound(name, what);
        const label = found.attributes['displayName']?.[0] ?? found.attributes['cn']?.[0] ?? found.dn;
        const mail = found.attributes['mail']?.[0];
        return { found, detail: `For example ${label}${mail === undefined ? '' : ` <${mail}>`}.` };
      });
    }
    const tracking = await list.run('change-tracking', async () => {
      const start = await startTracking(open(), controller(), await readInvocationId(open(), controller()), 'first');
      return { found: start.tracking, detail: trackingDetail(start.tracking) };
    });
    await list.run('deleted-objects', async () => ({ found: undefined, detail: deletionDetail(tracking?.deletionsVisible === true, controller()) }));
    const domains = list.failed ? [] : await discoverDomains(open(), controller());
    return { steps: list.steps, domains };
  } finally {
    connection?.close();
  }
}

/** No way to changes is a fact about the directory and no failure: it is then read in full each time. */
function trackingDetail({ method, reason }: { readonly method: 'dirsync' | 'usn' | 'none'; readonly reason: string }): string {
  switch (method) {
    case 'dirsync':
      return 'Changes are told by DirSync.';
    case 'usn':
      return `Changes are found by uSNChanged, on this controller only. ${reason}`;
    case 'none':
      return `Changes are not told; the directory is read in full each time. ${reason}`;
  }
}

const deletionDetail = (visible: boolean, { defaultNamingContext }: RootDse): string =>
  visible
    ? 'The account may read deleted objects: a deletion is noticed with the other changes.'
    : 'The account may not read deleted objects: a deletion is noticed by the next full reading only. To change that, an ' +
      `administrator runs: dsacls "${deletedObjects(defaultNamingContext)}" /takeownership, then dsacls "${deletedObjects(defaultNamingContext)}" /G account:LCRP`;

const outOfOrder = (): never => {
  throw new Error('the steps are out of order');
};

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

/** The first object of a kind that the settings' filter lets pass. */
async function findOne(connection: LdapConnection, bases: readonly string[], kind: string, custom: string | undefined): Promise<DecodedEntry | undefined> {
  const filter = custom === undefined || custom.trim() === '' ? parseFilter(kind) : allOf([parseFilter(kind), parseFilter(custom)]);
  const decoder = new EntryDecoder(['cn', 'displayName', 'mail']);
  const attributes = ['objectGUID', 'cn', 'displayName', 'mail'];
  for (const base of bases) {
    let cookie: Buffer = Buffer.alloc(0);
    let more = true;
    for (let pages = 0; more && pages < MOST_PAGES; pages++) {
      const entries: DecodedEntry[] = [];
      const operation = pages === 0 ? 'search' : 'next-page';
      ({ cookie, more } = await connection.search({ base, scope: 'sub', filter, attributes, page: { size: 1, cookie }, operation }, (cursor) => void entries.push(decoder.decode(cursor))));
      if (entries[0] !== undefined) return entries[0];
    }
  }
  return undefined;
}

const noneFound = (name: 'read-person' | 'read-group', what: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: name === 'read-person' ? 'directory.no-person' : 'directory.no-group',
    message: `No ${what} was found.`,
    next: 'Check the search bases and the filter, and what the account may read.',
  });
