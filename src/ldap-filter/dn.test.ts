import fc from 'fast-check';
import { dnKey, escapeRdn, isWithin, parentDn, rdnValue } from './dn.ts';

// AD has no names with control characters; a value of spaces alone has no meaning either.
const value = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => text.trim() !== '' && !/\p{Cc}/u.test(text));

test('a value that is escaped into a name comes out of it as it was', () => {
  fc.assert(
    fc.property(value, (text) => {
      const dn = `CN=${escapeRdn(text)},OU=People,DC=a,DC=test`;
      expect(dnKey(dn)).toBeDefined();
      expect(rdnValue(dn)).toBe(text);
      expect(parentDn(dn)).toBe('OU=People,DC=a,DC=test');
    }),
  );
});

test('the short way of plain names comes to the same as the long way', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), (values) => {
      const parts = values.map((text) => `CN=${escapeRdn(text)}`);
      expect(dnKey(parts.join(','))).toBe(dnKey(parts.map((part) => ` ${part}`).join(' ,')));
    }),
  );
});

test.each(['a ', ' a', '  ä  ', 'a\\', 'a\\ ', '#a', 'a, b', '\u3000a'])('%p keeps its ends', (text) => {
  expect(rdnValue(`CN=${escapeRdn(text)} , DC=a`)).toBe(text);
});

test.each([
  ['case', 'CN=Anna,DC=A', 'cn=anna,dc=a'],
  ['spaces around separators', 'CN=Anna , DC = a', 'CN=Anna,DC=a'],
  ['the kind of escape', 'CN=Sales\\2C Europe,DC=a', 'CN=Sales\\, Europe,DC=a'],
  ['escapes of UTF-8 bytes', 'CN=Gr\\C3\\B6\\C3\\9Fmann,DC=a', 'CN=Größmann,DC=a'],
])('two spellings of one name that differ by %s are equal', (_, one, other) => {
  expect(dnKey(one)).toBe(dnKey(other));
});

test('names that differ by an escaped separator are not equal', () => {
  expect(dnKey('CN=a\\,ou=b,DC=x')).not.toBe(dnKey('CN=a,OU=b,DC=x'));
});

test.each(['no name', 'CN=', '=a', 'CN=a,,DC=b', 'CN=a,', ',CN=a', 'CN=a\\', 'CN=a+SN=b,DC=x'])(
  '%p is no name',
  (text) => {
    expect(dnKey(text)).toBeUndefined();
  },
);

test('a name is within another only at a separator', () => {
  expect(isWithin('cn=a,ou=people,dc=x', 'ou=people,dc=x')).toBe(true);
  expect(isWithin('ou=people,dc=x', 'ou=people,dc=x')).toBe(true);
  expect(isWithin('ou=morepeople,dc=x', 'people,dc=x')).toBe(false);
  expect(isWithin('dc=x', 'ou=people,dc=x')).toBe(false);
});
