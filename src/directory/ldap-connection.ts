import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { BindRequest, type Control, ExtendedRequest, type Filter, PagedResultsControl, SearchRequest, UnbindRequest } from 'ldapts';
import { LockstepError } from '../shared/errors.ts';
import { BerCursor, MalformedMessageError, tags } from './ber-cursor.ts';
import { DIRSYNC, DirSyncControl, readDirSyncAnswer } from './dirsync-control.ts';
import { ExtendedDnControl } from './extended-dn-control.ts';
import {
  connectError, connectionLost, connectTimeout, type Endpoint, type LdapOperation, type LdapResult, malformed, noAnswer, resultError, tlsError,
} from './ldap-errors.ts';
import { MessageFramer } from './message-framer.ts';
import { ShowDeletedControl } from './show-deleted-control.ts';

export interface LdapTimeouts {
  /** For the TCP connection and for the TLS handshake, each. */
  readonly connectMs: number;
  /** Silence of the server while it owes an answer; each chunk of the answer begins it anew. */
  readonly silenceMs: number;
}
/** AD ends a query itself after MaxQueryDuration, 120 s by default (Microsoft, "LDAP policies"): later than that no answer comes. */
export const defaultTimeouts: LdapTimeouts = { connectMs: 10_000, silenceMs: 130_000 };

export interface ConnectOptions {
  readonly timeouts: LdapTimeouts;
  readonly signal: AbortSignal;
  /** How host names become addresses; default: the operating system's way. */
  readonly lookup?: LookupFunction;
}

export interface SearchSpec {
  readonly base: string;
  readonly scope: 'base' | 'one' | 'sub';
  readonly filter: Filter;
  readonly attributes: readonly string[];
  /** Asks for one page: RFC 2696. An empty cookie is the first page. */
  readonly page?: { readonly size: number; readonly cookie: Buffer };
  /** Asks for one round of changes, with DNs in their extended form. An empty cookie: from the beginning. */
  readonly changesSince?: Buffer;
  /** Tombstones too. */
  readonly showDeleted?: boolean;
  readonly operation: LdapOperation;
}

export interface SearchAnswer {
  /** Where the next page or round begins. */
  readonly cookie: Buffer;
  /** Whether there is a next page or round. Always false for a search that asked for neither. */
  readonly more: boolean;
  /** URLs of other servers that hold a part of the answer (RFC 4511 §4.5.3); not followed. */
  readonly references: readonly string[];
}

/** protocolOp tags of RFC 4511 §4.2–4.12 that a client receives. */
const ops = { bindResponse: 0x61, searchEntry: 0x64, searchDone: 0x65, searchReference: 0x73, extendedResponse: 0x78 } as const;
const CONTROLS = 0xa0;

interface Pending {
  readonly messageId: number;
  readonly onEntry: (cursor: BerCursor) => void;
  readonly references: string[];
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}
interface Answer extends LdapResult {
  /** Of the paged results or the DirSync control; null when the server sent no such control. */
  readonly next: { readonly cookie: Buffer; readonly more: boolean } | null;
}

/**
 * One LDAP connection, one operation at a time, never connected again: what is lost is an error.
 *
 * Requests, filters and controls are those of `ldapts`; its client is not used, because it (9.2.0, measured)
 *  - connects again by itself after a loss and then goes on *without being signed in*, StartTLS connections always;
 *  - takes an empty page for the last one although the server sent a cookie, and does not show the cookie;
 *  - asks for `timeLimit` 10 s in every search, so that AD cuts large readings short;
 *  - loses the matched DN of a result and the code of a socket error, by which failures are told apart;
 *  - copies an unfinished message again for each chunk that arrives, and has no way to cancel.
 * Here none of these can happen: a session is bound once and dies with its socket.
 */
export class LdapConnection {
  readonly endpoint: Endpoint;
  readonly #timeouts: LdapTimeouts;
  readonly #signal: AbortSignal;
  #socket: Socket;
  #framer = new MessageFramer();
  #pending: Pending | undefined;
  #silence: NodeJS.Timeout | undefined;
  #messageId = 0;
  /** Whether the peer has ever sent a proper LDAP message. */
  #answered = false;
  /** Why the connection is of no use any more. */
  #failure: { readonly reason: unknown } | undefined;
  readonly #onAbort = () => this.#fail(this.#signal.reason);
  readonly #onData = (chunk: Buffer) => this.#receive(chunk);
  readonly #onError = (error: Error) => this.#fail(connectionLost(this.endpoint, this.#answered, error));
  readonly #onClose = () => this.#fail(connectionLost(this.endpoint, this.#answered));

  private constructor(socket: Socket, endpoint: Endpoint, options: ConnectOptions) {
    this.#socket = socket;
    this.endpoint = endpoint;
    this.#timeouts = options.timeouts;
    this.#signal = options.signal;
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#listen();
  }

