/** Servers that no real directory is: what a proxy, a wrong port or an attacker may answer. */
import { createServer, type Server, type Socket } from 'node:net';
import { BerWriter } from 'ldapts';
import type { ChangeStep, SourcePage } from '../../src/directory/directory-source.ts';
import { DIRSYNC } from '../../src/directory/dirsync-control.ts';
import type { SessionOptions } from '../../src/directory/ldap-session.ts';
import { createLdapSource } from '../../src/directory/ldap-source.ts';
import { pagedResultsOid, readPageRequest, writePageAnswer } from '../../src/sample/directory/paged-results.ts';
import { type LdapRequest, readRequest, type SearchOperation } from '../../src/sample/directory/request.ts';
import { answerTags, type ResponseEntry, writeEntry, writeResult } from '../../src/sample/directory/response.ts';
import type { DirectorySettings, DirectoryWatermark } from '../../src/shared/directory.ts';
import { entriesOf, gaveLastPage, membersOf, readDirectory } from './directory-reading.ts';

type Search = LdapRequest & SearchOperation;
const guid = (index: number): Buffer => Buffer.alloc(16, index);
const entry = (index: number, more: ResponseEntry['attributes'] = []): ResponseEntry => ({
  dn: `CN=${index},DC=corp,DC=example`,
  attributes: [{ name: 'objectGUID', values: [guid(index)] }, { name: 'mail', values: [`${index}@corp.example`] }, ...more],
});
const rootDse: ResponseEntry = {
  dn: '',
  attributes: [
    { name: 'supportedCapabilities', values: ['1.2.840.113556.1.4.800'] },
    { name: 'defaultNamingContext', values: ['DC=corp,DC=example'] },
    { name: 'dnsHostName', values: ['dc1.corp.example'] },
    { name: 'highestCommittedUSN', values: ['4711'] },
  ],
};
const done = ({ id }: Search, cookie = Buffer.alloc(0)) => writeResult(id, answerTags.searchDone, { code: 0 }, { control: writePageAnswer(cookie) });

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  server = undefined;
});

/** Starts a server; answers the settings that lead to it. */
async function serve(onConnection: (socket: Socket) => void, settings: Partial<DirectorySettings> = {}): Promise<SessionOptions> {
  const started = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  server = started;
  const port = await new Promise<number>((resolve) => {
    started.listen(0, '127.0.0.1', () => {
      const address = started.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    });
  });
  return {
    settings: { host: '127.0.0.1', port, security: 'plain', account: 'svc@corp.example', acknowledgeDisabled: true, ...settings },
    password: 'secret',
    timeouts: { connectMs: 5000, silenceMs: 5000 },
  };
}

const refuses = (search: Search, code: number) => writeResult(search.id, answerTags.searchDone, { code });
/** What a reading asks beside its pages: the base is there, changes are not told, deleted objects are not shown. */
function answerAround(search: Search): Buffer | undefined {
  if (search.base === '') return Buffer.concat([writeEntry(search.id, rootDse), refuses(search, 0)]);
  if (search.controls.some(({ oid }) => oid === DIRSYNC)) return refuses(search, 12);
  if (search.base.startsWith('CN=Deleted Objects,')) return refuses(search, 32);
  if (search.scope === 'base' && search.base === 'DC=corp,DC=example') return refuses(search, 0);
  return undefined;
}

/** A server that signs anybody in and answers subtree searches by `onSearch`, reads of one object by `onObject`. */
const directory = (onSearch: (search: Search, socket: Socket) => void, onObject: (search: Search, socket: Socket) => void = () => undefined) =>
  serve((socket) => {
    socket.on('data', (bytes) => {
      const request = readRequest(bytes);
      if (request.kind === 'bind') socket.write(writeResult(request.id, answerTags.bind, { code: 0 }));
      else if (request.kind === 'search') {
        const answer = answerAround(request);
        if (answer === undefined) (request.scope === 'base' ? onObject : onSearch)(request, socket);
        else socket.write(answer);
      }
    });
  });

