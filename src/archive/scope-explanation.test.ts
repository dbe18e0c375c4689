import type { DirectorySettings } from '../shared/directory.ts';
import type { ScopedObject } from './directory-scope.ts';
import { explainScope, type ScopeRule } from './scope-explanation.ts';

const settings = (overrides: Partial<DirectorySettings> = {}): DirectorySettings => ({ security: 'ldaps', account: 'svc@corp.example', acknowledgeDisabled: true, ...overrides });
const ann = (overrides: Partial<ScopedObject> = {}): ScopedObject => ({
  guid: '3f2504e0-4f89-11d3-9a0c-0305e82c3301',
  kind: 'user',
  dn: 'CN=Ann,OU=Staff,DC=corp,DC=example',
  attributes: { objectClass: ['user'], mail: ['ann@corp.example'], title: ['Boss'] },
  ...overrides,
});
const noMail = { attributes: { objectClass: ['user'], title: ['Boss'] } };

test.each<[string, ScopedObject, Partial<DirectorySettings>, readonly ScopeRule[]]>([
  ['taken without any rule', ann(), {}, []],
  ['taken by every rule', ann(), { baseDn: 'DC=corp,DC=example', searchBases: ['ou=staff,dc=corp,dc=example'], filter: '(title=Boss)', mailDomains: ['corp.example'] }, []],
  ['outside the search bases', ann(), { searchBases: ['OU=Sales,DC=corp,DC=example'] }, ['base']],
  ['outside the base DN', ann(), { baseDn: 'DC=emea,DC=corp,DC=example' }, ['base']],
  ['without an address', ann(noMail), {}, ['mail']],
  ['against the filter', ann(), { filter: '(title=Clerk)' }, ['filter']],
  ['without an address in the mail domains', ann(), { mailDomains: ['b.example'] }, ['mail-domain']],
  ['against two rules at once', ann(noMail), { searchBases: ['OU=Sales,DC=corp,DC=example'], mailDomains: ['b.example'] }, ['base', 'mail']],
  ['a container', ann({ kind: 'container' }), { searchBases: ['OU=Sales,DC=corp,DC=example'] }, ['kind']],
  ['a group without an address', ann({ ...noMail, kind: 'group' }), {}, []],
])('an object is %s', (_, object, overrides, rules) => {
  const { inScope, keptOutBy, detail } = explainScope(object, settings(overrides));
  expect(keptOutBy).toEqual(rules);
  expect(inScope).toBe(rules.length === 0);
  expect(detail).toMatch(inScope ? /^In scope: .*\.$/ : /^Kept out: .*\.$/);
});

test('a rule is said with what it asks for', () => {
  expect(explainScope(ann(), settings({ filter: '(title=Clerk)' })).detail).toBe('Kept out: it does not match the filter (title=Clerk).');
  expect(explainScope(ann(), settings({ mailDomains: ['b.example', 'c.example'] })).detail).toContain('(b.example, c.example)');
});
