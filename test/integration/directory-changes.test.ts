/** Changes of a real Active Directory domain (Samba), by DirSync and by USN. */
import { Attribute, Change, Client, Control } from 'ldapts';
import type { ChangeFeed, ChangeStep } from '../../src/directory/directory-source.ts';
import type { SessionOptions } from '../../src/directory/ldap-session.ts';
import { createLdapSource } from '../../src/directory/ldap-source.ts';
import type { DirectoryChangesPage, DirectoryChangeTracking, DirectoryWatermark } from '../../src/shared/directory.ts';
import { countingProxy, type CountingProxy } from '../lab/counting-proxy.ts';
import { administrator, type DirectoryAdministrator } from '../lab/samba/changes.ts';
import { resetSamba, samba, type SambaAccount, type SambaLab } from '../lab/samba.ts';
import { entriesOf, readDirectory } from './directory-reading.ts';

const lab = await samba();
const describeIf = 'skip' in lab ? describe.skip : describe;
let dc = lab as SambaLab;

const never = new AbortController().signal;
const people = () => `OU=People,${dc.baseDn}`;
const person = (name: string) => `CN=${name},${people()}`;
const group = (name: string) => `CN=${name},OU=Groups,${dc.baseDn}`;

let admin: DirectoryAdministrator;
let proxy: CountingProxy;
const feeds: ChangeFeed[] = [];

const begin = async (): Promise<void> => {
  admin = await administrator(dc);
  proxy = await countingProxy({ host: dc.address, port: 389 });
};
const end = async (): Promise<void> => {
  for (const feed of feeds.splice(0)) feed.close();
  await admin.close();
  await proxy.close();
};
if (!('skip' in lab)) {
  beforeAll(begin);
  afterAll(end);
}

const options = (account: SambaAccount = dc.accounts.sync): SessionOptions => ({
  settings: { security: 'plain', host: proxy.host, port: proxy.port, account: account.bind, acknowledgeDisabled: true },
  password: account.password,
});

type Method = DirectoryWatermark['method'];

/** Reads the directory and watches it from there. */
async function watch(method: Method, account: SambaAccount = dc.accounts.sync) {
  const reading = await readDirectory(options(account));
  const last = reading.pages.at(-1);
  const found = last?.watermark;
  if (found === undefined) throw new Error(`no watermark: ${reading.verdict}`);
  const { dnsHostName, invocationId, usn = '0' } = found;
  const feed = createLdapSource(options(account)).changes(never);
  feeds.push(feed);
  return new Watcher(feed, method === 'usn' ? { method, dnsHostName, invocationId, usn } : found, last?.tracking);
}

class Watcher {
  readonly feed: ChangeFeed;
  readonly tracking: DirectoryChangeTracking | undefined;
  watermark: DirectoryWatermark;
  constructor(feed: ChangeFeed, watermark: DirectoryWatermark, tracking: DirectoryChangeTracking | undefined) {
    this.feed = feed;
    this.watermark = watermark;
    this.tracking = tracking;
  }

  async steps(): Promise<readonly ChangeStep[]> {
    const steps: ChangeStep[] = [];
    for await (const step of this.feed.poll(this.watermark)) steps.push(step);
    return steps;
  }

  /** What one poll told, in one page; the next one goes on from there. */
  async poll(): Promise<Pick<DirectoryChangesPage, 'entries' | 'members' | 'changes' | 'problems'>> {
    const pages = (await this.steps()).map((step) => {
      if (step.outcome === 'needs-full') throw new Error(step.detail);
      return step.page;
    });
    this.watermark = pages.at(-1)?.watermark ?? this.watermark;
    return {
      entries: pages.flatMap(({ entries }) => entries),
      members: pages.flatMap(({ members }) => members),
      changes: pages.flatMap(({ changes }) => changes),
      problems: pages.flatMap(({ problems }) => problems),
    };
  }
}

const dns = (items: readonly { readonly dn: string }[]) => items.map(({ dn }) => dn).toSorted();

