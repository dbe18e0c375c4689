import { isUnder } from './distinguished-name.ts';

test.each([
  ['OU=People,DC=corp,DC=example', 'DC=corp,DC=example', true],
  ['ou = People , dc=Corp,DC=EXAMPLE', 'DC=corp, DC=example', true],
  ['DC=corp,DC=example', 'dc=corp,dc=example', true],
  ['OU=People,DC=emea,DC=corp,DC=example', 'DC=corp,DC=example', true],
  ['DC=xcorp,DC=example', 'DC=corp,DC=example', false],
  ['DC=example', 'DC=corp,DC=example', false],
])('%s under %s is %s', (dn, root, expected) => expect(isUnder(dn, root)).toBe(expected));
