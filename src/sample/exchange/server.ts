/**
 * A small Exchange: Exchange Web Services over HTTP, for a model of mailboxes. For development, tests and the sample organisation; it
 * holds nobody's mail and says what it is. Its answers are those of Exchange's schema (checked against Exchange's own XSD where
 * that is at hand), and clients that were not written for it read it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { type Budget, Budgets, defaultBudget } from './budgets.ts';
import { ExchangeFaults } from './faults.ts';
import type { SampleMailbox } from './mailbox.ts';
import { type Mailboxes, theseMailboxes } from './mailbox-store.ts';
import type { Answer, Operation } from './operations/context.ts';
import { createAttachment, deleteAttachment, getAttachment } from './operations/attachments.ts';
import { createFolder, deleteFolder, emptyFolder, moveFolder, updateFolder } from './operations/change-folders.ts';
import { copyItem, createItem, deleteItem, moveItem, updateItem } from './operations/change-items.ts';
import { findItem } from './operations/find-items.ts';
import { findFolder, getFolder, syncFolderHierarchy } from './operations/folders.ts';
import { getItem, syncFolderItems } from './operations/items.ts';
import { resolveNames } from './operations/resolve-names.ts';
import { type Account, type Scheme, SignIn } from './sign-in.ts';
import { envelopeHead, envelopeTail, EwsFault, failedMessage, readEnvelope, soapFault, type Xml } from './soap.ts';

export interface SampleExchangeOptions {
  readonly mailboxes: Mailboxes | readonly SampleMailbox[];
  /** By the names under which they sign in. */
  readonly accounts: Readonly<Record<string, Account>>;
  /** Default: both. */
  readonly schemes?: readonly Scheme[];
  /** Of each mailbox. */
  readonly budget?: Budget;
  /** Loopback address; default 127.0.0.1. */
  readonly host?: string;
  readonly port?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A running sample Exchange. */
export interface SampleExchange {
  /** …/EWS/Exchange.asmx */
  readonly url: string;
  readonly faults: ExchangeFaults;
  mailbox(address: string): SampleMailbox | undefined;
  /** Requests that were answered, by operation. */
  readonly requests: ReadonlyMap<string, number>;
  /** Connections that were proved by NTLM. */
  readonly handshakes: () => number;
  /** All sync states of before are refused from now on. */
  expireStates(): void;
  close(): Promise<void>;
}

const operations: Readonly<Record<string, Operation>> = {
  SyncFolderHierarchy: syncFolderHierarchy,
  SyncFolderItems: syncFolderItems,
  FindFolder: findFolder,
  GetFolder: getFolder,
  GetItem: getItem,
  FindItem: findItem,
  CreateItem: createItem,
  UpdateItem: updateItem,
  MoveItem: moveItem,
  CopyItem: copyItem,
  DeleteItem: deleteItem,
  ResolveNames: resolveNames,
  GetAttachment: getAttachment,
  CreateAttachment: createAttachment,
  DeleteAttachment: deleteAttachment,
  CreateFolder: createFolder,
  UpdateFolder: updateFolder,
  MoveFolder: moveFolder,
  EmptyFolder: emptyFolder,
  DeleteFolder: deleteFolder,
};

const PATH = '/EWS/Exchange.asmx';

