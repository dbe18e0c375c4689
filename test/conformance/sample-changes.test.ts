/** What only the sample directory does when its changes are read: faults, servers that are not what they were, rounds. */
import { Client, type Control } from 'ldapts';
import { baseDnOf } from '../../src/sample/directory/model.ts';
import {
  type SampleDirectory,
  type SampleDirectoryOptions,
  startSampleDirectory,
} from '../../src/sample/directory/server.ts';
import { ldapsearch } from '../lab/ldapsearch.ts';
import { until } from '../lab/component.ts';
import {
  ancestorsFirst,
  BareControl,
  DirSyncControl,
  extendedDnOid,
  incrementalValues,
  objectSecurity,
} from './dir-sync-control.ts';
import { type Wire, wire, type WireAnswer } from './wire.ts';

const dnsName = 'corp.tarnwick.example';
const base = baseDnOf(dnsName);
const people = `OU=People,${base}`;
const person = (name: string) => `CN=${name},${people}`;
const names = ['Ann', 'Ben', 'Cid', 'Dee', 'Eve'];
const model = (): SampleDirectoryOptions['model'] => ({
  dnsName,
  netbiosName: 'CORP',
  domainSid: 'S-1-5-21-1-2-3',
  passwords: { reader: 'secret' },
  grants: { reader: { readDeleted: true } },
  objects: [
    { dn: people, attributes: { objectClass: ['top', 'organizationalUnit'] } },
    { dn: person('reader'), attributes: { objectClass: ['top', 'person', 'user'], sAMAccountName: 'reader' } },
    ...names.map((name) => ({
      dn: person(name),
      attributes: { objectClass: ['top', 'person', 'user'], title: 'Engineer', mail: `${name}@tarnwick.example` },
    })),
    { dn: `CN=Team,${base}`, attributes: { objectClass: ['top', 'group'], member: names.map(person) } },
  ],
});

const started: SampleDirectory[] = [];
const opened: Wire[] = [];
async function start(options: Omit<SampleDirectoryOptions, 'model'> = {}): Promise<SampleDirectory> {
  const directory = await startSampleDirectory({ model: model(), ...options });
  started.push(directory);
  return directory;
}
async function bound(directory: SampleDirectory): Promise<Wire> {
  const connection = await wire(directory);
  opened.push(connection);
  await connection.bind(`reader@${dnsName}`, 'secret');
  return connection;
}
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.close();
  await Promise.all(started.splice(0).map((directory) => directory.close()));
});

interface Round extends WireAnswer {
  readonly more: boolean | undefined;
  readonly next: Buffer;
}
/** One round of DirSync for the persons, as an ordinary account reads it. */
async function round(
  connection: Wire,
  cookie: Buffer = Buffer.alloc(0),
  {
    flags = objectSecurity,
    maxBytes = 0,
    attributes = ['name', 'title', 'isDeleted'],
    filter = '(objectClass=person)',
    controls = [] as Control[],
  } = {},
): Promise<Round> {
  const control = new DirSyncControl(flags, cookie, maxBytes);
  const answer = await connection.search({ base, filter, attributes, controls: [control, ...controls] });
  return { ...answer, more: control.more, next: control.answered ?? cookie };
}
const rdns = ({ entries }: WireAnswer): string[] => entries.map(({ dn }) => dn.slice(3).replace(/[,\\].*/, ''));
const rootDse = async (connection: Wire, attribute: string): Promise<string> =>
  String(
    (await connection.search({ base: '', scope: 'base', attributes: [attribute] })).entries[0]?.attributes[
      attribute
    ]?.[0],
  );
async function invocationId(connection: Wire): Promise<string | undefined> {
  const { entries } = await connection.search({
    base: await rootDse(connection, 'dsServiceName'),
    scope: 'base',
    attributes: ['invocationId'],
  });
  return entries[0]?.attributes['invocationId']?.[0]?.toString('hex');
}