describe('what is no directory', () => {
  test('a web server is a wrong port', async () => {
    const options = await serve((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    expect((await readDirectory(options)).verdict).toBe('ConfigInvalid ldap.not-ldap');
  });

  test('bytes sent ahead of the TLS handshake are not taken for protected ones', async () => {
    const options = await serve(
      (socket) =>
        socket.once('data', (bytes) => {
          const { id } = readRequest(bytes);
          socket.write(Buffer.concat([writeResult(id, answerTags.extended, { code: 0 }), writeResult(2, answerTags.bind, { code: 0 }).subarray(0, 5)]));
        }),
      { security: 'starttls' },
    );
    expect((await readDirectory(options)).verdict).toBe('Unavailable ldap.malformed');
  });

  test('nothing is sent unprotected when StartTLS is refused', async () => {
    const kinds: string[] = [];
    const options = await serve(
      (socket) =>
        socket.on('data', (bytes) => {
          const request = readRequest(bytes);
          kinds.push(request.kind);
          if (request.kind === 'extended') socket.write(writeResult(request.id, answerTags.extended, { code: 52 }));
        }),
      { security: 'starttls' },
    );
    expect((await readDirectory(options)).verdict).toBe('ConfigInvalid ldap.starttls-unavailable');
    expect(kinds.filter((kind) => kind === 'bind')).toEqual([]);
  });
});

describe('a reading from a strange server', () => {
  test('asks for no time limit, critical paging, and the next page with the cookie it got', async () => {
    const asked: { timeLimit: number; critical: boolean | undefined; cookie: string }[] = [];
    const options = await directory((search, socket) => {
      const control = search.controls.find(({ oid }) => oid === pagedResultsOid);
      const { cookie } = readPageRequest(control?.value ?? Buffer.alloc(0));
      asked.push({ timeLimit: search.timeLimitSeconds, critical: control?.critical, cookie: cookie.toString() });
      socket.write(Buffer.concat([writeEntry(search.id, entry(asked.length)), done(search, Buffer.from(asked.length < 3 ? `cookie ${asked.length}` : ''))]));
    });
    expect((await readDirectory(options)).verdict).toBe('complete');
    expect(asked).toEqual([
      { timeLimit: 0, critical: true, cookie: '' },
      { timeLimit: 0, critical: true, cookie: 'cookie 1' },
      { timeLimit: 0, critical: true, cookie: 'cookie 2' },
    ]);
  });

  test('is not complete when the server answers without saying whether there is more', async () => {
    const options = await directory((search, socket) => {
      socket.write(Buffer.concat([writeEntry(search.id, entry(1)), writeResult(search.id, answerTags.searchDone, { code: 0 })]));
    });
    const reading = await readDirectory(options);
    expect(reading.verdict).toBe('ConfigInvalid ldap.paging-unsupported');
    expect(gaveLastPage(reading)).toBe(false);
  });

  test('goes through many empty pages, and is not complete when nothing ever comes', async () => {
    let pages = 0;
    const options = await directory((search, socket) => {
      pages += 1;
      socket.write(done(search, Buffer.from(pages < 40 ? 'more' : '')));
    });
    expect((await readDirectory(options)).verdict).toBe('ConfigInvalid directory.nothing-found');
    expect(pages).toBe(40);
  });

  test('is not complete when no object can be identified', async () => {
    const options = await directory((search, socket) => {
      socket.write(Buffer.concat([writeEntry(search.id, { dn: 'CN=1,DC=corp,DC=example', attributes: [{ name: 'mail', values: ['1@corp.example'] }] }), done(search)]));
    });
    const reading = await readDirectory(options);
    expect(reading.verdict).toBe('ConfigInvalid directory.nothing-found');
    expect(gaveLastPage(reading)).toBe(false);
  });

  test('gets the reason when the server says goodbye in a page', async () => {
    const options = await directory((search, socket) => {
      socket.end(Buffer.concat([writeEntry(search.id, entry(1)), writeResult(0, answerTags.extended, { code: 52, message: 'shutting down' }, { extendedOid: '1.3.6.1.4.1.1466.20036' })]));
    });
    const reading = await readDirectory(options);
    expect(reading.verdict).toBe('Unavailable ldap.unavailable');
    expect(String(reading.error)).toContain('shutting down');
  });

  test.each([
    ['a length that points past the message', Buffer.from([0x30, 0x06, 0x02, 0x01, 0x04, 0x64, 0x7f, 0x04])],
    ['rubbish between messages', Buffer.from('rubbish')],
    ['an answer without a result code', Buffer.from([0x30, 0x05, 0x02, 0x01, 0x03, 0x65, 0x00])],
  ])('fails on %s', async (_, bytes) => {
    const options = await directory((search, socket) => {
      const patched = Buffer.from(bytes);
      if (patched[0] === 0x30) patched[4] = search.id;
      socket.write(Buffer.concat([writeEntry(search.id, entry(1)), patched]));
    });
    const reading = await readDirectory(options);
    expect(reading.verdict).toBe('Unavailable ldap.malformed');
    expect(gaveLastPage(reading)).toBe(false);
  });

  test('takes no answer that belongs to another question', async () => {
    const options = await directory((search, socket) => {
      socket.write(Buffer.concat([writeEntry(search.id + 7, entry(9)), done({ ...search, id: search.id + 7 }), writeEntry(search.id, entry(1)), done(search)]));
    });
    expect(entriesOf(await readDirectory(options)).map(({ dn }) => dn)).toEqual(['CN=1,DC=corp,DC=example']);
  });

  test('does not ask for ever for the members of a group that never end', async () => {
    const members = (range: string): ResponseEntry => entry(1, [{ name: 'objectClass', values: ['group'] }, { name: range, values: ['CN=a'] }]);
    let asked = 0;
    const options = await directory(
      (search, socket) => socket.write(Buffer.concat([writeEntry(search.id, members('member;range=0-0')), done(search)])),
      (search, socket) => {
        asked += 1;
        socket.write(Buffer.concat([writeEntry(search.id, members('member;range=0-0')), writeResult(search.id, answerTags.searchDone, { code: 0 })]));
      },
    );
    const reading = await readDirectory(options);
    expect(reading.verdict).toBe('complete');
    expect(asked).toBe(1);
    expect(reading.pages.flatMap(({ problems }) => problems)).toMatchObject([{ code: 'directory.values-incomplete' }]);
    expect(membersOf(reading).size).toBe(0);
  });

  test('puts addresses together that come in parts', async () => {
    const options = await directory(
      (search, socket) => socket.write(Buffer.concat([writeEntry(search.id, entry(1, [{ name: 'proxyAddresses;range=0-1', values: ['smtp:a', 'smtp:b'] }])), done(search)])),
      (search, socket) => {
        expect(search.attributes).toEqual(['proxyAddresses;range=2-*']);
        socket.write(Buffer.concat([writeEntry(search.id, entry(1, [{ name: 'proxyAddresses;range=2-*', values: ['smtp:c'] }])), writeResult(search.id, answerTags.searchDone, { code: 0 })]));
      },
    );
    expect(entriesOf(await readDirectory(options))[0]?.attributes['proxyAddresses']).toEqual(['smtp:a', 'smtp:b', 'smtp:c']);
  });
});

describe('changes from a strange server', () => {
  const from: DirectoryWatermark = { method: 'dirsync', cookie: Buffer.from('old').toString('base64'), dnsHostName: 'dc1.corp.example', invocationId: null };
  const round = (search: Search, entries: readonly ResponseEntry[], more: number, cookie: string) => {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(more);
    value.writeInt(0);
    value.writeString(cookie);
    value.endSequence();
    return Buffer.concat([...entries.map((each) => writeEntry(search.id, each)), writeResult(search.id, answerTags.searchDone, { code: 0 }, { control: { oid: DIRSYNC, value: value.buffer } })]);
  };
  const isRound = ({ controls }: Search) => controls.some(({ oid }) => oid === DIRSYNC);

  /** A server whose searches, rounds of DirSync among them, are answered by `onSearch`. */
  const changing = (onSearch: (search: Search) => Buffer) =>
    serve((socket) => {
      socket.on('data', (bytes) => {
        const request = readRequest(bytes);
        if (request.kind === 'bind') socket.write(writeResult(request.id, answerTags.bind, { code: 0 }));
        else if (request.kind === 'search') socket.write(request.base === '' ? Buffer.concat([writeEntry(request.id, rootDse), refuses(request, 0)]) : onSearch(request));
      });
    });
  const poll = async (options: SessionOptions) => {
    const feed = createLdapSource(options).changes(new AbortController().signal);
    const steps: ChangeStep[] = [];
    try {
      for await (const step of feed.poll(from)) steps.push(step);
    } finally {
      feed.close();
    }
    return steps;
  };
  const whole = (search: Search, found: ResponseEntry) => Buffer.concat([writeEntry(search.id, found), refuses(search, 0)]);

  test.each([
    ['says that there is more and does not move on', (search: Search) => round(search, [], 1, 'old')],
    ['answers without saying where to go on', (search: Search) => refuses(search, 0)],
  ])('a server that %s is not asked for ever', async (_, answer) => {
    expect(await poll(await changing(answer))).toMatchObject([{ outcome: 'needs-full', reason: 'cookie-rejected' }]);
  });

  test('empty rounds with more behind them are gone through', async () => {
    let rounds = 0;
    const steps = await poll(await changing((search) => round(search, [], ++rounds < 30 ? 1 : 0, `cookie ${rounds}`)));
    expect(rounds).toBe(30);
    expect(steps.at(-1)).toMatchObject({ outcome: 'page', page: { entries: [], watermark: { cookie: Buffer.from('cookie 30').toString('base64') } } });
  });

  test('a whole list of members where increments were asked for is read from the group', async () => {
    const asked: string[] = [];
    const team = entry(1, [{ name: 'objectClass', values: ['group'] }, { name: 'uSNChanged', values: ['42'] }]);
    const steps = await poll(
      await changing((search) => {
        if (isRound(search)) return round(search, [{ dn: 'CN=1', attributes: [{ name: 'objectGUID', values: [guid(1)] }, { name: 'member', values: ['CN=a'] }] }], 0, 'new');
        asked.push(search.attributes.includes('member') ? 'with members' : 'without');
        const members = search.attributes.includes('member') ? [{ name: 'member', values: ['CN=a', 'CN=b'] }] : [];
        return whole(search, { ...team, attributes: [...team.attributes, ...members] });
      }),
    );
    expect(asked).toEqual(['without', 'with members']);
    expect(steps).toMatchObject([{ outcome: 'page', page: { entries: [{ usn: '42' }], members: [{ dns: ['CN=a', 'CN=b'], last: true, usn: '42' }], changes: [] } }]);
  });

  test('an object without objectGUID is a problem, one that is hidden or gone by now is passed over', async () => {
    const steps = await poll(
      await changing((search) =>
        isRound(search)
          ? round(search, [{ dn: 'CN=1', attributes: [] }, { dn: 'CN=2', attributes: [{ name: 'objectGUID', values: [guid(2)] }] }], 0, 'new')
          : refuses(search, 0),
      ),
    );
    expect(steps).toMatchObject([{ outcome: 'page', page: { entries: [], changes: [], problems: [{ code: 'directory.entry-without-guid', subject: 'CN=1' }] } }]);
  });

  test('one that was deleted between the round and its reading is told as deleted', async () => {
    const steps = await poll(
      await changing((search) =>
        isRound(search)
          ? round(search, [{ dn: 'CN=2', attributes: [{ name: 'objectGUID', values: [guid(2)] }, { name: 'title', values: ['x'] }] }], 0, 'new')
          : whole(search, { dn: 'CN=2\\0ADEL', attributes: [{ name: 'objectGUID', values: [guid(2)] }, { name: 'isDeleted', values: ['TRUE'] }, { name: 'uSNChanged', values: ['7'] }] }),
      ),
    );
    expect(steps).toMatchObject([{ outcome: 'page', page: { entries: [], changes: [{ dn: 'CN=2\\0ADEL', deleted: true, usn: '7' }], watermark: { usn: '7' } } }]);
  });

  test('references to other servers are written down and not followed', async () => {
    const options = await directory((search, socket) => {
      const reference = new BerWriter();
      reference.startSequence();
      reference.writeInt(search.id);
      reference.startSequence(0x73);
      reference.writeString('ldap://emea.corp.example/DC=emea,DC=corp,DC=example');
      reference.endSequence();
      reference.endSequence();
      socket.write(Buffer.concat([writeEntry(search.id, entry(1)), reference.buffer, done(search)]));
    });
    const pages: SourcePage[] = [];
    for await (const page of createLdapSource(options).read(new AbortController().signal)) pages.push(page);
    expect(pages.at(-1)?.findings).toEqual({ domains: [], references: ['ldap://emea.corp.example/DC=emea,DC=corp,DC=example'] });
    expect(pages.at(-1)?.tracking).toMatchObject({ method: 'none' });
  });
});
