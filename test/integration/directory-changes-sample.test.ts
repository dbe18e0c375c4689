/** Changes by DirSync and by USN where a real controller cannot be brought to it: rounds, refusals, replaced and restored servers. */
import fc from 'fast-check';
import type { ChangeFeed, ChangeStep } from '../../src/directory/directory-source.ts';
import type { SessionOptions } from '../../src/directory/ldap-session.ts';
import { createLdapSource } from '../../src/directory/ldap-source.ts';
import { guidText } from '../../src/directory/object-guid.ts';
import type { DirectoryObject } from '../../src/sample/directory/model.ts';
import { type SampleDirectory, type SampleDirectoryOptions, startSampleDirectory } from '../../src/sample/directory/server.ts';
import type { DirectoryChangesPage, DirectoryEntry, DirectoryPage, DirectoryWatermark } from '../../src/shared/directory.ts';
import { entriesOf, membersOf, readDirectory } from './directory-reading.ts';

const dnsName = 'changes.example.test';
const baseDn = 'DC=changes,DC=example,DC=test';
const never = new AbortController().signal;
const units = ['A', 'B'];
const account = (name: string): DirectoryObject => ({
  dn: `CN=${name},OU=Service,${baseDn}`,
  attributes: { objectClass: ['top', 'person', 'organizationalPerson', 'user'], sAMAccountName: name, userPrincipalName: `${name}@${dnsName}`, userAccountControl: '512' },
});
const unit = (dn: string): DirectoryObject => ({ dn, attributes: { objectClass: ['top', 'organizationalUnit'] } });
const person = (index: number, ou = units[index % 2] ?? 'A'): DirectoryObject => ({
  dn: `CN=Person ${index},OU=${ou},${baseDn}`,
  attributes: { objectClass: ['top', 'person', 'organizationalPerson', 'user'], sAMAccountName: `person${index}`, mail: `person${index}@changes.example`, title: 'Engineer' },
});
const group = (index: number, members: readonly string[] = []): DirectoryObject => ({
  dn: `CN=Group ${index},OU=Groups,${baseDn}`,
  attributes: { objectClass: ['top', 'group'], sAMAccountName: `group${index}`, groupType: '8', ...(members.length === 0 ? {} : { member: members }) },
});

const PEOPLE = 8;
const start = (options: Partial<SampleDirectoryOptions> = {}, people = PEOPLE): Promise<SampleDirectory> =>
  startSampleDirectory({
    model: {
      dnsName, netbiosName: 'CHANGES', passwords: { svc: 'secret' },
      objects: [
        unit(`OU=Service,${baseDn}`), unit(`OU=Groups,${baseDn}`), ...units.map((name) => unit(`OU=${name},${baseDn}`)), account('svc'),
        ...Array.from({ length: people }, (_, index) => person(index)), group(0, [person(0).dn, person(1).dn]), group(1),
      ],
    },
    ...options,
  });
let directory: SampleDirectory | undefined;
afterEach(async () => {
  await directory?.close();
  directory = undefined;
});
const options = (server: SampleDirectory): SessionOptions => ({
  settings: { security: 'plain', host: server.host, port: server.port, account: `svc@${dnsName}`, acknowledgeDisabled: true },
  password: 'secret', timeouts: { connectMs: 5000, silenceMs: 5000 },
});

type Method = DirectoryWatermark['method'];
async function fullReading(server: SampleDirectory) {
  const reading = await readDirectory(options(server));
  if (reading.verdict !== 'complete') throw new Error(reading.verdict);
  return reading;
}
const watermarkOf = (pages: readonly DirectoryPage[], method: Method): DirectoryWatermark => {
  const found = pages.at(-1)?.watermark;
  if (found === undefined) throw new Error('no watermark');
  const { dnsHostName, invocationId, usn = '0' } = found;
  return method === 'usn' ? { method, dnsHostName, invocationId, usn } : found;
};
const open = (server: SampleDirectory): ChangeFeed => createLdapSource(options(server)).changes(never);
async function pollSteps(feed: ChangeFeed, from: DirectoryWatermark): Promise<readonly ChangeStep[]> {
  const steps: ChangeStep[] = [];
  for await (const step of feed.poll(from)) steps.push(step);
  return steps;
}

/** The platform in a nutshell: objects by GUID, names derived from parents, memberships by GUID. */
class Platform {
  readonly objects = new Map<string, DirectoryEntry>();
  readonly members = new Map<string, Map<string, string>>();

  read(pages: readonly DirectoryPage[]): void {
    for (const entry of pages.flatMap(({ entries }) => entries)) this.objects.set(entry.guid, entry);
    for (const { guid, dns } of pages.flatMap(({ members }) => members)) this.#join(guid, dns.map((dn) => ({ dn })));
  }

