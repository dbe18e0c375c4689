import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { inspect } from 'node:util';
import type { LdapTimeouts } from '../../src/directory/ldap-connection.ts';
import type { SessionOptions } from '../../src/directory/ldap-session.ts';
import type { Fault } from '../../src/sample/directory/faults.ts';
import type { DirectoryObject } from '../../src/sample/directory/model.ts';
import { type SampleDirectory, startSampleDirectory } from '../../src/sample/directory/server.ts';
import type { DirectorySettings } from '../../src/shared/directory.ts';
import { makeAuthority, makeCertificate } from '../lab/certificates.ts';
import { labFolder, until } from '../lab/component.ts';
import { entriesOf, gaveLastPage, membersOf, readDirectory, testSteps } from './directory-reading.ts';

const PEOPLE = 1203;
const MEMBERS = 3200;
/** With three groups, an account, five containers and the domain itself. */
const OBJECTS = PEOPLE + 11;
const dnsName = 'faults.example.test';
const baseDn = 'DC=faults,DC=example,DC=test';
const password = 'S3cret of svc';
const patient: LdapTimeouts = { connectMs: 5000, silenceMs: 20_000 };
const impatient: LdapTimeouts = { connectMs: 300, silenceMs: 300 };

const guid = (name: string): Buffer => createHash('sha256').update(name).digest().subarray(0, 16);
const personDn = (index: number): string => `CN=Person ${index},OU=${index % 2 === 0 ? 'East' : 'West'},OU=People,${baseDn}`;
const person = (index: number): DirectoryObject => ({
  dn: personDn(index),
  attributes: {
    objectClass: ['top', 'person', 'organizationalPerson', 'user'],
    objectGUID: guid(`person ${index}`),
    cn: `Person ${index}`,
    displayName: `Person Nº ${index}`,
    sAMAccountName: `person${index}`,
    mail: `person${index}@faults.example`,
    proxyAddresses: [`SMTP:person${index}@faults.example`, `smtp:p${index}@faults.example`],
    userAccountControl: '512',
  },
});
const groupDn = (name: string): string => `CN=${name},OU=Groups,${baseDn}`;
const group = (name: string, members: readonly string[]): DirectoryObject => ({
  dn: groupDn(name),
  attributes: {
    objectClass: ['top', 'group'],
    objectGUID: guid(`group ${name}`),
    cn: name,
    sAMAccountName: name,
    groupType: '8',
    ...(members.length === 0 ? {} : { member: members }),
  },
});
const container = (dn: string): DirectoryObject => ({ dn, attributes: { objectClass: ['top', 'organizationalUnit'], objectGUID: guid(dn) } });
const account = (name: string): DirectoryObject => ({
  dn: `CN=${name},OU=Service,${baseDn}`,
  attributes: {
    objectClass: ['top', 'person', 'organizationalPerson', 'user'], objectGUID: guid(name), cn: name, sAMAccountName: name,
    userPrincipalName: `${name}@${dnsName}`, userAccountControl: '512',
  },
});

function* objects(): Generator<DirectoryObject> {
  for (const dn of ['OU=People,', 'OU=East,OU=People,', 'OU=West,OU=People,', 'OU=Groups,', 'OU=Service,']) yield container(dn + baseDn);
  yield account('svc');
  for (let index = 0; index < PEOPLE; index++) yield person(index);
  yield group('Everybody', Array.from({ length: MEMBERS }, (_, index) => personDn(index)));
  yield group('Few', [personDn(1), personDn(2)]);
  yield group('Nobody', []);
}
const model = () => ({ dnsName, netbiosName: 'FAULTS', objects: objects(), passwords: { svc: password } });

let folder: string;
let pem: { key: string; cert: string; caPem: string; otherCa: string; expired: { key: string; cert: string } };
let directory: SampleDirectory;

