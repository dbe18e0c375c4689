/** What only the sample directory does: faults on demand, TLS as one wishes, limits as one wishes. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { Client, InvalidCredentialsError, StrongAuthRequiredError } from 'ldapts';
import { directoryModel } from '../../src/sample/organisation/directory-objects.ts';
import { sampleOrganisation } from '../../src/sample/organisation/organisation.ts';
import { bindRefusals, type BindRefusal, type Fault } from '../../src/sample/directory/faults.ts';
import {
  type SampleDirectory,
  type SampleDirectoryOptions,
  startSampleDirectory,
} from '../../src/sample/directory/server.ts';
import { makeAuthority, makeCertificate } from '../lab/certificates.ts';
import { labFolder, until } from '../lab/component.ts';
import { ldapsearch } from '../lab/ldapsearch.ts';
import { type Wire, wire } from './wire.ts';

const organisation = sampleOrganisation({ people: 60 });
const account = {
  name: `svc-lockstep@${organisation.dnsName}`,
  password: organisation.serviceAccounts[0]?.password ?? '',
};
const started: SampleDirectory[] = [];
const opened: Wire[] = [];
async function start(options: Omit<SampleDirectoryOptions, 'model'> = {}): Promise<SampleDirectory> {
  const directory = await startSampleDirectory({ model: directoryModel(organisation), ...options });
  started.push(directory);
  return directory;
}
async function connected(directory: SampleDirectory): Promise<Wire> {
  const connection = await wire(directory);
  opened.push(connection);
  return connection;
}
async function bound(directory: SampleDirectory): Promise<Wire> {
  const connection = await connected(directory);
  await connection.bind(account.name, account.password);
  return connection;
}
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.close();
  await Promise.all(started.splice(0).map((directory) => directory.close()));
});
const people = { filter: '(mail=*)', attributes: ['mail', 'objectGUID', 'title'] };
const total =
  organisation.people.length +
  organisation.resources.length +
  organisation.mailUsers.length +
  organisation.contacts.length +
  organisation.publicFolders.length +
  organisation.dynamicGroups.length +
  organisation.groups.filter(({ addresses }) => addresses !== undefined).length;

describe('faults', () => {
  const page = (directory: SampleDirectory, cookie?: Buffer) => ({
    base: directory.baseDn,
    ...people,
    page: { size: 50, ...(cookie === undefined ? {} : { cookie }) },
  });

  test('a connection is cut in the middle of the page that was named, as often as was said', async () => {
    const directory = await start();
    directory.faults.inject({ kind: 'cut', at: { page: 2 } }, 1);
    const connection = await bound(directory);
    const first = await connection.search(page(directory));
    expect(first.entries).toHaveLength(50);
    await expect(connection.search(page(directory, first.cookie))).rejects.toThrow('ended the connection');
    expect(directory.faults.occurred('cut')).toBe(1);
    const again = await bound(directory);
    const retried = await again.search(page(directory));
    expect((await again.search(page(directory, retried.cookie))).code).toBe(0);
  });

  test('an empty page has a cookie, and what it left out comes with the next', async () => {
    const directory = await start();
    directory.faults.inject({ kind: 'empty-page', page: 2 });
    const connection = await bound(directory);
    const mails: string[] = [];
    const counts: number[] = [];
    for (let cookie: Buffer | undefined = Buffer.alloc(0); cookie !== undefined;) {
      const answer = await connection.search(page(directory, cookie));
      counts.push(answer.entries.length);
      mails.push(...answer.entries.map(({ dn }) => dn));
      cookie = answer.cookie?.length === 0 ? undefined : answer.cookie;
    }
    expect(counts.slice(0, 3)).toEqual([50, 0, 50]);
    expect(new Set(mails).size).toBe(total);
  });

  test('a truncated search looks complete', async () => {
    const directory = await start();
    directory.faults.inject({ kind: 'truncate', objects: 70 });
    const connection = await bound(directory);
    const first = await connection.search(page(directory));
    const second = await connection.search(page(directory, first.cookie));
    expect([first.entries.length, second.entries.length, second.code, second.cookie?.length]).toEqual([50, 20, 0, 0]);
  });

  test.each<[string, Fault & { at: unknown }, (connection: Wire, directory: SampleDirectory) => Promise<unknown>]>([
    ['bind', { kind: 'hang', at: 'bind' }, (connection) => connection.bind(account.name, account.password)],
    ['rootDSE', { kind: 'hang', at: 'rootdse' }, (connection) => connection.search({ base: '', scope: 'base' })],
    ['connection', { kind: 'hang', at: 'connect' }, (connection) => connection.bind(account.name, account.password)],
  ])('a %s that hangs is never answered', async (_, fault, ask) => {
    const directory = await start();
    directory.faults.inject(fault);
    const connection = await connected(directory);
    let answered = false;
    const answer = ask(connection, directory).then(() => (answered = true));
    await until('the fault occurred', async () => directory.faults.occurred('hang') === 1);
    await directory.close();
    await expect(answer).rejects.toThrow('ended the connection');
    expect(answered).toBe(false);
  });

  test('a page is answered with the result that was named', async () => {
    const directory = await start();
    directory.faults.inject({ kind: 'result', at: { page: 1 }, code: 51 }, 1);
    const connection = await bound(directory);
    expect((await connection.search(page(directory))).code).toBe(51);
    expect((await connection.search(page(directory))).code).toBe(0);
  });

  test.each(Object.keys(bindRefusals) as BindRefusal[])('a bind is refused as %s, in AD’s words', async (reason) => {
    const directory = await start();
    directory.faults.inject({ kind: 'refuse-bind', reason });
    const client = new Client({ url: directory.url });
    await expect(client.bind(account.name, account.password)).rejects.toThrow(`data ${bindRefusals[reason]}`);
    await client.unbind();
  });

  test('one object comes with bytes that are no text, another without its GUID, the rest as they are', async () => {
    const directory = await start();
    const [spoilt, nameless] = [...directory.objects()]
      .filter(({ attributes }) => attributes['title'] !== undefined)
      .map(({ dn }) => dn);
    directory.faults.inject({ kind: 'undecodable', dn: spoilt ?? '', attribute: 'title' });
    directory.faults.inject({ kind: 'no-guid', dn: nameless ?? '' });
    const { entries } = await (await bound(directory)).search({ base: directory.baseDn, ...people });
    const of = (dn: string | undefined) => entries.find((entry) => entry.dn === dn)?.attributes;
    expect(() => new TextDecoder('utf8', { fatal: true }).decode(of(spoilt)?.['title']?.[0])).toThrow();
    expect(of(spoilt)?.['objectGUID']).toHaveLength(1);
    expect(of(nameless)?.['objectGUID']).toBeUndefined();
    expect(entries.filter(({ attributes }) => attributes['objectGUID'] === undefined)).toHaveLength(1);
  });

  test('a server that is not AD does not say that it is', async () => {
    const directory = await start();
    directory.faults.inject({ kind: 'not-ad' });
    const { entries } = await (await connected(directory)).search({ base: '', scope: 'base' });
    expect(entries[0]?.attributes['supportedCapabilities']).toBeUndefined();
    directory.faults.clear();
    const after = await (await connected(directory)).search({ base: '', scope: 'base' });
    expect(after.entries[0]?.attributes['supportedCapabilities']?.map(String)).toContain('1.2.840.113556.1.4.800');
  });
});

describe('accounts', () => {
  test.each([
    ['svc-disabled', '533'],
    ['svc-locked', '775'],
    ['svc-expired', '701'],
    ['svc-old-password', '532'],
    ['svc-new', '773'],
  ])('%s is refused with data %s', async (name, data) => {
    const connection = await connected(await start());
    expect((await connection.bind(`${name}@${organisation.dnsName}`, account.password)).message).toContain(
      `data ${data}`,
    );
  });
});

describe('limits', () => {
  test('a query that takes too long has no answer but that', async () => {
    const connection = await bound(await start({ limits: { maxQueryDurationMs: 0 } }));
    expect((await connection.search({ base: 'DC=corp,DC=tarnwick,DC=example' })).code).toBe(3);
  });

  test('a request that is too large ends the connection', async () => {
    const connection = await bound(await start({ limits: { maxReceiveBufferBytes: 1000 } }));
    await expect(connection.search({ base: '', filter: `(cn=${'x'.repeat(1000)})` })).rejects.toThrow(
      'ended the connection',
    );
  });

  test('changes are seen by the next search, with a higher USN', async () => {
    const directory = await start();
    const connection = await bound(directory);
    const usn = async () =>
      Number(
        (await connection.search({ base: '', scope: 'base', attributes: ['highestCommittedUSN'] })).entries[0]
          ?.attributes['highestCommittedUSN']?.[0],
      );
    const before = await usn();
    const dn = `CN=Neu,OU=Contacts,${directory.baseDn}`;
    directory.put({ dn, attributes: { objectClass: ['top', 'contact'], mail: 'neu@ostheim.example' } });
    directory.modify(dn, { mail: 'neuer@ostheim.example' });
    const found = await connection.search({
      base: directory.baseDn,
      filter: `(&(mail=neuer@ostheim.example)(uSNChanged>=${before + 1}))`,
    });
    expect(found.entries.map((entry) => entry.dn)).toEqual([dn]);
    expect(await usn()).toBe(before + 2);
    directory.remove(dn);
    expect((await connection.search({ base: dn, scope: 'base' })).code).toBe(32);
  });
});

describe('encryption', () => {
  let certificate: { key: string; cert: string; caFile: string };
  beforeAll(async () => {
    const folder = await mkdtemp(`${labFolder()}/sample-tls-`);
    await makeAuthority(folder);
    await makeCertificate(folder, folder, { dns: ['dc1.corp.tarnwick.example'], ip: '127.0.0.1' });
    const text = (name: string) => readFile(`${folder}/${name}`, 'utf8');
    certificate = { key: await text('key.pem'), cert: await text('cert.pem'), caFile: `${folder}/ca.pem` };
  });
  const read = (directory: SampleDirectory, startTls: boolean, caFile: string) =>
    ldapsearch({
      url: directory.url,
      startTls,
      caFile,
      bind: account.name,
      password: account.password,
      base: directory.baseDn,
      filter: '(mail=*)',
      attributes: ['mail'],
      pageSize: 40,
    });

  test.each(['ldaps', 'starttls'] as const)(
    '%s: ldapsearch reads everything, and refuses a certificate that it does not trust',
    async (mode) => {
      const directory = await start({ tls: { mode, ...certificate }, requireTls: true });
      const { code, entries } = await read(directory, mode === 'starttls', certificate.caFile);
      expect([code, entries.length]).toEqual([0, total]);
      expect((await read(directory, mode === 'starttls', '/dev/null')).code).not.toBe(0);
      await until('the connections have ended', async () => directory.connections() === 0);
    },
  );

  test('a server that demands encryption refuses any password without it', async () => {
    const directory = await start({ tls: { mode: 'starttls', ...certificate }, requireTls: true });
    const client = new Client({ url: directory.url });
    await expect(client.bind(account.name, 'wrong')).rejects.toThrow(StrongAuthRequiredError);
    await client.startTLS({ ca: await readFile(certificate.caFile), host: '127.0.0.1' });
    await expect(client.bind(account.name, 'wrong')).rejects.toThrow(InvalidCredentialsError);
    await client.bind(account.name, account.password);
    await client.unbind();
  });

  test('without a certificate StartTLS is refused', async () => {
    const client = new Client({ url: (await start()).url });
    await expect(client.startTLS()).rejects.toThrow('Error initializing SSL/TLS');
    await client.unbind();
  });
});