describeIf.each<Method>(['dirsync', 'usn'])('changes by %s', (method) => {
  let watcher: Watcher;
  let guids: ReadonlyMap<string, string>;
  const guidOf = (dn: string) => guids.get(dn) ?? '';
  beforeEach(async () => {
    watcher = await watch(method);
    guids = new Map(entriesOf(await readDirectory(options())).map(({ dn, guid }) => [dn, guid]));
  });

  test('nothing to do is one LDAP request a poll', async () => {
    await watcher.poll();
    proxy.requests();
    for (let polls = 1; polls <= 3; polls++) {
      expect(await watcher.poll()).toEqual({ entries: [], members: [], changes: [], problems: [] });
      expect(proxy.requests()).toBe(1);
    }
  });

  test('a disabled account and a new address come with the whole object, and once', async () => {
    const before = watcher.watermark.usn ?? '';
    await admin.modify(person('Carol Clarke'), { userAccountControl: '514' });
    await admin.addValues(person('Carol Clarke'), { proxyAddresses: `smtp:cc-${method}@lockstep.test` });
    const { entries, changes } = await watcher.poll();
    expect(dns(entries)).toEqual([person('Carol Clarke')]);
    expect(entries[0]?.guid).toBe(guidOf(person('Carol Clarke')));
    expect(entries[0]?.attributes).toMatchObject({ cn: ['Carol Clarke'], userAccountControl: ['514'], mail: ['carol@lockstep.test'] });
    expect(entries[0]?.attributes['proxyAddresses']).toContain(`smtp:cc-${method}@lockstep.test`);
    expect(BigInt(entries[0]?.usn ?? '0') > BigInt(before)).toBe(true);
    expect(changes).toEqual([]);
    expect((await watcher.poll()).entries).toEqual([]);
    await admin.modify(person('Carol Clarke'), { userAccountControl: '512' });
  });

  test('an attribute that was cleared is not there any more', async () => {
    await admin.modify(person('Erin Ellis'), { title: [], manager: [] });
    const { entries } = await watcher.poll();
    expect(dns(entries)).toEqual([person('Erin Ellis')]);
    expect(entries[0]?.attributes).not.toHaveProperty('title');
    expect(entries[0]?.attributes).not.toHaveProperty('manager');
    await admin.modify(person('Erin Ellis'), { title: 'Accountant', manager: person('Alice Archer') });
    expect((await watcher.poll()).entries[0]?.attributes).toMatchObject({ title: ['Accountant'], manager: [person('Alice Archer')] });
  });

  test('members that come and go', async () => {
    await admin.removeValues(group('Engineering'), { member: person('Dave Dunn') });
    await admin.addValues(group('Engineering'), { member: [person('Alice Archer'), person('Erin Ellis')] });
    const { entries, changes, members } = await watcher.poll();
    expect(dns(entries)).toEqual([group('Engineering')]);
    if (method === 'dirsync') {
      expect(members).toEqual([]);
      expect(changes.flatMap(({ memberRemoved }) => memberRemoved)).toEqual([{ dn: person('Dave Dunn'), guid: guidOf(person('Dave Dunn')) }]);
      expect(changes.flatMap(({ memberAdded }) => memberAdded).toSorted((a, b) => (a.dn < b.dn ? -1 : 1))).toEqual([
        { dn: person('Alice Archer'), guid: guidOf(person('Alice Archer')) }, { dn: person('Erin Ellis'), guid: guidOf(person('Erin Ellis')) },
      ]);
      expect(new Set(changes.map(({ guid, usn }) => `${guid} ${usn ?? ''}`))).toEqual(new Set([`${entries[0]?.guid ?? ''} ${entries[0]?.usn ?? ''}`]));
    } else {
      expect(changes).toEqual([]);
      expect(members.map(({ last }) => last)).toEqual([true]);
      expect(members.flatMap((part) => part.dns).toSorted()).toEqual(['Alice Archer', 'Bob Baker', 'Carol Clarke', 'Erin Ellis', 'Jürgen Größmann'].map(person));
    }
    await admin.addValues(group('Engineering'), { member: person('Dave Dunn') });
    await admin.removeValues(group('Engineering'), { member: [person('Alice Archer'), person('Erin Ellis')] });
  });

  test('a rename and a move', async () => {
    await admin.move(person('Zofia Żółkiewska'), person('Zofia Renamed'));
    await admin.move(person('Frank Former'), `CN=Frank Former,OU=Service,${dc.baseDn}`);
    const { entries, changes } = await watcher.poll();
    expect(dns(entries)).toEqual([person('Zofia Renamed'), `CN=Frank Former,OU=Service,${dc.baseDn}`].toSorted());
    const renamed = entries.find(({ dn }) => dn === person('Zofia Renamed'));
    expect(renamed?.guid).toBe(guidOf(person('Zofia Żółkiewska')));
    expect(renamed?.attributes).toMatchObject({ cn: ['Zofia Renamed'], name: ['Zofia Renamed'], parentGUID: [guidOf(people())] });
    expect(entries.find(({ dn }) => dn.startsWith('CN=Frank'))?.attributes['parentGUID']).toEqual([guidOf(`OU=Service,${dc.baseDn}`)]);
    expect(changes).toEqual([]);
    await admin.move(person('Zofia Renamed'), person('Zofia Żółkiewska'));
    await admin.move(`CN=Frank Former,OU=Service,${dc.baseDn}`, person('Frank Former'));
  });

  test('a container that moves is told, and nothing under it', async () => {
    await admin.move(`OU=Contacts,${dc.baseDn}`, `OU=Contacts,OU=Resources,${dc.baseDn}`);
    const { entries } = await watcher.poll();
    expect(entries.map(({ dn, attributes }) => [dn, attributes['name'], attributes['parentGUID']])).toEqual([
      [`OU=Contacts,OU=Resources,${dc.baseDn}`, ['Contacts'], [guidOf(`OU=Resources,${dc.baseDn}`)]],
    ]);
    await admin.move(`OU=Contacts,OU=Resources,${dc.baseDn}`, `OU=Contacts,${dc.baseDn}`);
  });

  test('new objects, a group with its members too, but no computer', async () => {
    const [user, team, machine] = [person(`New ${method}`), group(`New ${method}`), `CN=PC-${method},${people()}`];
    await admin.create(user, { objectClass: 'user', sAMAccountName: `new-${method}`, mail: `new-${method}@lockstep.test` });
    await admin.create(team, { objectClass: 'group', sAMAccountName: `team-${method}`, member: [user, person('Bob Baker')] });
    await admin.create(machine, { objectClass: 'computer', sAMAccountName: `PC-${method}$` });
    const { entries, changes, members } = await watcher.poll();
    expect(dns(entries)).toEqual([user, team].toSorted());
    expect(entries.find(({ dn }) => dn === user)?.attributes).toMatchObject({ cn: [`New ${method}`], mail: [`new-${method}@lockstep.test`] });
    const told = method === 'dirsync' ? dns(changes.flatMap(({ memberAdded }) => memberAdded)) : members.flatMap((part) => part.dns).toSorted();
    expect(told).toEqual([user, person('Bob Baker')].toSorted());
    for (const dn of [team, user, machine]) await admin.remove(dn);
  });

  test('a deletion, and the same object again when it is brought back', async () => {
    const dn = person(`Gone ${method}`);
    await admin.create(dn, { objectClass: 'user', sAMAccountName: `gone-${method}`, mail: `gone-${method}@lockstep.test` });
    const guid = (await watcher.poll()).entries[0]?.guid ?? '';
    await admin.remove(dn);
    const gone = await watcher.poll();
    expect(gone.entries).toEqual([]);
    expect(gone.changes).toMatchObject([{ guid, deleted: true, attributes: {}, memberAdded: [], memberRemoved: [], usn: expect.stringMatching(/^\d+$/) as string }]);
    await bringBack(gone.changes[0]?.dn ?? '', dn);
    const back = await watcher.poll();
    expect(back.changes).toEqual([]);
    expect(back.entries).toMatchObject([{ guid, dn }]);
    // AD keeps few attributes of a tombstone: what is gone is told as gone.
    expect(back.entries[0]?.attributes).not.toHaveProperty('mail');
    await admin.remove(dn);
  });

  test('an account that may not read deleted objects is not told of deletions, and the reading says so', async () => {
    const reader = await watch(method, dc.accounts.read);
    expect(watcher.tracking).toEqual({ method: 'dirsync', reason: '', deletionsVisible: true });
    expect(reader.tracking).toEqual({ method: 'dirsync', reason: '', deletionsVisible: false });
    const dn = person(`Unseen ${method}`);
    await admin.create(dn, { objectClass: 'user', sAMAccountName: `unseen-${method}` });
    expect(dns((await reader.poll()).entries)).toEqual([dn]);
    await admin.remove(dn);
    expect(await reader.poll()).toEqual({ entries: [], members: [], changes: [], problems: [] });
  });

  test('a lost connection is an error once; the next poll signs in anew and misses nothing', async () => {
    await watcher.poll();
    proxy.cut();
    await admin.modify(person('Bob Baker'), { physicalDeliveryOfficeName: `Room ${method}` });
    await expect(watcher.poll()).rejects.toMatchObject({ class: 'Unavailable', code: 'ldap.connection-lost' });
    expect(dns((await watcher.poll()).entries)).toEqual([person('Bob Baker')]);
  });

  test('another invocationId needs a full reading', async () => {
    watcher.watermark = { ...watcher.watermark, invocationId: '00000000-0000-4000-8000-000000000000' };
    expect(await watcher.steps()).toMatchObject([{ outcome: 'needs-full', reason: 'controller-replaced', detail: expect.stringContaining(dc.hostName) as string }]);
  });

  test('what cannot be read at all is an error and no needs-full: a wrong password, a controller that is away', async () => {
    const { watermark } = watcher;
    const wrong = createLdapSource({ ...options(), password: 'wrong' }).changes(never);
    await expect(new Watcher(wrong, watermark, undefined).steps()).rejects.toMatchObject({ class: 'AuthRejected' });
    const away = createLdapSource({ ...options(), settings: { ...options().settings, port: 1 } }).changes(never);
    await expect(new Watcher(away, watermark, undefined).steps()).rejects.toMatchObject({ class: 'Unavailable', code: 'ldap.refused' });
  });
});