beforeAll(async () => {
  folder = await mkdtemp(`${labFolder()}/faults-`);
  const inside = async (name: string) => mkdtemp(`${folder}/${name}-`);
  const [authority, other, server, expired] = [await inside('ca'), await inside('other'), await inside('server'), await inside('expired')];
  await makeAuthority(authority);
  await makeAuthority(other, 'Some other CA');
  await makeCertificate(authority, server, { dns: [`dc1.${dnsName}`], ip: '127.0.0.1' });
  await makeCertificate(authority, expired, { dns: [`dc1.${dnsName}`], ip: '127.0.0.1' }, { expired: true });
  const read = (file: string) => readFile(file, 'utf8');
  pem = {
    key: await read(`${server}/key.pem`), cert: await read(`${server}/cert.pem`), caPem: await read(`${authority}/ca.pem`), otherCa: await read(`${other}/ca.pem`),
    expired: { key: await read(`${expired}/key.pem`), cert: await read(`${expired}/cert.pem`) },
  };
  directory = await startSampleDirectory({ model: model() });
});
afterEach(() => directory.faults.clear());
afterAll(async () => {
  await directory.close();
  await rm(folder, { recursive: true });
});

/** Without a host: it is looked for in DNS. */
const unnamed: DirectorySettings = { security: 'plain', account: `svc@${dnsName}`, acknowledgeDisabled: true };
const settings = (overrides: Partial<DirectorySettings> = {}): DirectorySettings => ({
  ...unnamed, host: directory.host, port: directory.port, ...overrides,
});
const options = (overrides: Partial<DirectorySettings> = {}, more: Partial<SessionOptions> = {}): SessionOptions => ({
  settings: settings(overrides), password, timeouts: patient, ...more,
});

