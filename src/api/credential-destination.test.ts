import type { DirectorySettings } from '../shared/directory.ts';
import { changedDestination } from './credential-destination.ts';

const settings = (overrides: Partial<DirectorySettings> = {}): DirectorySettings => ({ security: 'ldaps', account: 'svc@corp.example', acknowledgeDisabled: true, ...overrides });

test.each<[string, Partial<DirectorySettings>, Partial<DirectorySettings>, readonly string[]]>([
  ['what is read', { host: 'dc1' }, { host: 'dc1', baseDn: 'DC=other,DC=example', filter: '(title=*)', searchBases: ['OU=A,DC=corp,DC=example'] }, []],
  ['the host', { host: 'dc1' }, { host: 'dc2' }, ['host']],
  ['the account and its protection', {}, { account: 'other@corp.example', security: 'plain' }, ['security', 'account']],
  ['a base DN of the same domain', {}, { baseDn: 'OU=Staff,DC=corp,DC=example' }, []],
  ['a base DN in another domain, whose controllers DNS would name', {}, { baseDn: 'DC=evil,DC=example' }, ['baseDn']],
  ['a host that is given up for a base DN in another domain', { host: 'dc1' }, { baseDn: 'DC=evil,DC=example' }, ['host', 'baseDn']],
])('a stored password is asked for again when it would go elsewhere: %s', (_, before, after, changed) => {
  expect(changedDestination(settings(before), settings(after))).toEqual(changed);
});