  apply({ entries, members, changes }: DirectoryChangesPage): void {
    for (const entry of entries) this.objects.set(entry.guid, entry);
    for (const { guid } of members) this.members.delete(guid);
    for (const { guid, dns } of members) this.#join(guid, dns.map((dn) => ({ dn })));
    for (const change of changes) {
      if (change.deleted) this.objects.delete(change.guid);
      for (const { dn, guid } of change.memberRemoved) this.members.get(change.guid)?.delete(guid ?? this.#guidOf(dn));
      this.#join(change.guid, change.memberAdded);
    }
  }

  /** What a full reading would show. */
  state() {
    const members: Record<string, readonly string[]> = {};
    for (const [guid, list] of this.members) {
      const present = [...list.keys()].filter((member) => this.objects.has(member)).toSorted();
      if (this.objects.has(guid) && present.length > 0) members[guid] = present;
    }
    return { objects: Object.fromEntries([...this.objects.values()].map((entry) => [this.#dnOf(entry), entry.attributes])), members };
  }

  #join(group: string, members: readonly { readonly dn: string; readonly guid?: string }[]): void {
    const list = this.members.get(group) ?? new Map<string, string>();
    this.members.set(group, list);
    for (const { dn, guid } of members) list.set(guid ?? this.#guidOf(dn), dn);
  }

  #guidOf(dn: string): string {
    for (const entry of this.objects.values()) if (this.#dnOf(entry) === dn) return entry.guid;
    throw new Error(`a member that nobody knows: ${dn}`);
  }

  #dnOf({ dn, attributes }: DirectoryEntry): string {
    const parent = this.objects.get(attributes['parentGUID']?.[0] ?? '');
    if (parent === undefined) return dn;
    const [rdn = ''] = dn.split(',');
    return `${rdn},${this.#dnOf(parent)}`;
  }
}

const edit = fc.oneof(
  fc.record({ kind: fc.constant('title' as const), person: fc.nat(PEOPLE - 1), title: fc.constantFrom('Engineer', 'Manager', '') }),
  fc.record({ kind: fc.constant('join' as const), person: fc.nat(PEOPLE - 1), group: fc.nat(1) }),
  fc.record({ kind: fc.constant('leave' as const), person: fc.nat(PEOPLE - 1), group: fc.nat(1) }),
  fc.record({ kind: fc.constant('move' as const), person: fc.nat(PEOPLE - 1), name: fc.constantFrom('', ' renamed') }),
  fc.record({ kind: fc.constant('move-unit' as const) }),
  fc.record({ kind: fc.constant('delete' as const), person: fc.nat(PEOPLE - 1) }),
  fc.record({ kind: fc.constant('create' as const), person: fc.nat(PEOPLE - 1) }),
  fc.record({ kind: fc.constant('poll' as const) }),
);
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** Does to the directory what the edit says, if it can be done. */
function make(server: SampleDirectory, change: Edit): void {
  const find = (name: string) => [...server.objects()].find(({ attributes }) => attributes['sAMAccountName'] === name)?.dn;
  const one = 'person' in change ? find(`person${change.person}`) : undefined;
  switch (change.kind) {
    case 'title':
      if (one !== undefined) server.modify(one, { title: change.title === '' ? [] : change.title });
      break;
    case 'join':
    case 'leave':
      if (one !== undefined) server[change.kind === 'join' ? 'addValues' : 'removeValues'](group(change.group).dn, { member: [one] });
      break;
    case 'move': {
      const where = one?.includes('OU=A,') === true ? 'B' : 'A';
      const unitDn = [...server.objects()].find(({ dn }) => dn.startsWith(`OU=${where},`))?.dn;
      if (one !== undefined && unitDn !== undefined) server.move(one, `CN=Person ${change.person}${change.name},${unitDn}`);
      break;
    }
    case 'move-unit': {
      const dn = [...server.objects()].find((object) => object.dn.startsWith('OU=B,'))?.dn ?? '';
      server.move(dn, dn === `OU=B,${baseDn}` ? `OU=B,OU=Groups,${baseDn}` : `OU=B,${baseDn}`);
      break;
    }
    case 'delete':
      if (one !== undefined) server.remove(one);
      break;
    case 'create':
      if (one === undefined) server.put(person(change.person, 'A'));
      break;
    case 'poll':
      break;
  }
}

describe.each<Method>(['dirsync', 'usn'])('any changes, told by %s in rounds of any size', (method) => {
  test('end in what a full reading shows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 25 }), fc.integer({ min: 1, max: 6 }), async (edits, maxDirSyncObjects) => {
        const server = await start({ limits: { maxDirSyncObjects } });
        const feed = open(server);
        try {
          server.grant('svc', { readDeleted: true });
          const platform = new Platform();
          const { pages } = await fullReading(server);
          platform.read(pages);
          let watermark = watermarkOf(pages, method);
          for (const change of [...edits, { kind: 'poll' as const }]) {
            make(server, change);
            if (change.kind !== 'poll') continue;
            for (const step of await pollSteps(feed, watermark)) {
              if (step.outcome === 'needs-full') throw new Error(step.detail);
              platform.apply(step.page);
              ({ watermark } = step.page);
            }
          }
          const now = await fullReading(server);
          const byDn = new Map(entriesOf(now).map(({ dn, guid }) => [dn, guid]));
          expect(platform.state()).toEqual({
            objects: Object.fromEntries(entriesOf(now).map(({ dn, attributes }) => [dn, attributes])),
            members: Object.fromEntries([...membersOf(now)].filter(([, list]) => list.length > 0).map(([guid, list]) => [guid, list.map((dn) => byDn.get(dn) ?? '').toSorted()])),
          });
        } finally {
          feed.close();
          await server.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('rounds', () => {
  test('each round ends with a watermark that leads on, also after the connection was lost in the next', async () => {
    const server = (directory = await start({ limits: { maxDirSyncObjects: 3 } }, 30));
    const watermark = watermarkOf((await fullReading(server)).pages, 'dirsync');
    for (let index = 0; index < 20; index++) server.modify(person(index).dn, { title: `Changed ${index}` });
    const feed = open(server);
    const told = new Set<string>();
    let here = watermark;
    let failures = 0;
    for (let polls = 0; polls < 50; polls++) {
      // Each poll gets through one round.
      server.faults.clear();
      let rounds = 0;
      try {
        for await (const step of feed.poll(here)) {
          if (step.outcome === 'needs-full') throw new Error(step.detail);
          for (const { dn } of step.page.entries) told.add(dn);
          here = step.page.watermark;
          rounds += 1;
          if (rounds === 1) server.faults.inject({ kind: 'cut', at: 'dirsync' });
        }
      } catch (error) {
        expect(error).toMatchObject({ class: 'Unavailable', code: 'ldap.connection-lost' });
        failures += 1;
        continue;
      }
      break;
    }
    feed.close();
    expect(failures).toBeGreaterThan(3);
    expect([...told].toSorted()).toEqual(Array.from({ length: 20 }, (_, index) => person(index).dn).toSorted());
  });

  test('members by the thousand come in bounded pages, and the watermark moves with the last', async () => {
    const count = 20_000;
    const server = (directory = await start({}, count));
    const watermark = watermarkOf((await fullReading(server)).pages, 'dirsync');
    server.addValues(group(1).dn, { member: Array.from({ length: count }, (_, index) => person(index).dn) });
    const feed = open(server);
    const pages = (await pollSteps(feed, watermark)).flatMap((step) => (step.outcome === 'page' ? [step.page] : []));
    feed.close();
    expect(new Set(pages.flatMap(({ changes }) => changes).flatMap(({ memberAdded }) => memberAdded).map(({ guid }) => guid)).size).toBe(count);
    expect(pages.length).toBeGreaterThan(1);
    for (const page of pages) expect(JSON.stringify(page).length).toBeLessThan(4.5 * 1024 * 1024);
    expect(pages.slice(0, -1).every((page) => page.watermark === watermark)).toBe(true);
  });
});

describe('how changes are told is found out by trying', () => {
  const tracking = async (server: SampleDirectory) => (await fullReading(server)).pages.at(-1)?.tracking;

  test('DirSync, and whether deletions are visible', async () => {
    const server = (directory = await start());
    expect(await tracking(server)).toEqual({ method: 'dirsync', reason: '', deletionsVisible: false });
    server.grant('svc', { readDeleted: true });
    expect(await tracking(server)).toEqual({ method: 'dirsync', reason: '', deletionsVisible: true });
  });

  test.each([12, 50, 53])('USNs where DirSync is refused with %i, with the reason', async (code) => {
    const server = (directory = await start());
    server.faults.inject({ kind: 'result', at: 'dirsync', code });
    const { pages } = await fullReading(server);
    expect(pages.at(-1)).toMatchObject({
      tracking: { method: 'usn', reason: expect.stringContaining(`result ${code}`) as string, deletionsVisible: false },
      watermark: { method: 'usn', usn: expect.stringMatching(/^\d+$/) as string },
    });
    const { steps } = await createLdapSource(options(server)).test(never);
    expect(steps.find(({ step }) => step === 'change-tracking')).toMatchObject({ outcome: 'passed', detail: expect.stringContaining('uSNChanged') as string });
  });

  test.each(['uSNChanged', 'invocationId'])('nothing where %s cannot be read either', async (attribute) => {
    const server = (directory = await start());
    server.faults.inject({ kind: 'result', at: 'dirsync', code: 12 });
    server.grant('svc', { unreadable: [attribute] });
    const last = (await fullReading(server)).pages.at(-1);
    expect(last?.tracking).toMatchObject({ method: 'none', reason: expect.stringContaining(attribute) as string });
    expect(last?.watermark).toBeUndefined();
  });

  test('a controller that is busy is no refusal', async () => {
    const server = (directory = await start());
    server.faults.inject({ kind: 'result', at: 'dirsync', code: 51 }, 1);
    expect((await readDirectory(options(server))).verdict).toBe('Unavailable ldap.busy');
  });
});

describe('a full reading is needed', () => {
  const cases: readonly [string, (server: SampleDirectory) => void, string][] = [
    ['a cookie is refused', (server) => server.faults.inject({ kind: 'reject-cookie' }), 'cookie-rejected'],
    ['the right to see changes was taken away', (server) => server.faults.inject({ kind: 'result', at: 'dirsync', code: 50 }), 'sees-less'],
    ['the account no longer sees whose changes they are', (server) => server.grant('svc', { unreadable: ['invocationId'] }), 'sees-less'],
    ['another controller answers', (server) => server.replaceServer(), 'controller-replaced'],
    ['tombstones went that the cookie does not know of', (server) => {
      server.remove(person(0).dn);
      server.expireTombstones();
    }, 'cookie-rejected'],
  ];
  test.each(cases)('when %s', async (_, happen, reason) => {
    const server = (directory = await start());
    const watermark = watermarkOf((await fullReading(server)).pages, 'dirsync');
    happen(server);
    const feed = open(server);
    expect(await pollSteps(feed, watermark)).toMatchObject([{ outcome: 'needs-full', reason, detail: expect.stringMatching(/\.$/) as string }]);
    feed.close();
    await fullReading(server);
  });

  test.each<['kept' | 'new', Method, string]>([
    ['kept', 'dirsync', 'usn-went-back'],
    ['kept', 'usn', 'usn-went-back'],
    ['new', 'dirsync', 'controller-replaced'],
    ['new', 'usn', 'controller-replaced'],
  ])('when the controller was put back (invocationId %s), by %s', async (invocation, method, reason) => {
    const server = (directory = await start());
    const backup = server.backup();
    server.modify(person(0).dn, { title: 'Lost' });
    const watermark = watermarkOf((await fullReading(server)).pages, method);
    server.restore(backup, invocation);
    const feed = open(server);
    expect(await pollSteps(feed, watermark)).toMatchObject([{ outcome: 'needs-full', reason }]);
    feed.close();
  });

  test.each([51, 52])('but not when the controller cannot just now (result %i)', async (code) => {
    const server = (directory = await start());
    const watermark = watermarkOf((await fullReading(server)).pages, 'dirsync');
    server.faults.inject({ kind: 'result', at: 'dirsync', code }, 1);
    const feed = open(server);
    await expect(pollSteps(feed, watermark)).rejects.toMatchObject({ class: 'Unavailable' });
    server.modify(person(0).dn, { title: 'Changed' });
    const steps = await pollSteps(feed, watermark);
    expect(steps).toMatchObject([{ outcome: 'page', page: { entries: [{ dn: person(0).dn }] } }]);
    feed.close();
  });
});

test('a member is told by the GUID of its object, whatever its name is by now', async () => {
  const server = (directory = await start());
  const { pages } = await fullReading(server);
  const guid = pages.flatMap(({ entries }) => entries).find(({ dn }) => dn === person(2).dn)?.guid;
  expect(guid).toBe(guidText(objectGuid(server, person(2).dn)));
  server.addValues(group(0).dn, { member: [person(2).dn] });
  server.move(person(2).dn, `CN=Renamed,OU=B,${baseDn}`);
  const feed = open(server);
  const [step] = await pollSteps(feed, watermarkOf(pages, 'dirsync'));
  feed.close();
  expect(step).toMatchObject({ outcome: 'page', page: { changes: [{ memberAdded: [{ guid, dn: `CN=Renamed,OU=B,${baseDn}` }] }] } });
});

const objectGuid = (server: SampleDirectory, dn: string): Buffer => {
  const value = [...server.objects()].find((object) => object.dn === dn)?.attributes['objectGUID'];
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
};