describe('a full reading', () => {
  test('gives every object once, every member in order of parts, and one last page', async () => {
    const reading = await readDirectory(options());
    expect(reading.verdict).toBe('complete');
    expect(reading.pages.filter(({ last }) => last)).toHaveLength(1);
    const names = entriesOf(reading).flatMap(({ attributes }) => attributes['cn'] ?? []);
    expect(names.filter((name) => name.startsWith('Person'))).toHaveLength(PEOPLE);
    expect(new Set(names).size).toBe(names.length);
    const lists = new Map([...membersOf(reading)].map(([id, dns]) => [entriesOf(reading).find((entry) => entry.guid === id)?.attributes['cn']?.[0], dns]));
    expect(lists.get('Everybody')).toEqual(expect.arrayContaining([personDn(0), personDn(1499), personDn(1500), personDn(MEMBERS - 1)]));
    expect(new Set(lists.get('Everybody')).size).toBe(MEMBERS);
    expect(lists.get('Few')?.toSorted()).toEqual([personDn(1), personDn(2)]);
    expect(lists.get('Nobody')).toEqual([]);
    expect(reading.pages.at(-1)).toMatchObject({ watermark: { dnsHostName: expect.stringContaining(dnsName) as string, usn: expect.stringMatching(/^\d+$/) as string } });
  });

  test('has no page of more than 500 entries, and no attribute that has a field of its own', async () => {
    const reading = await readDirectory(options());
    expect(Math.max(...reading.pages.map(({ entries }) => entries.length))).toBeLessThanOrEqual(500);
    expect(entriesOf(reading).some(({ attributes }) => 'member' in attributes || 'objectGUID' in attributes)).toBe(false);
  });

  test('takes the whole naming context by class, whatever bases and filter say: the platform decides by them', async () => {
    const narrow = { searchBases: [`OU=East,OU=People,${baseDn}`, `ou=groups,${baseDn}`], filter: '(|(cn=Person 7)(employeeType=x))' };
    for (const settings of [{}, narrow]) {
      const dns = entriesOf(await readDirectory(options(settings))).map(({ dn }) => dn);
      expect(dns).toHaveLength(OBJECTS);
      expect(dns).toEqual(expect.arrayContaining([personDn(7), personDn(8), groupDn('Few'), `OU=East,OU=People,${baseDn}`, baseDn]));
    }
  });

  test('reads extra attributes, and those that the filter asks for', async () => {
    const reading = await readDirectory(options({ filter: '(uSNCreated>=1)', extraAttributes: ['distinguishedName', 'whenChanged'] }));
    const seventh = entriesOf(reading).find(({ dn }) => dn === personDn(7));
    expect(seventh?.attributes['uSNCreated']?.[0]).toMatch(/^\d+$/);
    expect(seventh?.attributes['whenChanged']?.[0]).toMatch(/^\d{14}/);
  });

  test('says of each object as of which USN of which controller it is', async () => {
    const reading = await readDirectory(options());
    const last = reading.pages.at(-1);
    expect(entriesOf(reading).every(({ usn }) => /^\d+$/.test(usn ?? ''))).toBe(true);
    const lists = reading.pages.flatMap(({ members }) => members);
    expect(lists.map(({ usn }) => usn)).toEqual(lists.map(({ guid: id }) => entriesOf(reading).find((entry) => entry.guid === id)?.usn));
    expect(new Set(reading.pages.map(({ invocationId }) => invocationId))).toEqual(new Set([last?.watermark?.invocationId]));
  });

  test('cuts pages of large values, and asks for fewer entries then', async () => {
    const large = await startSampleDirectory({
      model: {
        dnsName, netbiosName: 'FAULTS', passwords: { svc: password },
        objects: [account('svc'), ...Array.from({ length: 60 }, (_, index) => ({ dn: person(index).dn, attributes: { ...person(index).attributes, description: 'x'.repeat(200_000) } }))],
      },
    });
    try {
      const reading = await readDirectory(options({ port: large.port }));
      expect(reading.verdict).toBe('complete');
      expect(entriesOf(reading).filter(({ attributes }) => attributes['description']?.[0]?.length === 200_000)).toHaveLength(60);
      for (const page of reading.pages) expect(JSON.stringify(page).length).toBeLessThan(4.5 * 1024 * 1024);
    } finally {
      await large.close();
    }
  });

  test('goes on after an empty page with a cookie', async () => {
    for (const page of [1, 2, 3]) {
      directory.faults.clear();
      directory.faults.inject({ kind: 'empty-page', page }, 1);
      const reading = await readDirectory(options());
      expect(directory.faults.occurred('empty-page')).toBeGreaterThan(0);
      expect(reading.verdict).toBe('complete');
      expect(entriesOf(reading).filter(({ dn }) => dn.startsWith('CN=Person'))).toHaveLength(PEOPLE);
    }
  });

  test('records an undecodable value and an object without objectGUID, and goes on', async () => {
    directory.faults.inject({ kind: 'undecodable', dn: personDn(3), attribute: 'displayName' });
    directory.faults.inject({ kind: 'no-guid', dn: personDn(4) });
    const reading = await readDirectory(options());
    expect(reading.verdict).toBe('complete');
    expect(reading.pages.flatMap(({ problems }) => problems).map(({ code, subject }) => ({ code, subject })).toSorted((a, b) => a.code.localeCompare(b.code))).toEqual([
      { code: 'directory.entry-without-guid', subject: personDn(4) },
      { code: 'directory.value-unreadable', subject: personDn(3) },
    ]);
    const third = entriesOf(reading).find(({ dn }) => dn === personDn(3));
    expect(third?.attributes['cn']).toEqual(['Person 3']);
    expect(third?.attributes['displayName']).toBeUndefined();
    expect(entriesOf(reading).some(({ dn }) => dn === personDn(4))).toBe(false);
  });

  test('a group that goes away while its members are read is a problem of its own', async () => {
    directory.faults.inject({ kind: 'result', at: 'group', code: 32 }, 1);
    const reading = await readDirectory(options());
    expect(reading.verdict).toBe('complete');
    expect(reading.pages.flatMap(({ problems }) => problems)).toMatchObject([{ code: 'directory.values-incomplete', subject: groupDn('Everybody') }]);
    expect(membersOf(reading).size).toBeGreaterThan(0);
    expect([...membersOf(reading).values()].some((dns) => dns.length >= 1500)).toBe(false);
  });

  test('a reading that is given up ends its connection and leaves none behind', async () => {
    const stop = new AbortController();
    directory.faults.inject({ kind: 'hang', at: { page: 2 } });
    const reading = readDirectory(options(), stop.signal);
    await until('the server hangs', async () => directory.faults.occurred('hang') > 0);
    stop.abort(new Error('given up'));
    expect((await reading).verdict).toContain('given up');
    expect(gaveLastPage(await reading)).toBe(false);
    await until('the connection has ended', async () => directory.connections() === 0);
  });
});

