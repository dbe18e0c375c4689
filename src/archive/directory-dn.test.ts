import fc from 'fast-check';
import { dnKey, dnKeyHex, firstRdnValue, normalDn } from './directory-dn.ts';

const same = (a: string, b: string) => expect(normalDn(a)).toBe(normalDn(b) ?? 'not a distinguished name');
const different = (a: string, b: string) => expect(normalDn(a)).not.toBe(normalDn(b));

test('case, spaces and the way of escaping do not matter', () => {
  same('CN=Doe\\, John,OU=People,DC=corp,DC=example', 'cn=doe\\2c  john , ou = people,dc=CORP,dc=example');
  same('CN=ÄRGER,DC=x', 'cn=\\C3\\A4rger,dc=x');
  same('CN=James \\"Jim\\" Smith,DC=x', 'CN=James "Jim" Smith,DC=x');
  same('CN=\\ padded\\ ,DC=x', 'CN=padded,DC=x');
  same('OU=Sales+CN=J. Smith,DC=x', 'CN=J. Smith+OU=Sales,DC=x');
});

test('separators inside a value are not separators between values', () => {
  different('CN=a\\,DC=b', 'CN=a,DC=b');
  different('CN=a\\+OU=b,DC=x', 'CN=a+OU=b,DC=x');
  different('CN=a\\\\,DC=x', 'CN=a\\,DC=x');
  same('CN=1=2,DC=x', 'CN=1\\=2,DC=x');
});

test('the name of a deleted object, with its line feed, is a name', () => {
  expect(firstRdnValue('CN=Ada\\0ADEL:1f3c,CN=Deleted Objects,DC=x')).toBe('Ada\nDEL:1f3c');
});

test.each([
  '',
  'CN',
  'CN=a,',
  'CN=a,,DC=x',
  '=a',
  'C N=a',
  'CN=\\',
  'CN=\\zz',
  'CN=\\FF',
  'CN=#0',
  'CN=#xy',
  'cn=a,1.=b',
])('%j is no distinguished name', (text) => {
  expect(normalDn(text)).toBeUndefined();
  expect(dnKey(text)).toBeUndefined();
});

test('a value given in hex is its own text', () => {
  same('1.3.6.1.4.1.1466.0=#04024869,DC=x', '1.3.6.1.4.1.1466.0=#04024869,dc=X');
  different('1.3.6=#04024869,DC=x', '1.3.6=\\#04024869,DC=y');
});

const hexPairs = (character: string) =>
  [...Buffer.from(character)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
const special = (character: string) => ' "#+,;<=>\\'.includes(character);
/** A character of a value in one of the ways there are to write it. */
const spelled = fc
  .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }), fc.boolean())
  .map(([character, inHex]) => ({
    character,
    written: inHex ? hexPairs(character) : special(character) ? `\\${character}` : character,
  }));

test('every spelling of a value gives one name', () => {
  fc.assert(
    fc.property(fc.array(spelled, { minLength: 1 }), (characters) => {
      const written = normalDn(`CN=${characters.map((one) => one.written).join('')},DC=x`);
      expect(written).toBeDefined();
      expect(written).toBe(normalDn(`cn=${characters.map((one) => hexPairs(one.character)).join('')},dc=X`));
    }),
  );
});

test('a name in printable ASCII is the same as with one of its letters in hex', () => {
  const piece = fc.oneof(
    fc.constantFrom(',CN=', ',', '+', '#', '=', ' ', '  ', 'a'),
    fc.string({ unit: 'grapheme-ascii' }).map((text) => text.replaceAll('\\', '')),
  );
  fc.assert(
    fc.property(fc.array(piece), (parts) => {
      const name = `CN=${parts.join('')}Z`;
      expect(normalDn(`${name},DC=x`)).toBe(normalDn(`${name.slice(0, -1)}\\5a,DC=x`));
    }),
    { numRuns: 1000 },
  );
});

test('a key in hex is the key', () => {
  for (const name of ['CN=Ada,DC=x', 'CN=\\C3\\A4,DC=x', 'none']) expect(dnKeyHex(name)).toBe(dnKey(name)?.toString('hex'));
});

test('no text makes it throw', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom('CN=', ',', '+', '\\', '#', '=', ' ', '\0', '\uD800', '\\FF', '\\0A'),
      fc.string({ unit: 'binary' }),
    ),
  );
  fc.assert(
    fc.property(pieces, (parts) => [undefined, 16].includes(dnKey(parts.join(''))?.length)),
    { numRuns: 500 },
  );
});
