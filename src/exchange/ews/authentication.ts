/** How requests prove who sends them. */
import { randomBytes } from 'node:crypto';
import { buildConnector, Client, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { LockstepError } from '../../shared/errors.ts';
import { authenticateMessage, negotiateMessage, type NtlmAccount, NtlmError } from './ntlm.ts';

export interface HttpRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}
export type HttpResponse = Dispatcher.ResponseData;

/** Sends requests, each proved in its way. Connections are kept and used again. */
export interface AuthenticatedHttp {
  post(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}

export interface HttpOptions {
  readonly origin: string;
  readonly caPem: string | undefined;
  /** http://proxy:port */
  readonly proxy: string | undefined;
  /** Absent: as many as there are requests, which the gate bounds. */
  readonly connections?: number;
}

/** The server works up to a minute on a batch, and longer on the first sync of a large folder. */
const HEADERS_TIMEOUT_MS = 180_000;
const BODY_TIMEOUT_MS = 60_000;
/** IIS ends idle connections after two minutes. */
const KEEP_ALIVE_MS = 60_000;

const timeouts = { headersTimeout: HEADERS_TIMEOUT_MS, bodyTimeout: BODY_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS, pipelining: 1 };

function connections({ origin, caPem, proxy, connections: most }: HttpOptions): Dispatcher {
  const tls = caPem === undefined ? {} : { ca: caPem };
  return proxy === undefined
    ? new Pool(origin, { ...timeouts, connections: most ?? null, connect: tls })
    : new ProxyAgent({ ...timeouts, uri: proxy, connections: most ?? null, requestTls: tls });
}

const post = (dispatcher: Dispatcher, origin: string, { path, headers, body, signal }: HttpRequest): Promise<HttpResponse> =>
  dispatcher.request({ origin, path, method: 'POST', headers, body, signal });

/** Each request carries the header: Basic (RFC 7617), or a bearer token that `authorization` keeps fresh. */
export class HeaderHttp implements AuthenticatedHttp {
  readonly #origin: string;
  readonly #dispatcher: Dispatcher;
  readonly #authorization: (renew: boolean) => Promise<string>;
  readonly #renewable: boolean;

  constructor(options: HttpOptions, authorization: (renew: boolean) => Promise<string>, { renewable }: { readonly renewable: boolean }) {
    this.#origin = options.origin;
    this.#dispatcher = connections(options);
    this.#authorization = authorization;
    this.#renewable = renewable;
  }