describe('a failed reading says why, and never gives a last page', () => {
  const faults: readonly [string, Fault, string, LdapTimeouts?][] = [
    ['a connection that is cut at once', { kind: 'cut', at: 'connect' }, 'Unavailable ldap.connection-lost'],
    ['a connection that is cut at the bind', { kind: 'cut', at: 'bind' }, 'Unavailable ldap.connection-lost'],
    ['a connection that is cut in the first page', { kind: 'cut', at: { page: 1 } }, 'Unavailable ldap.connection-lost'],
    ['a connection that is cut in a later page', { kind: 'cut', at: { page: 2 } }, 'Unavailable ldap.connection-lost'],
    ['a connection that is cut while members are read', { kind: 'cut', at: 'group' }, 'Unavailable ldap.connection-lost'],
    ['a server that accepts and says nothing', { kind: 'hang', at: 'connect' }, 'Unavailable ldap.no-answer', impatient],
    ['a server that hangs at the bind', { kind: 'hang', at: 'bind' }, 'Unavailable ldap.no-answer', impatient],
    ['a server that hangs at the rootDSE', { kind: 'hang', at: 'rootdse' }, 'Unavailable ldap.no-answer', impatient],
    ['a server that hangs in a page', { kind: 'hang', at: { page: 2 } }, 'Unavailable ldap.no-answer', { connectMs: 5000, silenceMs: 1500 }],
    ['a server that is busy', { kind: 'result', at: { page: 2 }, code: 51 }, 'Unavailable ldap.busy'],
    ['a server that shuts down', { kind: 'result', at: 'bind', code: 52 }, 'Unavailable ldap.unavailable'],
    ['a server that forgot the cookie', { kind: 'result', at: { page: 2 }, code: 53 }, 'CursorInvalid ldap.paging-lost'],
    ['a server that gives up on time', { kind: 'result', at: { page: 1 }, code: 3 }, 'Unavailable ldap.time-limit'],
    ['a server that gives only a part', { kind: 'result', at: { page: 1 }, code: 4 }, 'ConfigInvalid ldap.size-limit'],
    ['a lost sign-in', { kind: 'result', at: { page: 2 }, code: 1 }, 'Unavailable ldap.operations-error'],
    ['missing rights', { kind: 'result', at: { page: 1 }, code: 50 }, 'ConfigInvalid ldap.insufficient-rights'],
    ['a base of another domain', { kind: 'result', at: { page: 1 }, code: 10 }, 'ConfigInvalid directory.base-elsewhere'],
    ['a server that is not Active Directory', { kind: 'not-ad' }, 'ConfigInvalid directory.not-active-directory'],
    ['a directory that shows nothing', { kind: 'truncate', objects: 0 }, 'ConfigInvalid directory.nothing-found'],
    ['a wrong password', { kind: 'refuse-bind', reason: 'wrong-password' }, 'AuthRejected ldap.invalid-credentials'],
    ['a disabled account', { kind: 'refuse-bind', reason: 'account-disabled' }, 'AuthRejected ldap.account-disabled'],
    ['a locked account', { kind: 'refuse-bind', reason: 'account-locked' }, 'AuthRejected ldap.account-locked'],
    ['an expired account', { kind: 'refuse-bind', reason: 'account-expired' }, 'AuthRejected ldap.account-expired'],
    ['an expired password', { kind: 'refuse-bind', reason: 'password-expired' }, 'AuthRejected ldap.password-expired'],
    ['a password that must be changed', { kind: 'refuse-bind', reason: 'must-change-password' }, 'AuthRejected ldap.password-must-change'],
  ];
  test.each(faults)('%s', async (_, fault, verdict, timeouts = patient) => {
    directory.faults.inject(fault);
    const reading = await readDirectory(options({}, { timeouts }));
    expect(reading.verdict).toBe(verdict);
    expect(gaveLastPage(reading)).toBe(false);
    expect(inspect(reading.error, { depth: 9 })).not.toContain(password);
    await until('the connection has ended', async () => directory.connections() === 0);
  });

  const settingsCases: readonly [string, () => SessionOptions, string][] = [
    ['a password that is really wrong', () => options({}, { password: 'wrong' }), 'AuthRejected ldap.invalid-credentials'],
    ['an empty password, which would be anonymous', () => options({}, { password: '' }), 'AuthRejected directory.credential-empty'],
    ['a port that nobody listens on', () => options({ port: 1 }), 'Unavailable ldap.refused'],
    ['a host that nobody knows', () => options({ host: 'dc1.no-such-domain.invalid' }), 'ConfigInvalid ldap.host-not-found'],
    ['a base that does not exist', () => options({ baseDn: `OU=Nope,${baseDn}` }), 'ConfigInvalid directory.base-missing'],
    ['a search base that does not exist, after one that does', () => options({ searchBases: [`OU=People,${baseDn}`, `OU=Nope,${baseDn}`] }), 'ConfigInvalid directory.base-missing'],
    ['a base that is no name', () => options({ baseDn: 'rubbish' }), 'ConfigInvalid directory.base-invalid'],
  ];
  test.each(settingsCases)('%s', async (_, given, verdict) => {
    const reading = await readDirectory(given());
    expect(reading.verdict).toBe(verdict);
    expect(gaveLastPage(reading)).toBe(false);
  });

  test('a bad filter is found before the server is asked anything', async () => {
    directory.faults.inject({ kind: 'cut', at: 'connect' });
    const before = directory.faults.occurred('cut');
    expect((await readDirectory(options({ filter: '(cn=a' }))).verdict).toBe('ConfigInvalid directory.filter-invalid');
    expect(directory.faults.occurred('cut')).toBe(before);
  });

  test('a missing base names the part of it that exists', async () => {
    const { error } = await readDirectory(options({ baseDn: `OU=Nope,OU=People,${baseDn}` }));
    expect(String(error)).toContain(`what exists is "OU=People,${baseDn}"`);
  });
});

