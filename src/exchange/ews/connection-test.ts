/** Goes through everything that reading mailboxes needs, step by step. The first step that fails says why; nothing is changed. */
import type { ConnectionTestStep, ConnectionTestStepName } from '../../shared/connection-test.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { FolderEntry, ItemEntry } from '../../shared/mailbox.ts';
import type { ConnectionSettings, EwsAuthentication } from '../../shared/mailbox-contract.ts';
import { StepList } from '../../shared/step-list.ts';
import { AnonymousHttp, type AuthenticatedHttp, type HttpOptions, ntlmNotOffered } from './authentication.ts';
import { EwsMailbox } from './ews-mailbox.ts';
import { PagesInHand } from './pages-in-hand.ts';
import { EwsServer } from './ews-server.ts';
import { authenticated } from './ews-source.ts';
import { networkError, statusError } from './http-errors.ts';
import { RequestGate } from './request-gate.ts';
import { resolveNames, ResolveNamesHandler, type ServerVersion } from './resolve-names.ts';
import { describeVersion } from './server-version.ts';
import { addressesOf, endpointOf, openSocket, openTunnel, probeTls } from './tls-probe.ts';

export interface EwsTestOptions {
  readonly settings: ConnectionSettings;
  /** The account's password, or the client's secret. */
  readonly secret: string;
  /** Whose mailbox is opened; null: none. */
  readonly address: string | null;
  /** Default STEP_MS. */
  readonly stepMs?: number;
}

/** Somebody waits, and the whole test has two minutes (siteTest in src/workflows/retry-policies.ts). */
const STEP_MS = 20_000;
/** Less is worth a remark: to order and install a certificate takes its time. */
const EXPIRES_SOON_DAYS = 30;
const DAY_MS = 86_400_000;

const NO_MAILBOX = 'No mailbox was named.';

type Found<T> = { readonly detail: string; readonly found: T };

/** One sign-in at most, so that a wrong password is not tried until the account is locked. */
export async function testEwsConnection(options: EwsTestOptions, signal: AbortSignal): Promise<readonly ConnectionTestStep[]> {
  const test = new EwsTest(options, signal);
  await test.reachServer();
  await test.signIn();
  return test.list.steps;
}

class EwsTest {
  readonly list: StepList<ConnectionTestStepName>;
  readonly #options: EwsTestOptions;
  readonly #signal: AbortSignal;
  readonly #url: URL;
  readonly #proxy: URL | undefined;
  readonly #http: HttpOptions;

  constructor(options: EwsTestOptions, signal: AbortSignal) {
    this.list = new StepList(signal);
    this.#options = options;
    this.#signal = signal;
    const { url, proxy, caPem } = options.settings;
    this.#url = new URL(url);
    this.#proxy = proxy === undefined ? undefined : new URL(proxy);
    this.#http = { origin: this.#url.origin, caPem, proxy, connections: 1 };
  }

