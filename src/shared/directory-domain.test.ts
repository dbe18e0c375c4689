import { domainOf } from './directory-domain.ts';

test.each([
  [{ account: 'svc@Corp.Example' }, 'corp.example'],
  [{ account: 'CN=svc,OU=Service,DC=corp,DC=example' }, 'corp.example'],
  [{ account: 'CORP\\svc', baseDn: 'OU=People, dc=corp, dc=example' }, 'corp.example'],
  [{ account: 'svc@corp.example', baseDn: 'DC=emea,DC=corp,DC=example' }, 'emea.corp.example'],
  [{ account: 'svc@corp.example', baseDn: 'OU=People' }, 'corp.example'],
  [{ account: 'CORP\\svc' }, null],
  [{ account: 'svc@' }, null],
])('the domain of %j is %s', (given, domain) => expect(domainOf(given)).toBe(domain));