describe('TLS', () => {
  const withServer = async (tls: { mode: 'ldaps' | 'starttls'; key: string; cert: string } | undefined, requireTls: boolean, run: (port: number) => Promise<void>) => {
    const server = await startSampleDirectory({ model: model(), requireTls, ...(tls === undefined ? {} : { tls }) });
    try {
      await run(server.port);
      await until('every connection has ended', async () => server.connections() === 0);
    } finally {
      await server.close();
    }
  };
  const lookup: NonNullable<NonNullable<SessionOptions['resolver']>['lookup']> = (_, { all }, callback) =>
    all === true ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);

  test.each(['ldaps', 'starttls'] as const)('%s with an authority of one’s own reads everything', async (mode) => {
    await withServer({ mode, key: pem.key, cert: pem.cert }, true, async (port) => {
      const reading = await readDirectory(options({ port, security: mode, caPem: pem.caPem }));
      expect(reading.verdict).toBe('complete');
      expect(entriesOf(reading).length).toBe(OBJECTS);
    });
  });

  test.each(['ldaps', 'starttls'] as const)('%s refuses a certificate that is untrusted, expired, or for another name', async (mode) => {
    await withServer({ mode, key: pem.key, cert: pem.cert }, true, async (port) => {
      const at = { port, security: mode };
      expect((await readDirectory(options({ ...at, caPem: pem.otherCa }))).verdict).toBe('ConfigInvalid ldap.certificate-untrusted');
      expect((await readDirectory(options(at))).verdict).toBe('ConfigInvalid ldap.certificate-untrusted');
      expect((await readDirectory(options({ ...at, caPem: 'no certificate' }))).verdict).toBe('ConfigInvalid directory.ca-invalid');
      const resolver = { resolveSrv: async () => [], lookup };
      expect((await readDirectory(options({ ...at, caPem: pem.caPem, host: `dc2.${dnsName}` }, { resolver }))).verdict).toBe('ConfigInvalid ldap.certificate-name');
    });
    await withServer({ mode, key: pem.expired.key, cert: pem.expired.cert }, true, async (port) => {
      expect((await readDirectory(options({ port, security: mode, caPem: pem.caPem }))).verdict).toBe('ConfigInvalid ldap.certificate-expired');
    });
  });

  test('a controller found by DNS is verified by its own name', async () => {
    await withServer({ mode: 'ldaps', key: pem.key, cert: pem.cert }, true, async (port) => {
      const found = (name: string): SessionOptions => {
        return { settings: { ...unnamed, port, security: 'ldaps', caPem: pem.caPem }, password, timeouts: patient, resolver: { resolveSrv: async () => [{ name, port: 389, priority: 0, weight: 0 }], lookup } };
      };
      expect((await readDirectory(found(`dc1.${dnsName}`))).verdict).toBe('complete');
      expect((await readDirectory(found(`dc2.${dnsName}`))).verdict).toBe('ConfigInvalid ldap.certificate-name');
      expect((await testSteps(found(`dc1.${dnsName}`)))[0]).toBe('resolve passed');
    });
  });

  test('the next controller is tried when the first one is down', async () => {
    await withServer(undefined, false, async (port) => {
      const only = (address: string) => [{ address, family: 4 }];
      const reading = await readDirectory({
        settings: { ...unnamed, port }, password, timeouts: patient,
        resolver: {
          resolveSrv: async () => [{ name: `down.${dnsName}`, port: 389, priority: 0, weight: 0 }, { name: `up.${dnsName}`, port: 389, priority: 1, weight: 0 }],
          lookup: (host, _options, callback) => callback(null, only(host.startsWith('down') ? '127.0.0.99' : '127.0.0.1')),
        },
      });
      expect(reading.verdict).toBe('complete');
    });
  });

  test('a controller that demands protection says so', async () => {
    await withServer(undefined, true, async (port) => {
      expect((await readDirectory(options({ port }))).verdict).toBe('ConfigInvalid ldap.strong-auth-required');
    });
  });

  test('StartTLS where there is no certificate, and LDAPS on the plain port, are clear', async () => {
    expect((await readDirectory(options({ security: 'starttls', caPem: pem.caPem }))).verdict).toBe('ConfigInvalid ldap.starttls-unavailable');
    expect((await readDirectory(options({ security: 'ldaps', caPem: pem.caPem }))).verdict).toBe('Unavailable ldap.tls-closed');
  });
});