describe('a cookie', () => {
  test('is refused on demand', async () => {
    const directory = await start();
    const connection = await bound(directory);
    const { next } = await round(connection);
    directory.faults.inject({ kind: 'reject-cookie' }, 1);
    expect((await round(connection, next)).code).toBe(12);
    expect((await round(connection, next)).code).toBe(0);
  });

  test('of another server is refused; where it is not, everything comes again', async () => {
    const [one, other] = [await start(), await start()];
    other.replaceServer();
    const { next } = await round(await bound(one));
    const connection = await bound(other);
    expect(await round(connection, next)).toMatchObject({ code: 12, entries: [] });
    other.faults.inject({ kind: 'replay-cookie' });
    expect(rdns(await round(connection, next))).toEqual(['reader', ...names]);
  });

  test('that does not know of tombstones that are gone is refused, a younger one is not', async () => {
    const directory = await start();
    const connection = await bound(directory);
    const old = await round(connection);
    directory.remove(person('Ann'));
    const young = await round(connection, old.next);
    directory.expireTombstones();
    expect((await round(connection, old.next)).code).toBe(12);
    expect(await round(connection, young.next)).toMatchObject({ code: 0, entries: [] });
    expect(rdns(await round(connection))).toEqual(['reader', ...names.slice(1)]);
  });
});

describe('a server that is not what it was', () => {
  test('replaced: another invocationId, other USNs, the same objects', async () => {
    const directory = await start();
    directory.remove(person('Eve'));
    const connection = await bound(directory);
    const before = { id: await invocationId(connection), ...(await round(connection)) };
    directory.replaceServer();
    expect(await invocationId(connection)).not.toBe(before.id);
    expect((await round(connection, before.next)).code).toBe(12);
    const after = await round(connection);
    expect(rdns(after).sort()).toEqual(rdns(before).sort());
    directory.modify(person('Ann'), { title: 'Director' });
    expect(rdns(await round(connection, after.next))).toEqual(['Ann']);
  });

  test('set back under the same invocationId: USNs are lower, and changes go unseen', async () => {
    const directory = await start();
    const backup = directory.backup();
    const connection = await bound(directory);
    for (const name of names) directory.modify(person(name), { title: 'Director' });
    const before = { id: await invocationId(connection), usn: await rootDse(connection, 'highestCommittedUSN') };
    const { next } = await round(connection);
    directory.restore(backup, 'kept');
    expect(await invocationId(connection)).toBe(before.id);
    expect(Number(await rootDse(connection, 'highestCommittedUSN'))).toBeLessThan(Number(before.usn));
    directory.modify(person('Ann'), { title: 'Lost' });
    expect(await round(connection, next)).toMatchObject({ code: 0, entries: [] });
    expect((await connection.search({ base, filter: '(title=Director)' })).entries).toEqual([]);
  });

  test('set back as it should be: a new invocationId, so that the cookie is refused', async () => {
    const directory = await start();
    const backup = directory.backup();
    const connection = await bound(directory);
    directory.modify(person('Ann'), { title: 'Director' });
    const before = { id: await invocationId(connection), ...(await round(connection)) };
    directory.restore(backup, 'new');
    expect(await invocationId(connection)).not.toBe(before.id);
    expect((await round(connection, before.next)).code).toBe(12);
  });
});

