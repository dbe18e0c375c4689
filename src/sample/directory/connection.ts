import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Accounts } from './accounts.ts';
import { bindRefusals } from './faults.ts';
import { messageLength } from './framing.ts';
import { type LdapRequest, readRequest } from './request.ts';
import { answerTags, writeEntry, writeReference, writeResult } from './response.ts';
import { adResults, type LdapResult, resultCodes, success } from './result-codes.ts';
import { startTlsOid } from './root-dse.ts';
import { PagedSearches } from './search-cursor.ts';
import { search, type SearchContext } from './search.ts';

export interface ConnectionContext extends SearchContext {
  readonly accounts: Accounts;
  /** What StartTLS switches to. */
  readonly secureContext: SecureContext | undefined;
  readonly requireTls: boolean;
}

/** Entries are written in pieces of about this size: one system call for many entries. */
const writeBytes = 64 * 1024;

/** Serves one client: one request after the other; an abandon and an unbind take effect at once. */
export class Connection {
  #socket: Socket;
  #secure: boolean;
  /** Id of the account; undefined: nobody has bound. */
  #account: string | undefined;
  #received: Buffer = Buffer.alloc(0);
  /** The last request's work: the next begins after it. */
  #work: Promise<unknown> = Promise.resolve();
  readonly #abandoned = new Set<number>();
  readonly #paged = new PagedSearches();
  readonly #closed = new AbortController();
  readonly #context: ConnectionContext;

  constructor(socket: Socket, context: ConnectionContext) {
    this.#context = context;
    this.#secure = socket instanceof TLSSocket;
    this.#socket = socket;
    this.#listen();
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    // A client that goes away, or refuses our certificate, is no error of the server.
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => this.#closed.abort());
  }

  #receive(bytes: Buffer): void {
    try {
      this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      for (;;) {
        const length = messageLength(this.#received);
        if (length !== undefined && length > this.#context.limits.maxReceiveBufferBytes)
          throw new Error('the request is too large');
        if (length === undefined || this.#received.length < length) return;
        const request = readRequest(this.#received.subarray(0, length));
        this.#received = this.#received.subarray(length);
        this.#accept(request);
      }
    } catch {
      this.#socket.destroy(); // as AD: what it cannot read ends the connection
    }
  }

  #accept(request: LdapRequest): void {
    if (request.kind === 'unbind') this.#socket.end();
    else if (request.kind === 'abandon') this.#abandoned.add(request.target);
    else this.#work = this.#work.then(() => this.#serve(request)).catch(() => this.#socket.destroy());
  }

  async #serve(request: Exclude<LdapRequest, { readonly kind: 'unbind' | 'abandon' }>): Promise<void> {
    if (this.#socket.destroyed) return;
    const slow = this.#context.faults.take('slow');
    if (slow !== undefined) await pause(slow.delayMs, undefined, { signal: this.#closed.signal });
    switch (request.kind) {
      case 'bind':
        return this.#bind(request);
      case 'search':
        return this.#search(request);
      case 'extended':
        return this.#extended(request);
      case 'other':
        return this.#answer(writeResult(request.id, request.answerTag, adResults.writeRefused));
    }
  }

  async #bind({ id, name, password }: LdapRequest & { readonly kind: 'bind' }): Promise<void> {
    const { faults } = this.#context;
    if (faults.takeAt('cut', 'bind') !== undefined) this.#socket.destroy();
    else if (faults.takeAt('hang', 'bind') === undefined) {
      const forced = faults.takeAt('result', 'bind');
      this.#account = undefined;
      const result = forced === undefined ? this.#authenticate(name, password) : { code: forced.code };
      await this.#answer(writeResult(id, answerTags.bind, result));
    }
  }

  #authenticate(name: string, password: string | undefined): LdapResult {
    const { faults, accounts, requireTls } = this.#context;
    if (password === undefined) return { code: resultCodes.authMethodNotSupported };
    // RFC 4513, section 5.1.2, and AD: a name without a password is anonymous, and that succeeds.
    if (password === '') return success;
    if (requireTls && !this.#secure) return adResults.strongerAuthRequired;
    const forced = faults.take('refuse-bind');
    const answer = forced === undefined ? accounts.bind(name, password, new Date()) : { refusal: forced.reason };
    if ('refusal' in answer) return adResults.invalidCredentials(bindRefusals[answer.refusal]);
    this.#account = answer.id;
    return success;
  }

  async #search(request: LdapRequest & { readonly kind: 'search' }): Promise<void> {
    const answer = await search(request, this.#context, {
      grants: this.#account === undefined ? undefined : this.#context.accounts.grantsOf(this.#account),
      paged: this.#paged,
      abandoned: () => this.#socket.destroyed || this.#abandoned.has(request.id),
    });
    if (answer.kind === 'silence') return;
    let pieces: Buffer[] = [];
    let size = 0;
    for (const entry of answer.entries) {
      if (this.#abandoned.has(request.id)) return;
      const bytes = writeEntry(request.id, entry());
      pieces.push(bytes);
      size += bytes.length;
      if (size < writeBytes) continue;
      await this.#answer(Buffer.concat(pieces));
      pieces = [];
      size = 0;
    }
    if (answer.kind === 'cut') {
      this.#socket.write(Buffer.concat(pieces), () => this.#socket.destroy());
      return;
    }
    for (const url of answer.references ?? []) pieces.push(writeReference(request.id, url));
    pieces.push(
      writeResult(
        request.id,
        answerTags.searchDone,
        answer.result,
        answer.control === undefined ? {} : { control: answer.control },
      ),
    );
    await this.#answer(Buffer.concat(pieces));
  }

  async #extended({ id, oid }: LdapRequest & { readonly kind: 'extended' }): Promise<void> {
    const { secureContext } = this.#context;
    if (oid !== startTlsOid) return this.#answer(writeResult(id, answerTags.extended, adResults.unknownExtension));
    if (secureContext === undefined || this.#secure)
      return this.#answer(writeResult(id, answerTags.extended, adResults.noCertificate));
    await this.#answer(writeResult(id, answerTags.extended, success, { extendedOid: startTlsOid }));
    this.#socket.removeAllListeners('data');
    this.#socket = new TLSSocket(this.#socket, { isServer: true, secureContext });
    this.#secure = true;
    this.#listen();
  }

  async #answer(bytes: Buffer): Promise<void> {
    // A full buffer waits for a client that reads slowly; one that is gone ends the waiting.
    if (!this.#socket.write(bytes)) await once(this.#socket, 'drain', { signal: this.#closed.signal });
  }
}
