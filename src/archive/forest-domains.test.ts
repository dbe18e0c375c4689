import type { DirectoryDomain } from '../shared/directory.ts';
import { type DomainReader, domainNamed, forestDomains } from './forest-domains.ts';

const domain = (dnsName: string, netbiosName: string | null, own = false): DirectoryDomain => ({
  dn: dnsName.split('.').map((part) => `DC=${part}`).join(','), dnsName, netbiosName, parentDn: null, own,
});
const corp = domain('corp.example', 'CORP', true);
const emea = domain('emea.corp.example', 'EMEA');
const forest = [corp, emea];
const reader = (name: string, baseDn?: string, domains: readonly DirectoryDomain[] = []): DomainReader => ({
  name, settings: baseDn === undefined ? {} : { baseDn }, findings: { domains, references: [] },
});
const readBy = (...readers: DomainReader[]) => Object.fromEntries(forestDomains(forest, readers).map((each) => [each.dnsName, each.readBy.join(' ')]));

test('a directory reads the domain that its controller holds', () => {
  expect(readBy(reader('hq', undefined, forest))).toEqual({ 'corp.example': 'hq', 'emea.corp.example': '' });
});

test('a base DN tells more than what was found, in any spelling, and lies in the deepest domain around it', () => {
  expect(readBy(reader('one', 'ou=Staff, dc=EMEA, dc=corp, dc=example', forest), reader('two', 'DC=corp,DC=example'))).toEqual({ 'corp.example': 'two', 'emea.corp.example': 'one' });
});

test('one that was never tested, or is of another forest, reads none of these', () => {
  expect(readBy({ ...reader('new'), findings: null }, reader('far', 'DC=far,DC=example'))).toEqual({ 'corp.example': '', 'emea.corp.example': '' });
});

test('two directories may read parts of one domain', () => {
  expect(readBy(reader('a', 'OU=A,DC=corp,DC=example'), reader('b', 'OU=B,DC=corp,DC=example'))['corp.example']).toBe('a b');
});

const names = (domains: readonly DirectoryDomain[], ...taken: string[]) => forestDomains(domains, taken.map((name) => reader(name))).map(({ suggestedName }) => suggestedName);

test.each<[string, readonly (string | null)[], readonly (string | null)[]]>([
  ['the NetBIOS name', names([emea]), ['emea']],
  ['else what the DNS name begins with', names([domain('emea.corp.example', 'EUROPE_1')], 'europe-1'), ['emea']],
  ['else the DNS name', names([emea], 'emea'), ['emea-corp-example']],
  ['else a number', names([emea], 'emea', 'emea-corp-example'), ['emea-2']],
  ['to each domain another name', names([emea, domain('emea.far.example', 'EMEA')]), ['emea', 'emea-far-example']],
  ['what is a name', names([domain('日本.example', null)]), ['example']],
])('a domain that nobody reads is offered under %s', (_, suggested, expected) => {
  expect(suggested).toEqual(expected);
});

test.each(['emea.corp.example', 'EMEA', 'emea', 'dc=emea, dc=corp, dc=example'])('"%s" names a domain', (text) => {
  expect(domainNamed(forestDomains(forest, [reader('hq', 'DC=corp,DC=example')]), text)?.dn).toBe(emea.dn);
});

test('what names none is none', () => {
  expect(domainNamed(forestDomains(forest, []), 'apac')).toBeUndefined();
});
