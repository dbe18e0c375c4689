/** Against a real Active Directory domain (Samba), compared with what OpenLDAP's ldapsearch says of it. */
import { attributesToRead } from '../../src/directory/attributes.ts';
import type { SessionOptions } from '../../src/directory/ldap-session.ts';
import { createLdapSource } from '../../src/directory/ldap-source.ts';
import type { DirectorySettings } from '../../src/shared/directory.ts';
import { ldapsearch } from '../lab/ldapsearch.ts';
import { netbiosName } from '../lab/samba/domain.ts';
import { samba, type SambaAccount, type SambaLab } from '../lab/samba.ts';
import { entriesOf, gaveLastPage, membersOf, readDirectory, testSteps } from './directory-reading.ts';

const lab = await samba();
const describeIf = 'skip' in lab ? describe.skip : describe;
const dc = lab as SambaLab;

/** Without host and authority. */
const bare = (account: SambaAccount): DirectorySettings => ({ security: 'ldaps', account: account.bind, acknowledgeDisabled: true });
const options = (account: SambaAccount = dc.accounts.read, settings: Partial<DirectorySettings> = {}): SessionOptions => ({
  settings: { ...bare(account), host: dc.address, caPem: dc.caPem, ...settings },
  password: account.password,
});

const sidOf = (bytes: Buffer): string =>
  ['S-1', bytes.readUIntBE(2, 6), ...Array.from({ length: bytes[1] ?? 0 }, (_, index) => bytes.readUInt32LE(8 + 4 * index))].join('-');
const guidOf = (bytes: Buffer): string => {
  const hex = Buffer.concat([bytes.subarray(0, 4).reverse(), bytes.subarray(4, 6).reverse(), bytes.subarray(6, 8).reverse(), bytes.subarray(8)]).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};
const binary: Readonly<Record<string, (bytes: Buffer) => string>> = {
  objectGUID: guidOf, parentGUID: guidOf, msExchMailboxGuid: guidOf, msExchArchiveGUID: guidOf, objectSid: sidOf, msExchMasterAccountSid: sidOf, sIDHistory: sidOf,
};