  /** Connects (TCP only). The signal ends the connection at any time; what was under way fails with the signal's reason. */
  static async connect(endpoint: Endpoint, options: ConnectOptions): Promise<LdapConnection> {
    options.signal.throwIfAborted();
    const socket = connectTcp({
      host: endpoint.host,
      port: endpoint.port,
      noDelay: true,
      // Finds a peer that is gone while nothing is owed, as during a long wait for the platform.
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    });
    await established(socket, 'connect', options, () => connectTimeout(endpoint), (error) => connectError(error, endpoint));
    return new LdapConnection(socket, endpoint, options);
  }

  /** Asks the server to begin TLS (RFC 4511 §4.14); `secure` must follow. */
  async startTls(): Promise<void> {
    const request = new ExtendedRequest({ messageId: this.#nextId(), oid: '1.3.6.1.4.1.1466.20037' });
    const answer = await this.#ask(request);
    if (answer.code !== 0) throw resultError(answer, 'starttls', this.endpoint);
    // Bytes sent ahead of the handshake would be taken for protected ones.
    if (!this.#framer.empty) throw this.#fail(malformed(this.endpoint, true, undefined));
  }

  /** The TLS handshake on this connection. The server's name is checked against the endpoint's host. */
  async secure(options: Pick<ConnectionOptions, 'secureContext' | 'servername'>): Promise<{ readonly protocol: string }> {
    this.#deafen();
    const socket = connectTls({ ...options, socket: this.#socket, host: this.endpoint.host });
    try {
      await established(socket, 'secureConnect', { timeouts: this.#timeouts, signal: this.#signal }, () => noAnswer(this.endpoint, this.#timeouts.connectMs / 1000), (error) => tlsError(error, this.endpoint));
    } catch (error) {
      throw this.#fail(error);
    }
    this.#socket = socket;
    this.#listen();
    return { protocol: socket.getProtocol() ?? 'TLS' };
  }

  /** Simple bind. An empty password would be an anonymous bind that succeeds (RFC 4513 §5.1.2): refused before it is sent. */
  async bind(account: string, password: string): Promise<void> {
    if (password === '' || account === '') {
      throw new LockstepError({ class: 'AuthRejected', code: 'directory.credential-empty', message: 'The account or the password is empty.', next: 'Enter both: lockstep directory change NAME --account ACCOUNT --password' });
    }
    const answer = await this.#ask(new BindRequest({ messageId: this.#nextId(), dn: account, password }));
    if (answer.code !== 0) throw resultError(answer, 'bind', this.endpoint);
  }

  /**
   * One search, or one page or round of it. `onEntry` gets the cursor at each SearchResultEntry as it arrives and must not keep
   * it. References to other servers are told and not followed: each domain is an integration of its own.
   */
  async search(spec: SearchSpec, onEntry: (cursor: BerCursor) => void): Promise<SearchAnswer> {
    const controls: Control[] = [];
    if (spec.page !== undefined) controls.push(new PagedResultsControl({ critical: true, value: spec.page }));
    if (spec.changesSince !== undefined) controls.push(new DirSyncControl(spec.changesSince), new ExtendedDnControl());
    if (spec.showDeleted === true) controls.push(new ShowDeletedControl());
    const request = new SearchRequest({
      messageId: this.#nextId(),
      baseDN: spec.base,
      scope: spec.scope,
      filter: spec.filter,
      attributes: [...spec.attributes],
      timeLimit: 0,
      ...(controls.length === 0 ? {} : { controls }),
    });
    const references: string[] = [];
    const answer = await this.#ask(request, onEntry, references);
    if (answer.code !== 0) throw resultError(answer, spec.operation, this.endpoint, spec.base);
    if (answer.next !== null) return { ...answer.next, references };
    // The control must come back with every page (RFC 2696 §3): without it nobody knows whether this was everything.
    if (spec.page !== undefined || spec.changesSince !== undefined) {
      throw resultError({ code: 12, matchedDn: '', diagnostic: '' }, spec.page === undefined ? spec.operation : 'search', this.endpoint);
    }
    return { cookie: Buffer.alloc(0), more: false, references };
  }

  /** Says goodbye if it still can. */
  close(): void {
    if (this.#failure !== undefined) return;
    this.#socket.write(new UnbindRequest({ messageId: this.#nextId() }).write());
    this.#retire(connectionLost(this.endpoint, true));
    this.#socket.destroySoon();
    this.#socket.unref();
  }

  #ask(request: BindRequest | ExtendedRequest | SearchRequest, onEntry: (cursor: BerCursor) => void = () => undefined, references: string[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure.reason as Error;
      if (this.#pending !== undefined) throw new Error('one operation at a time');
      this.#pending = { messageId: request.messageId, onEntry, references, resolve, reject };
      this.#silence = setTimeout(() => this.#fail(noAnswer(this.endpoint, this.#timeouts.silenceMs / 1000)), this.#timeouts.silenceMs);
      this.#socket.write(request.write());
    });
  }

  #receive(chunk: Buffer): void {
    this.#silence?.refresh();
    try {
      this.#framer.push(chunk, (buffer, start, end) => this.#message(new BerCursor(buffer, start, end)));
    } catch (error) {
      this.#fail(error instanceof MalformedMessageError || error instanceof RangeError ? malformed(this.endpoint, this.#answered, error) : error);
    }
  }

  #message(cursor: BerCursor): void {
    cursor.enter(tags.sequence);
    const messageId = cursor.integer();
    this.#answered = true;
    const op = cursor.peek();
    if (messageId === 0 && op === ops.extendedResponse) {
      // Notice of Disconnection (RFC 4511 §4.4.1): the last thing a server says, and the reason.
      this.#fail(resultError(readAnswer(cursor), 'search', this.endpoint));
      return;
    }
    const pending = this.#pending;
    if (pending === undefined || pending.messageId !== messageId) return;
    if (op === ops.searchEntry) pending.onEntry(cursor);
    else if (op === ops.searchReference) readReferences(cursor, pending.references);
    else if (op === ops.searchDone || op === ops.bindResponse || op === ops.extendedResponse) {
      const answer = readAnswer(cursor);
      this.#settle();
      pending.resolve(answer);
    }
  }

  #settle(): void {
    this.#pending = undefined;
    clearTimeout(this.#silence);
  }

  /** Ends the connection; whatever is or will be asked fails with the first reason. */
  #fail(reason: unknown): Error {
    if (this.#failure === undefined) {
      this.#retire(reason);
      this.#socket.destroy();
    }
    return this.#failure?.reason as Error;
  }

  #retire(reason: unknown): void {
    this.#failure = { reason };
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#deafen();
    this.#socket.on('error', () => undefined);
    const pending = this.#pending;
    this.#settle();
    pending?.reject(reason);
  }

  #listen(): void {
    this.#framer = new MessageFramer();
    this.#socket.on('data', this.#onData).on('error', this.#onError).on('close', this.#onClose);
  }

  #deafen(): void {
    this.#socket.off('data', this.#onData).off('error', this.#onError).off('close', this.#onClose);
  }

