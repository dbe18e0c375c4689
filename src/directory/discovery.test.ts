import type { SrvRecord } from 'node:dns';
import fc from 'fast-check';
import type { DirectorySettings } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { controllerEndpoint, findEndpoints, inOrder, type Resolver } from './discovery.ts';

const settings = (overrides: Partial<DirectorySettings> = {}): DirectorySettings => ({
  security: 'ldaps', account: 'svc@corp.example', acknowledgeDisabled: true, ...overrides,
});
const srv = (name: string, priority = 0, weight = 100): SrvRecord => ({ name, port: 389, priority, weight });
const dnsError = (code: string) => Object.assign(new Error(code), { code });
/** A DNS with these services; records asked names. */
const dns = (services: Readonly<Record<string, readonly SrvRecord[] | string>>) => {
  const asked: string[] = [];
  const resolver: Resolver = {
    resolveSrv: async (name) => {
      asked.push(name);
      const answer = services[name] ?? 'ENOTFOUND';
      if (typeof answer === 'string') throw dnsError(answer);
      return [...answer];
    },
  };
  return { resolver, asked };
};
const failure = async (promise: Promise<unknown>) => {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  if (!(error instanceof LockstepError)) throw new Error('expected a LockstepError');
  return `${error.class} ${error.code}`;
};

describe('findEndpoints', () => {
  test('takes the host of the settings and asks no DNS', async () => {
    const { resolver, asked } = dns({});
    expect(await findEndpoints(settings({ host: 'dc9.corp.example', security: 'starttls' }), resolver)).toEqual([
      { host: 'dc9.corp.example', port: 389, security: 'starttls' },
    ]);
    expect(asked).toEqual([]);
  });

  test('finds the domain controllers of the account, with the port of the security and not of DNS', async () => {
    const { resolver } = dns({ '_ldap._tcp.dc._msdcs.corp.example': [srv('dc2.corp.example.', 10), srv('dc1.corp.example', 0)] });
    expect(await findEndpoints(settings(), resolver)).toEqual([
      { host: 'dc1.corp.example', port: 636, security: 'ldaps' },
      { host: 'dc2.corp.example', port: 636, security: 'ldaps' },
    ]);
  });

  test('falls back to any LDAP server of the domain', async () => {
    const { resolver, asked } = dns({ '_ldap._tcp.corp.example': [srv('ldap.corp.example')], '_ldap._tcp.dc._msdcs.corp.example': 'ENODATA' });
    expect((await findEndpoints(settings({ port: 3269 }), resolver))[0]).toEqual({ host: 'ldap.corp.example', port: 3269, security: 'ldaps' });
    expect(asked).toEqual(['_ldap._tcp.dc._msdcs.corp.example', '_ldap._tcp.corp.example']);
  });

  test('does not send the password to a host outside the domain because DNS says so', async () => {
    const { resolver } = dns({ '_ldap._tcp.dc._msdcs.corp.example': [srv('dc1.evilcorp.example')] });
    expect(await failure(findEndpoints(settings(), resolver))).toBe('ConfigInvalid directory.srv-outside-domain');
  });

  test('knows nothing when DNS knows nothing', async () => {
    expect(await failure(findEndpoints(settings(), dns({}).resolver))).toBe('ConfigInvalid directory.srv-not-found');
  });

  test('waits when DNS does not answer', async () => {
    const { resolver } = dns({ '_ldap._tcp.dc._msdcs.corp.example': 'ETIMEOUT' });
    expect(await failure(findEndpoints(settings(), resolver))).toBe('Unavailable ldap.dns-unavailable');
  });

  test('asks for the host when nothing names the domain', async () => {
    expect(await failure(findEndpoints(settings({ account: 'CORP\\svc' }), dns({}).resolver))).toBe('ConfigInvalid directory.host-unknown');
  });
});

describe('inOrder', () => {
  test('keeps every record, lower priority first', () => {
    const record = fc.record({ name: fc.string(), port: fc.nat(65535), priority: fc.nat(3), weight: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 12 }), (records, numbers) => {
        let drawn = 0;
        const ordered = inOrder(records, () => numbers[drawn++] ?? 0);
        expect(new Set(ordered)).toEqual(new Set(records));
        expect(ordered).toHaveLength(records.length);
        expect(ordered.map(({ priority }) => priority)).toEqual(ordered.map(({ priority }) => priority).sort((a, b) => a - b));
      }),
    );
  });

  test('weight decides within one priority', () => {
    const records = [srv('light', 0, 10), srv('heavy', 0, 90)];
    expect(inOrder(records, () => 0.05)[0]?.name).toBe('light');
    expect(inOrder(records, () => 0.5)[0]?.name).toBe('heavy');
  });
});

describe('controllerEndpoint', () => {
  test('is the controller itself, at the port of the security', () => {
    expect(controllerEndpoint(settings(), 'DC2.corp.example')).toEqual({ host: 'DC2.corp.example', port: 636, security: 'ldaps' });
    expect(controllerEndpoint(settings({ security: 'starttls', port: 3890 }), 'dc2.emea.corp.example')).toEqual({ host: 'dc2.emea.corp.example', port: 3890, security: 'starttls' });
  });

  test('is none when the settings name a host, or the name could not have come from DNS', () => {
    expect(controllerEndpoint(settings({ host: '10.0.0.1' }), 'dc2.corp.example')).toBeNull();
    expect(controllerEndpoint(settings(), 'dc2.elsewhere.example')).toBeNull();
    expect(controllerEndpoint(settings({ account: 'CORP\\svc' }), 'dc2.corp.example')).toBeNull();
  });
});