describeIf('reading a real domain', () => {
  test.each(['ldaps', 'starttls', 'plain'] as const)('over %s gives exactly what ldapsearch gives', async (security) => {
    const reading = await readDirectory(options(dc.accounts.read, { security }));
    expect(reading.verdict).toBe('complete');
    expect(reading.pages.flatMap(({ problems }) => problems)).toEqual([]);

    const names = attributesToRead();
    const { entries: dumped } = await ldapsearch({
      url: dc.ldapUrl, bind: dc.accounts.read.bind, password: dc.accounts.read.password, base: dc.baseDn,
      filter: '(&(|(objectClass=user)(objectClass=group)(objectClass=contact)(objectClass=msExchDynamicDistributionList)(objectClass=publicFolder)(objectClass=organizationalUnit)(objectClass=container)(objectClass=builtinDomain)(objectClass=domainDNS)(objectClass=foreignSecurityPrincipal))(!(objectClass=computer)))',
      attributes: ['objectGUID', 'member', ...names],
    });
    const canonical = new Map(['objectGUID', 'member', ...names].map((name) => [name.toLowerCase(), name]));
    const expected = dumped.map(({ dn, attributes }) => {
      const texts = Object.entries(attributes).map(([name, values]) => {
        const asked = canonical.get(name.toLowerCase()) ?? name;
        return [asked, values.map((value) => binary[asked]?.(value) ?? value.toString()).toSorted()] as const;
      });
      return { dn, ...Object.fromEntries(texts) };
    });
    const lists = membersOf(reading);
    const found = entriesOf(reading).map(({ dn, guid, attributes }) => {
      const member = lists.get(guid) ?? [];
      const sorted = Object.entries(attributes).map(([name, values]) => [name, values.toSorted()] as const);
      return { dn, objectGUID: [guid], ...(member.length === 0 ? {} : { member: member.toSorted() }), ...Object.fromEntries(sorted) };
    });
    const byDn = (a: { dn: string }, b: { dn: string }) => (a.dn < b.dn ? -1 : 1);
    expect(found.toSorted(byDn)).toEqual(expected.toSorted(byDn));
    expect(found.length).toBeGreaterThan(40);
  });

  test('takes a watermark of this controller before it begins', async () => {
    const reading = await readDirectory(options());
    const { entries } = await ldapsearch({ url: dc.ldapUrl, base: '', scope: 'base', attributes: ['highestCommittedUSN', 'dsServiceName'] });
    const now = BigInt(entries[0]?.attributes['highestCommittedUSN']?.[0]?.toString() ?? '0');
    const watermark = reading.pages.at(-1)?.watermark;
    expect(watermark?.dnsHostName.toLowerCase()).toBe(dc.hostName.toLowerCase());
    expect(watermark?.invocationId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(watermark?.method).toBe('dirsync');
    expect(BigInt(watermark?.usn ?? '0') <= now).toBe(true);
    expect(BigInt(watermark?.usn ?? '0') > 0n).toBe(true);
  });

  test('gives the well-known SIDs as SIDs', async () => {
    const sids = entriesOf(await readDirectory(options())).flatMap(({ attributes }) => attributes['objectSid'] ?? []);
    expect(sids).toContain('S-1-5-32-544');
    expect(sids.every((sid) => /^S-1-\d+(-\d+)+$/.test(sid))).toBe(true);
  });

  test('signs in by principal name, domain name and distinguished name', async () => {
    for (const account of [dc.accounts.read.bind, dc.accounts.read.dn, `${netbiosName}\\svc-read`]) {
      expect((await readDirectory(options({ ...dc.accounts.read, bind: account }))).verdict).toBe('complete');
    }
  });

  test('finds its controller in DNS and verifies it by its name', async () => {
    const reading = await readDirectory({
      settings: { ...bare(dc.accounts.read), caPem: dc.caPem },
      password: dc.accounts.read.password,
      resolver: {
        resolveSrv: async () => [{ name: dc.hostName, port: 389, priority: 0, weight: 100 }],
        lookup: (_, _options, callback) => callback(null, [{ address: dc.address, family: 4 }]),
      },
    });
    expect(reading.verdict).toBe('complete');
  });

  test.each([
    ['a wrong password', (): SambaAccount => ({ ...dc.accounts.read, password: 'wrong' }), 'AuthRejected ldap.invalid-credentials'],
    ['a disabled account', () => dc.accounts.disabled, 'AuthRejected ldap.account-disabled'],
    ['a locked account', () => dc.accounts.locked, 'AuthRejected ldap.account-locked'],
    ['an expired account', () => dc.accounts.expired, 'AuthRejected ldap.account-expired'],
    ['a password that must be changed', () => dc.accounts.mustChange, 'AuthRejected ldap.password-must-change'],
  ])('says that it is %s', async (_, account, verdict) => {
    const reading = await readDirectory(options(account()));
    expect(reading.verdict).toBe(verdict);
    expect(gaveLastPage(reading)).toBe(false);
  });

  test.each([
    ['a base that does not exist', (): Partial<DirectorySettings> => ({ baseDn: `OU=Nope,${dc.baseDn}` }), 'ConfigInvalid directory.base-missing'],
    ['a base that is no name', () => ({ baseDn: 'rubbish' }), 'ConfigInvalid directory.base-invalid'],
  ])('refuses %s', async (_, settings, verdict) => {
    const reading = await readDirectory(options(dc.accounts.read, settings()));
    expect(reading.verdict).toBe(verdict);
    expect(gaveLastPage(reading)).toBe(false);
  });

  test('trusts the authorities of the system when none is given, and these do not know this one', async () => {
    const reading = await readDirectory({ settings: { ...bare(dc.accounts.read), host: dc.address }, password: dc.accounts.read.password });
    expect(reading.verdict).toBe('ConfigInvalid ldap.certificate-untrusted');
  });

  test('an escaped byte in a filter is that byte', async () => {
    const person = (filter: string) => createLdapSource(options(dc.accounts.read, { filter })).test(new AbortController().signal)
      .then(({ steps }) => steps.find(({ step }) => step === 'read-person'));
    expect((await person('(sn=Gr\\c3\\b6\\c3\\9fmann)'))?.detail).toContain('Größmann');
    expect((await person('(sn=Gr\\c3\\b6)'))?.code).toBe('directory.no-person');
  });

  test('an attribute that the schema does not have is no error', async () => {
    const reading = await readDirectory(options(dc.accounts.read, { extraAttributes: ['lockstepNoSuchAttribute'] }));
    expect(reading.verdict).toBe('complete');
  });

  test('the steps of a test all pass', async () => {
    for (const security of ['ldaps', 'starttls', 'plain'] as const) {
      expect((await testSteps(options(dc.accounts.read, { security }))).every((step) => step.endsWith(' passed'))).toBe(true);
    }
  });
});
