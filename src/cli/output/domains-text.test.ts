import { domainsText, offeredDomains } from './domains-text.ts';

const domain = (dnsName: string, readBy: string[], parentDn: string | null = null) => ({
  dn: dnsName.split('.').map((part) => `DC=${part}`).join(','),
  dnsName,
  netbiosName: (dnsName.split('.')[0] ?? '').toUpperCase(),
  parentDn,
  own: false,
  readBy,
  suggestedName: readBy.length === 0 ? (dnsName.split('.')[0] ?? '') : null,
});
const forest = (references: string[] = []) => ({
  name: 'hq',
  findings: { domains: [domain('corp.example', ['hq']), domain('emea.corp.example', [], 'DC=corp,DC=example')], references },
});

test('each domain has who reads it, and one that nobody reads the command that adds it', () => {
  expect(domainsText(forest(), 200)).toBe(
    [
      'DOMAIN             NETBIOS  PARENT        READ BY  BASE DN',
      'corp.example       CORP                   hq       DC=corp,DC=example',
      'emea.corp.example  EMEA     corp.example  nobody   DC=emea,DC=corp,DC=example',
      '',
      'emea.corp.example is read by no directory. Add it: lockstep directory add emea --from hq',
    ].join('\n'),
  );
});

test('referrals are notes, of which a few are enough', () => {
  const text = domainsText(forest(Array.from({ length: 12 }, (_, index) => `ldap://dc${index}.corp.example/`)), 200);
  expect(text).toContain('The server refers to 12 other places; noted, and never followed:\n  ldap://dc0.corp.example/');
  expect(text).toMatch(/dc9\.corp\.example\/\n {2}and 2 more$/);
});

test('before the first reading or test nothing is known', () => {
  expect(domainsText({ name: 'hq', findings: null }, 200)).toBe('Not known yet. Find out: lockstep directory test hq');
  expect(offeredDomains({ name: 'hq', findings: null })).toEqual([]);
  expect(domainsText({ name: 'hq', findings: { domains: [], references: [] } }, 200)).toContain('may not read');
});