  async post(request: HttpRequest): Promise<HttpResponse> {
    const send = async (renew: boolean) =>
      post(this.#dispatcher, this.#origin, { ...request, headers: { ...request.headers, authorization: await this.#authorization(renew) } });
    const answer = await send(false);
    if (answer.statusCode !== 401 || !this.#renewable) return answer;
    await answer.body.dump();
    return send(true);
  }

  close(): Promise<void> {
    return this.#dispatcher.close();
  }
}

export const basicAuthorization = (account: string, password: string): string =>
  `Basic ${Buffer.from(`${account}:${password}`, 'utf8').toString('base64')}`;

/**
 * NTLM proves a connection, not a request: each connection shakes hands once and is then used for one request after the other
 * (MS-NTHT §1.3). So a connection here is a client of its own, and there are as many as requests in flight.
 */
export class NtlmHttp implements AuthenticatedHttp {
  readonly #options: HttpOptions;
  readonly #account: NtlmAccount;
  readonly #password: string;
  readonly #idle: NtlmConnection[] = [];
  readonly #all = new Set<NtlmConnection>();

  constructor(options: HttpOptions, account: NtlmAccount, password: string) {
    this.#options = options;
    this.#account = account;
    this.#password = password;
  }

  async post(request: HttpRequest): Promise<HttpResponse> {
    const connection = this.#idle.pop() ?? this.#connect();
    let answer: HttpResponse;
    try {
      answer = await connection.post(request);
    } catch (error) {
      // In whatever state it is: the next request takes another.
      this.#all.delete(connection);
      void connection.destroy();
      throw error;
    }
    // Free again when the whole answer has been read.
    answer.body.once('close', () => this.#idle.push(connection));
    return answer;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((connection) => connection.destroy()));
  }

  #connect(): NtlmConnection {
    const connection = new NtlmConnection(this.#options, this.#account, this.#password);
    this.#all.add(connection);
    return connection;
  }
}

class NtlmConnection {
  readonly #origin: string;
  readonly #account: NtlmAccount;
  readonly #password: string;
  readonly #dispatcher: Dispatcher;
  #certificate: Buffer | undefined;
  #proved = false;

  constructor(options: HttpOptions, account: NtlmAccount, password: string) {
    this.#origin = options.origin;
    this.#account = account;
    this.#password = password;
    this.#dispatcher =
      options.proxy === undefined
        ? new Client(options.origin, { ...timeouts, connect: this.#connector(options.caPem) })
        : connections({ ...options, connections: 1 });
    this.#dispatcher.on('disconnect', () => {
      this.#proved = false;
    });
  }

  async post(request: HttpRequest): Promise<HttpResponse> {
    if (this.#proved) {
      const answer = await post(this.#dispatcher, this.#origin, request);
      if (answer.statusCode !== 401) return answer;
      await answer.body.dump();
    }
    return this.#shakeHands(request);
  }

  destroy(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  async #shakeHands(request: HttpRequest): Promise<HttpResponse> {
    const negotiate = negotiateMessage();
    const first = await post(this.#dispatcher, this.#origin, {
      ...request,
      body: '',
      headers: { ...request.headers, authorization: `NTLM ${negotiate.toString('base64')}` },
    });
    await first.body.dump();
    const challenge = challengeOf(first);
    if (challenge === undefined) throw ntlmNotOffered(new URL(this.#origin).host);
    const answer = await post(this.#dispatcher, this.#origin, {
      ...request,
      headers: { ...request.headers, authorization: `NTLM ${this.#proof(negotiate, challenge).toString('base64')}` },
    });
    this.#proved = answer.statusCode !== 401;
    return answer;
  }

  #proof(negotiate: Buffer, challenge: Buffer): Buffer {
    try {
      return authenticateMessage({
        account: this.#account,
        password: this.#password,
        negotiate,
        challenge,
        target: `HTTP/${new URL(this.#origin).hostname}`,
        certificate: this.#certificate,
        clientChallenge: randomBytes(8),
        now: new Date(),
      });
    } catch (error) {
      if (error instanceof NtlmError) throw ntlmNotOffered(new URL(this.#origin).host, error);
      throw error;
    }
  }

  /** Remembers the certificate that the connection was made with. */
  #connector(caPem: string | undefined): buildConnector.connector {
    const connect = buildConnector(caPem === undefined ? {} : { ca: caPem });
    return (options, callback) =>
      connect(options, (...result) => {
        const [, socket] = result;
        if (socket !== null && 'getPeerCertificate' in socket) this.#certificate = (socket).getPeerCertificate().raw;
        callback(...result);
      });
  }
}

function challengeOf(answer: HttpResponse): Buffer | undefined {
  const offered = answer.headers['www-authenticate'];
  const found = [offered ?? []].flat().map((header) => /\bNTLM ([A-Za-z0-9+/=]+)/.exec(header)?.[1]).find((token) => token !== undefined);
  return answer.statusCode === 401 && found !== undefined ? Buffer.from(found, 'base64') : undefined;
}

export const ntlmNotOffered = (host: string, cause?: unknown): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'ews.ntlm-not-offered',
    message: `${host} does not sign in by NTLM.`,
    next: 'Switch NTLM on (Set-WebServicesVirtualDirectory -WindowsAuthentication), or choose another authentication: lockstep connection change NAME --authentication basic.',
    ...(cause === undefined ? {} : { cause }),
  });

/** Requests that prove nothing: an answer says how the server wants it proved. */
export class AnonymousHttp implements AuthenticatedHttp {
  readonly #origin: string;
  readonly #dispatcher: Dispatcher;

  constructor(options: HttpOptions) {
    this.#origin = options.origin;
    this.#dispatcher = connections(options);
  }

  post(request: HttpRequest): Promise<HttpResponse> {
    return post(this.#dispatcher, this.#origin, request);
  }

  close(): Promise<void> {
    return this.#dispatcher.close();
  }
}
