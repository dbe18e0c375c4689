/**
 * The sample Exchange in a process of its own, for benchmarks: as many mailboxes as asked for, with as many messages each.
 *
 * With `remember` it gives an answer that it gave before from memory: then it costs nearly nothing itself, and nearly all of the time is
 * the client's. Nothing may be changed in it then.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { GeneratedMailbox } from '../../src/sample/exchange/generated.ts';
import { GeneratedMailboxes } from '../../src/sample/exchange/mailbox-store.ts';
import { exchangeAccount, organisationExchange } from '../../src/sample/exchange/organisation-exchange.ts';
import { startSampleExchange } from '../../src/sample/exchange/server.ts';
import { sampleOrganisation } from '../../src/sample/organisation/organisation.ts';

export interface ExchangeOptions {
  readonly mailboxes: number;
  readonly messages: number;
  readonly remember: boolean;
}
export interface ExchangeReady {
  readonly url: string;
  readonly account: string;
  readonly password: string;
  readonly addresses: readonly string[];
}
export type ExchangeCommand =
  | { readonly do: 'counts' }
  /** Writes the requests since the last `forget` to a file, a line each. */
  | { readonly do: 'requests'; readonly file: string }
  | { readonly do: 'forget' }
  | { readonly do: 'fault'; readonly kind: 'hang' | 'busy'; readonly mailboxes: readonly string[] };
export interface ExchangeCounts {
  /** By operation, since the beginning; only those that were not answered from memory. */
  readonly operations: Readonly<Record<string, number>>;
  /** Of `remember`, since the last `forget`. */
  readonly requests: number;
  readonly bytes: number;
}

interface Remembered {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

const BACK_OFF_MS = 10_000;
const SPARE_PEOPLE = 20;
const LARGEST_CORRESPONDENCE = 300;

const { mailboxes, messages, remember } = JSON.parse(process.argv[2] ?? '{}') as ExchangeOptions;
const organisation = sampleOrganisation({ people: mailboxes + SPARE_PEOPLE });
const people = organisation.people.slice(0, mailboxes);
const correspondents = organisation.people.slice(0, LARGEST_CORRESPONDENCE).map(({ displayName, addresses }) => ({ name: displayName, address: addresses.primary }));
const exchange = await startSampleExchange({
  accounts: organisationExchange(organisation).accounts,
  mailboxes: new GeneratedMailboxes(
    people.map(({ displayName, addresses, mailboxGuid }) => {
      const owner = { address: addresses.primary, displayName, guid: mailboxGuid };
      return { owner, generate: () => new GeneratedMailbox({ owner, seed: 'bench', messages, correspondents }) };
    }),
  ),
});

const known = new Map<string, Remembered>();
let log: Buffer[] = [];
let bytes = 0;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(request);
  const encoding = String(request.headers['accept-encoding'] ?? '');
  const key = createHash('sha256').update(body).update(encoding.includes('gzip') ? 'gzip' : '').digest('base64');
  const given = known.get(key) ?? (await ask(request, body));
  if (given.status === 200) known.set(key, given);
  log.push(body);
  bytes += given.body.length;
  response.writeHead(given.status, given.headers).end(given.body);
}

function ask({ url, method, headers }: IncomingMessage, body: Buffer): Promise<Remembered> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(new URL(url ?? '', exchange.url), { method, headers }, (answered) => {
      const kept = ['content-type', 'content-encoding', 'www-authenticate'].flatMap((name) => {
        const value = answered.headers[name];
        return typeof value === 'string' ? [[name, value] as const] : [];
      });
      buffer(answered).then((all) => resolve({ status: answered.statusCode ?? 500, headers: Object.fromEntries([...kept, ['content-length', String(all.length)]]), body: all }), reject);
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

async function start(): Promise<string> {
  if (!remember) return exchange.url;
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    });
  });
  const { pathname } = new URL(exchange.url);
  return `http://127.0.0.1:${port}${pathname}`;
}

function obey(command: ExchangeCommand): ExchangeCounts {
  switch (command.do) {
    case 'forget':
      log = [];
      bytes = 0;
      break;
    case 'requests':
      writeFileSync(command.file, log.map((body) => JSON.stringify(body.toString('utf8'))).join('\n'));
      break;
    case 'fault':
      for (const mailbox of command.mailboxes) {
        exchange.faults.inject(command.kind === 'hang' ? { kind: 'hang' } : { kind: 'busy', shape: 'message', backOffMs: BACK_OFF_MS }, { mailbox });
      }
      break;
    case 'counts':
  }
  return { operations: Object.fromEntries(exchange.requests), requests: log.length, bytes };
}

process.on('message', (command: ExchangeCommand) => process.send?.(obey(command)));
process.on('disconnect', () => process.exit());
const ready: ExchangeReady = { url: await start(), ...exchangeAccount(organisation), addresses: people.map(({ addresses }) => addresses.primary) };
process.send?.(ready);