describe('a test of the connection', () => {
  test('passes every step, and says what it found', async () => {
    expect(await testSteps(options())).toEqual([
      'resolve passed', 'connect passed', 'tls passed', 'bind passed', 'rootdse passed', 'base-dn passed', 'read-person passed', 'read-group passed',
      'change-tracking passed', 'deleted-objects passed',
    ]);
    await until('the connection has ended', async () => directory.connections() === 0);
  });

  const skipped = (...steps: string[]) => steps.map((step) => `${step} skipped`);
  const tracking = ['change-tracking', 'deleted-objects'];
  const failures: readonly [string, () => SessionOptions, string[]][] = [
    ['an unknown host', () => options({ host: 'dc1.no-such-domain.invalid' }), ['resolve failed ldap.host-not-found', ...skipped('connect', 'tls', 'bind', 'rootdse', 'base-dn', 'read-person', 'read-group', ...tracking)]],
    ['a refused port', () => options({ port: 1 }), ['resolve passed', 'connect failed ldap.refused', ...skipped('tls', 'bind', 'rootdse', 'base-dn', 'read-person', 'read-group', ...tracking)]],
    ['no certificate', () => options({ security: 'starttls' }), ['resolve passed', 'connect passed', 'tls failed ldap.starttls-unavailable', ...skipped('bind', 'rootdse', 'base-dn', 'read-person', 'read-group', ...tracking)]],
    ['a wrong password', () => options({}, { password: 'wrong' }), ['resolve passed', 'connect passed', 'tls passed', 'bind failed ldap.invalid-credentials', ...skipped('rootdse', 'base-dn', 'read-person', 'read-group', ...tracking)]],
    ['a missing base', () => options({ baseDn: `OU=Nope,${baseDn}` }), ['resolve passed', 'connect passed', 'tls passed', 'bind passed', 'rootdse passed', 'base-dn failed directory.base-missing', ...skipped('read-person', 'read-group', ...tracking)]],
    ['nobody to be found', () => options({ baseDn: `OU=Groups,${baseDn}` }), ['resolve passed', 'connect passed', 'tls passed', 'bind passed', 'rootdse passed', 'base-dn passed', 'read-person failed directory.no-person', ...skipped('read-group', ...tracking)]],
    ['no group to be found', () => options({ baseDn: `OU=People,${baseDn}` }), ['resolve passed', 'connect passed', 'tls passed', 'bind passed', 'rootdse passed', 'base-dn passed', 'read-person passed', 'read-group failed directory.no-group', ...skipped(...tracking)]],
  ];
  test.each(failures)('stops at the step that shows %s', async (_, given, steps) => expect(await testSteps(given())).toEqual(steps));

  test('finds a person behind empty pages', async () => {
    directory.faults.inject({ kind: 'empty-page', page: 1 }, 1);
    expect(await testSteps(options())).toContain('read-person passed');
  });
});
