import type { DirectorySettings } from '../shared/directory.ts';
import { settingsIssues, settingsWarnings } from './integration-rules.ts';

const settings = (change: Partial<DirectorySettings> = {}): DirectorySettings => ({
  security: 'ldaps',
  account: 'sync@corp.example',
  acknowledgeDisabled: true,
  ...change,
});
const paths = (change: Partial<DirectorySettings>) => settingsIssues(settings(change)).map((issue) => issue.path);

test('the least settings are enough', () => {
  expect(settingsIssues(settings())).toEqual([]);
});

test.each(['(mail=*)', '(&(objectClass=user)(!(cn=a\\2ab)))', '(memberOf=cn=a,dc=b)', '(userAccountControl:1.2.840.113556.1.4.803:=2)'])(
  'accepts the filter %s',
  (filter) => expect(paths({ filter })).toEqual([]),
);
test.each(['(memberOf:1.2.840.113556.1.4.1941:=cn=a,dc=b)', '(member=cn=a,dc=b)', '(!(anr=ada))'])('refuses the filter %s, which only a directory can answer', (filter) => {
  expect(settingsIssues(settings({ filter }))).toMatchObject([{ path: '/settings/filter', message: expect.stringContaining('only the directory') as string }]);
});
test.each(['', '(mail=*', 'mail=*)', 'mail=*', '(&(a=b)', '(|(&(a=b)(c=d))', '(=x)'])('refuses the filter %j', (filter) => {
  expect(paths({ filter })).toEqual(['/settings/filter']);
});

test.each(['DC=corp,DC=example', 'OU=Müller \\, Söhne+L=x,dc=a', 'CN=a=b, DC=c'])('accepts the base %s', (baseDn) => {
  expect(paths({ baseDn })).toEqual([]);
});
test.each(['corp.example', 'DC=corp,', ',DC=corp', 'OU=a\\', '=x'])('refuses the base %j', (baseDn) => {
  expect(paths({ baseDn })).toEqual(['/settings/baseDn']);
});
test('names the search base that is wrong', () => {
  expect(paths({ baseDn: 'x', searchBases: ['DC=a', 'b'] })).toEqual(['/settings/baseDn', '/settings/searchBases/1']);
});

test.each(['dc1', 'dc1.corp.example', '10.0.0.1', '::1', 'fe80::1'])('accepts the host %s', (host) => {
  expect(paths({ host })).toEqual([]);
});
test.each(['ldaps://dc1', 'dc1:636', 'dc 1', '-a', 'a..b'])('refuses the host %s', (host) => {
  expect(paths({ host })).toEqual(['/settings/host']);
});

test.each(['corp.example', 'xn--mller-kva.example', 'müller.example'])('accepts the mail domain %s', (domain) => {
  expect(paths({ mailDomains: [domain] })).toEqual([]);
});
test.each(['@corp.example', 'a@corp.example', 'corp', '*.corp.example'])('refuses the mail domain %s', (domain) => {
  expect(paths({ mailDomains: [domain] })).toEqual(['/settings/mailDomains/0']);
});

// Made for this test: a self-signed certificate of a key that was thrown away.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBiDCCAS2gAwIBAgIUO0KHT09ANestcqdz2fPrqwcmkdwwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNTG9ja3N0ZXAgdGVzdDAgFw0yNjExMjQwNzM2MDJaGA8yMTI2
MTAzMTA3MzYwMlowGDEWMBQGA1UEAwwNTG9ja3N0ZXAgdGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABHIInQv6S7dW0WA5ZYkQ/7qSOkEfZYcu3uMuVureW9Ee
np2EnzDT6gQ/YuoHvnqo9dGl0nj9zzQ9udvhivk67EOjUzBRMB0GA1UdDgQWBBRp
sY1nMShG/rM2cq2yDZ63cYXXFjAfBgNVHSMEGDAWgBRpsY1nMShG/rM2cq2yDZ63
cYXXFjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDiHV/0ebuR
CdaH03MABRSfw/C1zAq0+TjWG2zC4WbRDwIhAOAPjPZCCZH+NVyS8cMr8/NCX4CQ
ZwoSbSN9rw8W76Gq
-----END CERTIFICATE-----`;
test('accepts certificates, with comments between them', () => {
  expect(paths({ caPem: `# root\n${certificate}\n# again\n${certificate}\n` })).toEqual([]);
});
test.each([
  ['text', 'hello'],
  ['a damaged certificate', certificate.replace('MI', 'XX')],
  ['another kind of PEM', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
])('refuses %s as a certificate', (_what, caPem) => {
  expect(paths({ caPem })).toEqual(['/settings/caPem']);
});
test('says that a private key does not belong there', () => {
  const [issue] = settingsIssues(settings({ caPem: `${certificate}\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----` }));
  expect(issue?.message).toContain('private key');
});
test('refuses a certificate that would not be used', () => {
  expect(paths({ security: 'plain', caPem: certificate })).toEqual(['/settings/caPem']);
});

test('warns of a plain connection and of nothing else', () => {
  expect(settingsWarnings(settings({ security: 'plain' }))).toEqual([expect.stringContaining('NOT ENCRYPTED')]);
  expect(settingsWarnings(settings({ security: 'starttls' }))).toEqual([]);
});

test('warns of a limit that would never hold anything', () => {
  expect(settingsWarnings(settings({ removal: { limits: { deletion: { number: 10_000_000, percent: 100 } } } }))).toEqual([
    expect.stringContaining('NO LIMIT for deletion'),
  ]);
});
test('refuses limits that are no numbers of objects', () => {
  expect(paths({ removal: { limits: { disable: { number: -1, percent: 101 } } } })).toEqual([
    '/settings/removal/limits/disable/number',
    '/settings/removal/limits/disable/percent',
  ]);
});