  #nextId(): number {
    this.#messageId = this.#messageId === 0x7fffffff ? 1 : this.#messageId + 1;
    return this.#messageId;
  }
}

/** LDAPResult at the cursor, with what a control after it says of the next page or round. */
function readAnswer(cursor: BerCursor): Answer {
  const end = cursor.enter(cursor.peek());
  const code = cursor.integer(tags.enumerated);
  const matchedDn = cursor.text();
  const diagnostic = cursor.text();
  cursor.offset = end;
  let next: Answer['next'] = null;
  if (cursor.peek() === CONTROLS) {
    const controlsEnd = cursor.enter(CONTROLS);
    while (cursor.offset < controlsEnd) {
      const controlEnd = cursor.enter(tags.sequence);
      const oid = cursor.text();
      if (cursor.peek() === tags.boolean) cursor.skip();
      if ((oid === PagedResultsControl.type || oid === DIRSYNC) && cursor.offset < controlEnd) {
        cursor.enter(tags.octetString);
        next = oid === DIRSYNC ? readDirSyncAnswer(cursor) : readPageAnswer(cursor);
      }
      cursor.offset = controlEnd;
    }
  }
  return { code, matchedDn, diagnostic, next };
}

function readPageAnswer(cursor: BerCursor): NonNullable<Answer['next']> {
  cursor.enter(tags.sequence);
  // The server's estimate of the total: AD always says 0.
  cursor.skip();
  const cookie = cursor.bytes();
  return { cookie, more: cookie.length > 0 };
}

/** A server decides how many it sends: what is kept must not grow with it. */
const MOST_REFERENCES = 100;

function readReferences(cursor: BerCursor, references: string[]): void {
  const end = cursor.enter(ops.searchReference);
  while (cursor.offset < end) {
    const url = cursor.text();
    if (references.length < MOST_REFERENCES) references.push(url);
  }
}

/** Waits for a socket's event; else destroys it and throws. */
function established(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  { timeouts, signal }: ConnectOptions,
  onTimeout: () => LockstepError,
  onError: (error: unknown) => LockstepError,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => done(onTimeout()), timeouts.connectMs);
    const abort = () => done(signal.reason as Error);
    const failed = (error: Error) => done(onError(error));
    const closed = () => done(onError(undefined));
    const ready = () => done();
    const done = (error?: Error) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.off(event, ready).off('error', failed).off('close', closed);
      if (error === undefined) {
        resolve();
        return;
      }
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once(event, ready).once('error', failed).once('close', closed);
  });
}