  async reachServer(): Promise<void> {
    const { settings } = this.#options;
    const target = endpointOf(this.#url);
    const near = this.#proxy === undefined ? target : endpointOf(this.#proxy);
    const secure = this.#url.protocol === 'https:';
    await this.#step('resolve', near.host, async () => ({
      detail: `${this.#proxy === undefined ? '' : 'The proxy '}${near.host} is ${(await addressesOf(near.host)).join(', ')}.`,
      found: undefined,
    }));
    const socket = await this.#step('connect', near.host, async (signal) => ({
      detail: `Port ${target.port} answers${this.#proxy === undefined ? '' : ` through the proxy ${this.#proxy.host}`}.`,
      found: await (this.#proxy === undefined || !secure ? openSocket(near, signal) : openTunnel(this.#proxy, target, signal)),
    }));
    // What becomes of it besides is no step's: the next one has a connection of its own.
    socket?.on('error', () => undefined);
    if (secure) {
      await this.#step('tls', this.#url.host, async (signal) => {
        if (socket === undefined) throw new Error('the steps are out of order');
        const { protocol, subject, issuer, validTo } = await probeTls(socket, target, settings.caPem, signal);
        const days = Math.floor((validTo.getTime() - Date.now()) / DAY_MS);
        const soon = days < EXPIRES_SOON_DAYS ? ' Renew it in time.' : '';
        return { detail: `${protocol}; the certificate of ${subject}, by ${issuer}, is trusted and ends in ${days} days.${soon}`, found: undefined };
      });
    } else this.list.skip('tls', 'The address is http: only this machine hears it.');
    socket?.destroy();
    await this.#step('authentication', this.#url.host, (signal) => this.#offers(signal));
  }

  async signIn(): Promise<void> {
    const { settings, secret } = this.#options;
    let http: AuthenticatedHttp | undefined;
    try {
      const signedIn = await this.#step('sign-in', this.#url.host, async (signal) => {
        http = authenticated(settings, secret, this.#http);
        const server = new EwsServer(http, this.#url, new RequestGate(1));
        const handler = new ResolveNamesHandler();
        const { account } = settings;
        try {
          await server.call({ mailbox: null, body: resolveNames(account), shape: 'single', handler: () => handler, signal });
        } catch (error) {
          // An account without a mailbox, or whom no list shows, is refused what it asks. It has signed in all the same.
          const concernsAll = error instanceof LockstepError && (error.class === 'AuthRejected' || error.code === 'ews.version-unsupported');
          if (!handler.answered || !(error instanceof LockstepError) || concernsAll) throw error;
        }
        return { detail: `${account} is signed in (${settings.authentication}).`, found: { server, version: handler.version } };
      });
      const impersonated = await this.#impersonate(signedIn?.server);
      const version = impersonated ?? signedIn?.version;
      if (version === undefined) this.list.skip('version', 'Exchange says its version with the answer for a mailbox, and there was none.');
      else await this.list.run('version', async () => ({ detail: describeVersion(version), found: undefined }));
      await this.#readMailbox(signedIn?.server);
    } finally {
      await http?.close();
    }
  }

  async #impersonate(server: EwsServer | undefined): Promise<ServerVersion | undefined> {
    const { address } = this.#options;
    if (address !== null && server !== undefined) return this.#step('impersonate', this.#url.host, (signal) => impersonate(server, address, signal));
    this.list.skip('impersonate', NO_MAILBOX);
    return undefined;
  }

  async #readMailbox(server: EwsServer | undefined): Promise<void> {
    const { address } = this.#options;
    if (address === null || server === undefined) {
      for (const name of ['folders', 'items', 'content'] as const) this.list.skip(name, NO_MAILBOX);
      return;
    }
    const { host } = this.#url;
    const mailbox = new EwsMailbox(server, new PagesInHand(1), address);
    const folder = await this.#step('folders', host, (signal) => readFolders(mailbox, signal));
    const item = await this.#step('items', host, (signal) => readItems(mailbox, folder, signal));
    if (item === undefined) this.list.skip('content', 'There was no item to read.');
    else await this.#step('content', host, (signal) => readContent(mailbox, item, signal));
  }

  async #offers(signal: AbortSignal): Promise<Found<undefined>> {
    const http = new AnonymousHttp(this.#http);
    try {
      const { statusCode: status, headers, body } = await http.post({ path: this.#url.pathname + this.#url.search, headers: { 'user-agent': 'Lockstep' }, body: '', signal });
      await body.dump();
      const header = (name: string): string | undefined => [headers[name] ?? []].flat()[0];
      const failure = status === 401 ? undefined : statusError({ status, contentType: header('content-type') ?? '', retryAfter: header('retry-after'), location: header('location') }, this.#url.host, new Date());
      if (failure !== undefined) throw failure;
      const offered = [headers['www-authenticate'] ?? []].flat().flatMap((text) => [...text.matchAll(/(?:^|, *)(Negotiate|NTLM|Basic|Bearer|Digest)\b/gi)].map(([, scheme = '']) => scheme));
      refuseNotOffered(this.#options.settings.authentication, offered, this.#url.host);
      return { detail: `The server offers ${offered.join(', ') || 'no way to sign in by itself'}.`, found: undefined };
    } finally {
      await http.close();
    }
  }

  #step<T>(name: ConnectionTestStepName, host: string, work: (signal: AbortSignal) => Promise<Found<T>>): Promise<T | undefined> {
    return this.list.run(name, async () => {
      const limit = AbortSignal.timeout(this.#options.stepMs ?? STEP_MS);
      try {
        return await work(AbortSignal.any([this.#signal, limit]));
      } catch (error) {
        this.#signal.throwIfAborted();
        if (error instanceof LockstepError) throw error;
        if (limit.aborted) throw networkError(Object.assign(new Error('too late', { cause: error }), { code: 'UND_ERR_HEADERS_TIMEOUT' }), host);
        throw networkError(error, host);
      }
    });
  }
}

/** Exchange names OAuth only to who asks for it. */
function refuseNotOffered(authentication: EwsAuthentication, offered: readonly string[], host: string): void {
  const has = (scheme: string) => offered.some((one) => one.toLowerCase() === scheme);
  if (authentication === 'ntlm' && !has('ntlm')) throw ntlmNotOffered(host);
  if (authentication !== 'basic' || has('basic')) return;
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'ews.basic-not-offered',
    message: `${host} does not sign in by Basic. It offers ${offered.join(', ') || 'nothing'}.`,
    next: 'Choose another authentication: lockstep connection change NAME --authentication ntlm. Or switch Basic on (Set-WebServicesVirtualDirectory -BasicAuthentication).',
  });
}

async function impersonate(server: EwsServer, address: string, signal: AbortSignal): Promise<Found<ServerVersion | undefined>> {
  const handler = new ResolveNamesHandler();
  try {
    await server.call({ mailbox: address, body: resolveNames(address), shape: 'single', handler: () => handler, signal });
    const [first] = handler.names;
    return { detail: `The account may act as ${first === undefined ? address : `${first.name} <${first.address}>`}.`, found: handler.version };
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'ews.name-not-found') throw error;
    return { detail: `The account may act as ${address}, whom no address list shows.`, found: handler.version };
  }
}

/** Finds a folder with something in it, the Inbox before others. */
async function readFolders(mailbox: EwsMailbox, signal: AbortSignal): Promise<Found<FolderEntry | undefined>> {
  const folders: FolderEntry[] = [];
  for await (const page of mailbox.syncHierarchy(null, signal)) folders.push(...page.folders);
  const full = folders.filter(({ hidden, search, itemCount }) => !hidden && !search && itemCount > 0);
  return { detail: `${folders.length} folders, ${full.length} of them with items.`, found: full.find(({ wellKnown }) => wellKnown === 'inbox') ?? full[0] };
}

/** Finds the smallest item of the first page. */
async function readItems(mailbox: EwsMailbox, folder: FolderEntry | undefined, signal: AbortSignal): Promise<Found<ItemEntry | undefined>> {
  if (folder === undefined) return { detail: 'The mailbox is empty.', found: undefined };
  for await (const { items, problems } of mailbox.syncFolder(folder.id, null, signal)) {
    const [smallest] = items.toSorted((one, other) => one.properties.size - other.properties.size);
    const unreadable = problems.length === 0 ? '' : `; ${problems.length} cannot be read`;
    return { detail: `${items.length} items of one folder, with their metadata${unreadable}.`, found: smallest };
  }
  return { detail: 'The folder is empty.', found: undefined };
}

async function readContent(mailbox: EwsMailbox, { id }: ItemEntry, signal: AbortSignal): Promise<Found<undefined>> {
  const count = async (mime: AsyncIterable<unknown>): Promise<number> => {
    let bytes = 0;
    for await (const piece of mime) bytes += (piece as Buffer).length;
    return bytes;
  };
  for await (const outcome of mailbox.readContent([id], count, signal)) {
    if (outcome.outcome === 'read') return { detail: `${outcome.taken} bytes of MIME.`, found: undefined };
    if (outcome.outcome === 'unreadable') throw notRead(outcome.code, outcome.detail);
  }
  throw notRead('item.gone', 'The item was moved or deleted meanwhile.');
}

const notRead = (code: string, message: string): LockstepError =>
  new LockstepError({ class: 'ItemUnreadable', code, message, next: 'Test again. One item that cannot be read does not keep a task from the others.' });