describe('rounds', () => {
  test('hold one object at least, whatever the client takes', async () => {
    const connection = await bound(await start());
    const seen: string[] = [];
    let rounds = 0;
    for (let cookie: Buffer | undefined = Buffer.alloc(0); cookie !== undefined; rounds++) {
      const answer: Round = await round(connection, cookie, { maxBytes: 1 });
      expect(answer.entries.length).toBeLessThanOrEqual(1);
      seen.push(...rdns(answer));
      cookie = answer.more === true ? answer.next : undefined;
    }
    expect(seen).toEqual(['reader', ...names]);
    expect(rounds).toBeGreaterThanOrEqual(names.length);
  });

  test('may be empty though there is more', async () => {
    const connection = await bound(await start({ limits: { maxDirSyncObjects: 2 } }));
    const first = await round(connection);
    expect([first.entries.length, first.more]).toEqual([0, true]);
  });

  test('what changes between them comes once more', async () => {
    const directory = await start();
    const connection = await bound(directory);
    const first = await round(connection, undefined, { maxBytes: 400 });
    expect(first.more).toBe(true);
    expect(rdns(first)).toContain('Ann');
    directory.modify(person('Ann'), { title: [] });
    directory.remove(person('Eve'));
    const rest: string[] = [];
    let cookie = first.next;
    for (let more: boolean | undefined = true; more === true;) {
      const answer = await round(connection, cookie, { maxBytes: 400 });
      rest.push(...rdns(answer));
      ({ more, next: cookie } = answer);
    }
    expect(rest.slice(-2)).toEqual(['Ann', 'Eve']);
    expect(rest.filter((name) => name === 'Eve')).toHaveLength(1);
  });

  test('bring parents first when asked to, whichever changed last', async () => {
    const directory = await start();
    const connection = await bound(directory);
    const { next } = await round(connection);
    directory.put({ dn: `OU=Sub,${people}`, attributes: { objectClass: ['top', 'organizationalUnit'] } });
    directory.move(person('Ann'), `CN=Ann,OU=Sub,${people}`);
    directory.modify(people, { description: 'changed last' });
    const asked = { filter: '(objectClass=*)', attributes: ['name', 'description'] };
    expect(rdns(await round(connection, next, asked))).toEqual(['Sub', 'Ann', 'People']);
    const parentsFirst = { ...asked, flags: objectSecurity | ancestorsFirst };
    expect(rdns(await round(connection, next, parentsFirst))).toEqual(['People', 'Sub', 'Ann']);
  });

  test.each([
    ['cut', { kind: 'cut', at: 'dirsync' }, 'ended the connection'],
    ['answered with a result', { kind: 'result', at: 'dirsync', code: 51 }, 51],
  ] as const)('are %s on demand', async (_, fault, expected) => {
    const directory = await start();
    const connection = await bound(directory);
    directory.faults.inject(fault, 1);
    const answer = round(connection);
    if (typeof expected === 'number') expect((await answer).code).toBe(expected);
    else await expect(answer).rejects.toThrow(expected);
    expect((await round(await bound(directory))).code).toBe(0);
  });

  test('hang on demand', async () => {
    const directory = await start();
    const connection = await bound(directory);
    directory.faults.inject({ kind: 'hang', at: 'dirsync' });
    const answer = round(connection);
    await until('the fault occurred', async () => directory.faults.occurred('hang') === 1);
    await directory.close();
    await expect(answer).rejects.toThrow('ended the connection');
  });

  test('carry bytes that are no text, and objects without a GUID, on demand', async () => {
    const directory = await start();
    directory.faults.inject({ kind: 'undecodable', dn: person('Ann'), attribute: 'title' });
    directory.faults.inject({ kind: 'no-guid', dn: person('Ben') });
    const { entries } = await round(await bound(directory));
    const of = (name: string) => entries.find(({ dn }) => dn === person(name))?.attributes;
    expect(() => new TextDecoder('utf8', { fatal: true }).decode(of('Ann')?.['title']?.[0])).toThrow();
    expect(of('Ben')?.['objectGUID']).toBeUndefined();
    expect(of('Cid')?.['objectGUID']).toHaveLength(1);
  });
});

