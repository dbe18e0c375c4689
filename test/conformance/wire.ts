/** One LDAP connection on which a test may send what no proper client sends. */
import { once } from 'node:events';
import { connect } from 'node:net';
import {
  BindRequest,
  type Control,
  type Filter,
  FilterParser,
  type Message,
  MessageParser,
  type MessageResponse,
  PagedResultsControl,
  SearchEntry,
  SearchReference,
  SearchRequest,
} from 'ldapts';

export interface WireAnswer {
  readonly code: number;
  readonly message: string;
  readonly matchedDn: string;
  readonly entries: readonly {
    readonly dn: string;
    readonly attributes: Readonly<Record<string, readonly Buffer[]>>;
  }[];
  /** URLs of other naming contexts, in the order of coming. */
  readonly references: readonly string[];
  /** Of the paged results control; undefined when the answer has none. */
  readonly cookie: Buffer | undefined;
}
export interface WireSearch {
  readonly base: string;
  readonly scope?: 'base' | 'one' | 'sub';
  readonly filter?: string | Filter;
  readonly attributes?: string[];
  readonly sizeLimit?: number;
  readonly typesOnly?: boolean;
  readonly page?: { readonly size: number; readonly cookie?: Buffer };
  readonly controls?: Control[];
}
export interface Wire {
  bind(name: string, password: string): Promise<WireAnswer>;
  search(search: WireSearch): Promise<WireAnswer>;
  close(): void;
}

/** Rejects when the server ends the connection before it has answered. */
export async function wire({ host, port }: { readonly host: string; readonly port: number }): Promise<Wire> {
  const socket = connect(port, host);
  const parser = new MessageParser();
  const requests = new Map<string, { message: Message }>();
  const waiting = new Map<number, (response: MessageResponse) => void>();
  let fail: ((error: Error) => void) | undefined;
  parser.on('message', (response) => waiting.get(response.messageId)?.(response));
  socket.on('data', (bytes: Buffer) => parser.read(bytes, requests));
  socket.on('error', () => undefined);
  socket.on('close', () => fail?.(new Error('the server ended the connection')));
  await once(socket, 'connect');
  let last = 0;

  const ask = (make: (messageId: number) => Message): Promise<WireAnswer> =>
    new Promise((resolve, reject) => {
      const request = make(++last);
      const entries: SearchEntry[] = [];
      const references: string[] = [];
      fail = reject;
      requests.set(String(last), { message: request });
      waiting.set(last, (response) => {
        if (response instanceof SearchEntry) entries.push(response);
        else if (response instanceof SearchReference) references.push(...response.uris);
        else if ('status' in response) resolve(answer(response, entries, references));
      });
      socket.write(request.write());
    });
  return {
    bind: (dn, password) => ask((messageId) => new BindRequest({ messageId, dn, password })),
    search: ({
      base,
      scope = 'sub',
      filter = '(objectClass=*)',
      attributes = [],
      sizeLimit = 0,
      typesOnly = false,
      page,
      controls = [],
    }) =>
      ask(
        (messageId) =>
          new SearchRequest({
            messageId,
            baseDN: base,
            scope,
            attributes,
            sizeLimit,
            timeLimit: 0,
            returnAttributeValues: !typesOnly,
            filter: typeof filter === 'string' ? FilterParser.parseString(filter) : filter,
            controls: [
              ...controls,
              ...(page === undefined ? [] : [new PagedResultsControl({ critical: true, value: page })]),
            ],
          }),
      ),
    close: () => socket.destroy(),
  };
}

const answer = (
  response: MessageResponse,
  entries: readonly SearchEntry[],
  references: readonly string[],
): WireAnswer => ({
  references,
  code: response.status,
  message: response.errorMessage,
  matchedDn: response.matchedDN,
  entries: entries.map(({ name, attributes }) => ({
    dn: name,
    attributes: Object.fromEntries(attributes.map(({ type, parsedBuffers }) => [type, parsedBuffers])),
  })),
  cookie: response.controls?.find((control) => control instanceof PagedResultsControl)?.value?.cookie,
});