/** Makes a tombstone an object again (MS-ADTS §3.1.1.5.3.7.3). */
async function bringBack(tombstone: string, dn: string): Promise<void> {
  const client = new Client({ url: dc.ldapUrl, connectTimeout: 10_000, timeout: 20_000 });
  await client.bind(dc.accounts.admin.bind, dc.accounts.admin.password);
  const replace = (type: string, values: string[]) => new Change({ operation: 'replace', modification: new Attribute({ type, values }) });
  const showDeleted = new Control('1.2.840.113556.1.4.417', { critical: true });
  try {
    const isDeleted = new Change({ operation: 'delete', modification: new Attribute({ type: 'isDeleted', values: [] }) });
    await client.modify(tombstone, [isDeleted, replace('distinguishedName', [dn])], showDeleted);
  } finally {
    await client.unbind();
  }
}

describeIf('a watermark that leads nowhere any more', () => {
  test('a cookie that the controller does not take', async () => {
    const watcher = await watch('dirsync');
    watcher.watermark = { ...watcher.watermark, method: 'dirsync', cookie: Buffer.from('rubbish').toString('base64') };
    expect(await watcher.steps()).toMatchObject([{ outcome: 'needs-full', reason: 'cookie-rejected' }]);
  });

  test.each<Method>(['dirsync', 'usn'])('by %s: a controller that was put back to an earlier state', async (method) => {
    const watcher = await watch(method);
    await admin.modify(person('Bob Baker'), { department: 'Research' });
    await watcher.poll();
    await end();
    dc = await resetSamba();
    await begin();
    const feed = createLdapSource(options()).changes(never);
    feeds.push(feed);
    expect(await new Watcher(feed, watcher.watermark, undefined).steps()).toMatchObject([{ outcome: 'needs-full', reason: 'usn-went-back' }]);
  });
});

