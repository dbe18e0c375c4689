import { UsageError } from './command.ts';
import { objectReference } from './object-reference.ts';

test.each([
  ['ann@corp.example', 'address'],
  ['bounce+ann=corp.example@corp.example', 'address'],
  [' CN=Ann Example,OU=Staff,DC=corp,DC=example', 'dn'],
  ['cn=ann@corp.example,dc=corp', 'dn'],
  ['3F2504E0-4F89-11D3-9A0C-0305E82C3301', 'guid'],
  ['{3f2504e0-4f89-11d3-9a0c-0305e82c3301}', 'guid'],
])('%s is an object by its %s', (text, by) => {
  expect(objectReference(text)).toEqual({ by, value: text.trim() });
});

test.each(['ann', '', 'ann@', 'a b@c', 'CN=Ann'])('"%s" is none', (text) => {
  expect(() => objectReference(text)).toThrow(UsageError);
});