/** Starts a sample Exchange. Rejects when the port is taken or the certificate is no good. */
export async function startSampleExchange(options: SampleExchangeOptions): Promise<SampleExchange> {
  const exchange = new Exchange(options);
  const { host = '127.0.0.1', tls } = options;
  const answer = (request: IncomingMessage, response: ServerResponse) => void exchange.answer(request, response);
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    });
  });
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${port}${PATH}`,
    faults: exchange.faults,
    mailbox: (address) => exchange.mailbox(address),
    requests: exchange.requests,
    handshakes: () => exchange.handshakes,
    expireStates: () => exchange.expireStates(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class Exchange {
  readonly faults = new ExchangeFaults();
  readonly requests = new Map<string, number>();
  readonly #mailboxes: Mailboxes;
  readonly #signIn: SignIn;
  readonly #budgets: Budgets;
  #stateGeneration = 1;

  constructor(options: SampleExchangeOptions) {
    this.#signIn = new SignIn(options.accounts, options.schemes ?? ['ntlm', 'basic']);
    this.#budgets = new Budgets(options.budget ?? defaultBudget);
    this.#mailboxes = isList(options.mailboxes) ? theseMailboxes(options.mailboxes) : options.mailboxes;
  }

  mailbox(address: string): SampleMailbox | undefined {
    return this.#mailboxes.find(address);
  }

  get handshakes(): number {
    return this.#signIn.handshakes;
  }

  expireStates(): void {
    this.#stateGeneration += 1;
  }

  /** A connection that ends in the middle is the client's affair. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(request, response);
    } catch {
      response.destroy();
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (request.url !== PATH || request.method !== 'POST') {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html><body>Sample Exchange of Lockstep: not a real Exchange.</body></html>');
      return;
    }
    const account = this.#signIn.of(request);
    if ('challenge' in account) {
      response.writeHead(401, { 'www-authenticate': [...account.challenge] }).end();
      return;
    }
    const envelope = readEnvelope(body);
    const operation = envelope?.child('Body')?.children()[0];
    if (envelope === undefined || operation === undefined) {
      response.writeHead(500, { 'content-type': 'text/xml; charset=utf-8' }).end(soapFault(new EwsFault('ErrorSchemaValidation', 'The request failed schema validation.')));
      return;
    }
    const address = envelope.at('Header', 'ExchangeImpersonation', 'ConnectingSID')?.children()[0]?.text() ?? account.name;
    const call = { mailbox: address.toLowerCase(), operation: operation.name };
    this.requests.set(call.operation, (this.requests.get(call.operation) ?? 0) + 1);
    if (this.faults.take('close', call) !== undefined) response.setHeader('connection', 'close');
    if (await this.#strike(call, response)) return;
    let end: ((usedMs: number) => void) | undefined;
    let usedMs = 0;
    try {
      end = this.#budgets.begin(call.mailbox);
      const pieces = this.#run(operation, call.mailbox, account.impersonates || address === account.name);
      await this.#send(request, response, call, timed(pieces, (ms) => (usedMs += ms)));
    } catch (error) {
      if (!(error instanceof EwsFault)) throw error;
      response.writeHead(500, { 'content-type': 'text/xml; charset=utf-8' }).end(soapFault(error));
    } finally {
      end?.(usedMs);
    }
  }

  /** True when a fault has answered in Exchange's place. */
  async #strike(call: { readonly mailbox: string; readonly operation: string }, response: ServerResponse): Promise<boolean> {
    const slow = this.faults.take('slow', call);
    if (slow !== undefined) await pause(slow.delayMs);
    if (this.faults.take('hang', call) !== undefined) return true;
    const status = this.faults.take('status', call);
    if (status !== undefined) {
      response
        .writeHead(status.status, { 'content-type': status.contentType ?? 'text/html', ...(status.retryAfter === undefined ? {} : { 'retry-after': status.retryAfter }) })
        .end(status.body ?? '<html><body>no</body></html>');
      return true;
    }
    if (this.faults.take('malformed', call) !== undefined) {
      response.writeHead(200, { 'content-type': 'text/xml; charset=utf-8' }).end('<?xml version="1.0"?><s:Envelope><s:Body></s:Envelope>');
      return true;
    }
    return false;
  }

  #run(operation: Xml, address: string, mayImpersonate: boolean): Answer {
    const busy = this.faults.take('busy', { mailbox: address, operation: operation.name });
    const backOff = busy?.backOffMs;
    if (busy?.shape === 'fault') throw new EwsFault('ErrorServerBusy', 'The server cannot service this request right now. Try again later.', backOff);
    const failure = this.faults.take('error', { mailbox: address, operation: operation.name });
    if (failure !== undefined) throw new EwsFault(failure.code, failure.message ?? 'It does not work.');
    if (!mayImpersonate) throw new EwsFault('ErrorImpersonateUserDenied', 'The account does not have permission to impersonate the requested user.');
    const mailbox = this.mailbox(address);
    if (mailbox === undefined) throw new EwsFault('ErrorNonExistentMailbox', 'No mailbox with such guid.');
    const run = operations[operation.name];
    if (run === undefined) throw new EwsFault('ErrorInvalidOperation', `The sample Exchange does not know ${operation.name}.`);
    const { name } = operation;
    const messages =
      busy === undefined
        ? run(operation, { mailbox, operation: name, faults: this.faults, stateGeneration: this.#stateGeneration })
        : [failedMessage(name, busyMessage(busy.shape, backOff))].values();
    // A refusal of the operation itself answers as a message, before anything was sent.
    const first = firstMessage(messages, name);
    return (function* () {
      yield envelopeHead(name);
      yield first;
      yield* messages;
      yield envelopeTail(name);
    })();
  }

  async #send(request: IncomingMessage, response: ServerResponse, call: { readonly mailbox: string; readonly operation: string }, pieces: Answer): Promise<void> {
    const cut = this.faults.take('cut', call);
    const gzip = String(request.headers['accept-encoding'] ?? '').includes('gzip');
    response.writeHead(200, { 'content-type': 'text/xml; charset=utf-8', ...(gzip ? { 'content-encoding': 'gzip' } : {}) });
    const source = Readable.from(cut === undefined ? pieces : cutAfter(pieces, cut.afterBytes, response), { objectMode: false });
    if (gzip) await pipeline(source, createGzip({ level: 1 }), response);
    else await pipeline(source, response);
  }
}

const isList = (mailboxes: SampleExchangeOptions['mailboxes']): mailboxes is readonly SampleMailbox[] => Array.isArray(mailboxes);

const busyMessage = (shape: 'message' | 'inner' | 'fault', backOffMs: number | undefined): EwsFault =>
  shape === 'inner'
    ? new EwsFault('ErrorInternalServerError', 'An internal server error occurred. Try again later. (ErrorServerBusy)', backOffMs)
    : new EwsFault('ErrorServerBusy', 'The server cannot service this request right now. Try again later.', backOffMs);

function firstMessage(messages: Iterator<string | Buffer>, operation: string): string | Buffer {
  try {
    const first = messages.next();
    return first.done === true ? '' : first.value;
  } catch (error) {
    if (error instanceof EwsFault) return failedMessage(operation, error);
    throw error;
  }
}

/** Tells how long the making of the answer takes, without the time that the client takes to read it. */
function* timed(pieces: Answer, used: (ms: number) => void): Answer {
  for (;;) {
    const began = performance.now();
    const next = pieces.next();
    used(performance.now() - began);
    if (next.done === true) return;
    yield next.value;
  }
}

function* cutAfter(pieces: Answer, bytes: number, response: ServerResponse): Generator<string | Buffer> {
  let left = bytes;
  for (const piece of pieces) {
    left -= piece.length;
    if (left < 0) {
      response.destroy();
      return;
    }
    yield piece;
  }
}

async function text(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