describeIf('one object on demand', () => {
  const find = async (by: 'guid' | 'dn' | 'address', value: string) => {
    const { steps, pages } = await createLdapSource(options()).object({ by, value }, never);
    return { steps: steps.map(({ step, outcome, code }) => [step, outcome, code].filter((part) => part !== undefined).join(' ')), pages, details: steps.map(({ detail }) => detail).join(' ') };
  };

  test('is found by address, name and objectGUID', async () => {
    const byAddress = await find('address', 'carol.alias@LOCKSTEP.test');
    expect(byAddress.steps).toEqual(['connect passed', 'find passed', 'read passed']);
    const entry = byAddress.pages[0]?.entries[0];
    expect(entry?.dn).toBe(person('Carol Clarke'));
    expect(byAddress.pages.map(({ last }) => last)).toEqual([true]);
    for (const other of [await find('dn', person('Carol Clarke')), await find('guid', entry?.guid ?? '')]) expect(other.pages).toEqual(byAddress.pages);
  });

  test('a group comes with its members', async () => {
    const { pages, details } = await find('dn', group('All Staff'));
    expect(pages.flatMap(({ members }) => members).map(({ last, dns: names }) => [last, names.length])).toEqual([[true, 4]]);
    expect(details).toContain('4 members');
  });

  test.each([
    ['address', 'nobody (at all)*@lockstep.test', 'directory.object-not-found'],
    ['dn', 'CN=Nobody,DC=corp,DC=lockstep,DC=test', 'directory.object-not-found'],
    ['dn', 'rubbish', 'directory.base-invalid'],
    ['guid', '00000000-0000-4000-8000-000000000000', 'directory.object-not-found'],
  ] as const)('by the %s %s is not found, and nothing is read', async (by, value, code) => {
    const { steps, pages } = await find(by, value);
    expect(steps).toEqual(['connect passed', `find failed ${code}`]);
    expect(pages).toEqual([]);
  });

  test('one that was deleted is said to be, and one of two is asked for by name', async () => {
    const [first, second] = [person('Twin A'), person('Twin B')];
    for (const [index, dn] of [first, second].entries()) await admin.create(dn, { objectClass: 'user', sAMAccountName: `twin-${index}`, mail: 'twin@lockstep.test' });
    const twins = await find('address', 'twin@lockstep.test');
    expect(twins.steps.at(-1)).toBe('find failed directory.object-ambiguous');
    expect(twins.details).toContain(first);
    expect(twins.details).toContain(second);
    const guid = (await find('dn', first)).pages[0]?.entries[0]?.guid ?? '';
    await admin.remove(first);
    const gone = await find('guid', guid);
    expect(gone.steps.at(-1)).toBe('find failed directory.object-not-found');
    expect(gone.details).toContain('It was deleted');
    await admin.remove(second);
  });
});

describeIf('what a reading and a test say of the forest', () => {
  test('the domains, by their crossRef objects', async () => {
    const own = { dn: dc.baseDn, dnsName: dc.dnsName, netbiosName: 'CORP', parentDn: null, own: true };
    const { domains } = await createLdapSource(options()).test(never);
    expect(domains).toEqual([own]);
    const pages = (await readDirectory(options())).pages;
    expect(pages.flatMap((page) => ('findings' in page ? [page.findings] : []))).toEqual([
      { domains: [own], references: expect.arrayContaining([expect.stringContaining('CN=Configuration')]) as string[] },
    ]);
  });

  test.each([
    ['sync', 'a deletion is noticed with the other changes'],
    ['read', 'may not read deleted objects'],
  ] as const)('a test as svc-%s says how changes and deletions are told', async (account, sentence) => {
    const { steps } = await createLdapSource(options(dc.accounts[account])).test(never);
    const detail = (name: string) => steps.find(({ step }) => step === name);
    expect(detail('change-tracking')).toMatchObject({ outcome: 'passed', detail: 'Changes are told by DirSync.' });
    expect(detail('deleted-objects')?.detail).toContain(sentence);
  });
});