describe('links', () => {
  const group = { filter: '(objectClass=group)', attributes: ['member'] };

  test('of a large group are cut to a range as a whole, and complete as single values', async () => {
    const connection = await bound(await start({ limits: { maxValRange: 3 } }));
    const sizes = ({ entries: [entry] }: WireAnswer) =>
      Object.fromEntries(Object.entries(entry?.attributes ?? {}).map(([name, values]) => [name, values.length]));
    expect(sizes(await round(connection, undefined, group))).toMatchObject({ member: 0, 'member;range=0-2': 3 });
    const single = { ...group, flags: objectSecurity | incrementalValues };
    expect(sizes(await round(connection, undefined, single))).toMatchObject({ 'member;range=1-1': 5 });
  });

  test('say which object they mean in extended names, also after it was moved', async () => {
    const directory = await start();
    const connection = await bound(directory);
    const { next } = await round(connection);
    const guid = (
      await connection.search({ base: person('Ann'), scope: 'base', attributes: ['objectGUID'] })
    ).entries[0]?.attributes['objectGUID']?.[0]?.toString('hex');
    directory.removeValues(`CN=Team,${base}`, { member: person('Ann') });
    directory.move(person('Ann'), `CN=Anna,${base}`);
    const controls = [new BareControl(extendedDnOid)];
    const single = { ...group, flags: objectSecurity | incrementalValues, controls };
    const { entries } = await round(connection, next, single);
    expect(entries[0]?.attributes['member;range=0-0']?.map(String)).toEqual([
      expect.stringMatching(new RegExp(`^<GUID=${guid}>;<SID=[0-9a-f]+>;CN=Anna,`)),
    ]);
  });
});

describe('an account that sees less', () => {
  test('has fewer objects and attributes in a search and in DirSync, and no deletions', async () => {
    const directory = await start();
    const connection = await bound(directory);
    const titles = async () =>
      (await connection.search({ base, filter: '(title=*)', attributes: ['title'] })).entries.length;
    const { next } = await round(connection);
    directory.grant('reader', { hidden: [person('Ann')], unreadable: ['mail'], readDeleted: true });
    expect(await titles()).toBe(4);
    expect((await connection.search({ base: person('Ann'), scope: 'base' })).code).toBe(32);
    expect((await connection.search({ base, filter: '(mail=*)' })).entries).toEqual([]);
    directory.modify(person('Ann'), { title: 'Hidden' });
    directory.modify(person('Ben'), { mail: 'b@tarnwick.example' });
    directory.remove(person('Cid'));
    const asked = { attributes: ['title', 'mail', 'isDeleted'] };
    expect(rdns(await round(connection, next, asked))).toEqual(['Cid']);
    directory.grant('reader', {});
    expect(await titles()).toBe(4);
    expect(rdns(await round(connection, next, asked))).toEqual(['Ann', 'Ben']);
  });

  test('may still not follow everything without the object-security flag', async () => {
    const directory = await start();
    const connection = await bound(directory);
    expect((await round(connection, undefined, { flags: 0 })).code).toBe(50);
    directory.grant('reader', { getChanges: true, hidden: [people] });
    expect(rdns(await round(connection, undefined, { flags: 0 }))).toEqual(['reader', ...names]);
    expect(rdns(await round(connection))).toEqual([]);
  });

  test('is the same account after it was moved, and none after it was deleted', async () => {
    const directory = await start();
    directory.move(person('reader'), `CN=reader,${base}`);
    const connection = await bound(directory);
    expect((await connection.search({ base, scope: 'base' })).code).toBe(0);
    directory.remove(`CN=reader,${base}`);
    expect((await connection.bind(`reader@${dnsName}`, 'secret')).code).toBe(49);
  });
});

describe('a referral', () => {
  test('has a URL that clients understand', async () => {
    const directory = await start();
    const elsewhere = 'OU=Some People,DC=other,DC=example';
    const { code, message } = await ldapsearch({
      url: directory.url,
      bind: `reader@${dnsName}`,
      password: 'secret',
      base: elsewhere,
    });
    expect(code).toBe(10);
    expect(message).toContain('ldap://other.example/OU=Some%20People,DC=other,DC=example');
    const client = new Client({ url: directory.url });
    await client.bind(`reader@${dnsName}`, 'secret');
    await expect(client.search(elsewhere)).rejects.toMatchObject({ code: 10 });
    await client.unbind();
  });
});
