import fc from 'fast-check';
import { BerReader, BerWriter, FilterParser } from 'ldapts';
import { LockstepError } from '../shared/errors.ts';
import { allOf, parseFilter } from './ldap-filter.ts';

const encoded = (text: string): string => {
  const writer = new BerWriter();
  parseFilter(text).write(writer);
  return writer.buffer.toString('hex');
};
/** What ldapts' parser of the wire form makes of it: another implementation's reading of our bytes. */
const readBack = (text: string): string => FilterParser.parse(new BerReader(Buffer.from(encoded(text), 'hex'))).toString();
const reason = (text: string): string => {
  try {
    parseFilter(text);
    return 'accepted';
  } catch (error) {
    return error instanceof LockstepError ? `${error.class} ${error.code}: ${error.message}` : String(error);
  }
};

describe('parseFilter', () => {
  test.each([
    '(mail=*)',
    '(cn=Ann)',
    '(cn=A*)',
    '(cn=*n)',
    '(cn=A*n*n)',
    '(cn=*nn*)',
    '(uSNChanged>=4711)',
    '(uSNChanged<=4711)',
    '(cn~=ann)',
    '(!(cn=Ann))',
    '(&(objectClass=user)(|(mail=*)(proxyAddresses=*))(!(title=Intern)))',
    '(userAccountControl:1.2.840.113556.1.4.803:=2)',
  ])('encodes %s as ldapts does', (text) => {
    const writer = new BerWriter();
    FilterParser.parseString(text).write(writer);
    expect(encoded(text)).toBe(writer.buffer.toString('hex'));
  });

  test('an escaped byte is one byte, so that é, GUIDs and SIDs match', () => {
    expect(encoded('(cn=Ren\\c3\\a9)')).toBe(encoded('(cn=René)'));
    expect(encoded('(objectGUID=\\00\\ff\\80)')).toBe(`a311040a${Buffer.from('objectGUID').toString('hex')}040300ff80`);
  });

  test('escaped parentheses and stars belong to the value', () => {
    expect(readBack('(cn=a\\28b\\29\\2a)')).toBe('(cn=a\\28b\\29\\2a)');
  });

  test('takes white space between the parts, and a comparison without parentheses', () => {
    expect(encoded(' ( &\n  (a=1)\n  ( ! (b=2) ) )\n')).toBe(encoded('(&(a=1)(!(b=2)))'));
    expect(encoded('department=Sales')).toBe(encoded('(department=Sales)'));
  });

  test('an attribute may be named by its OID', () => expect(readBack('(2.5.4.3=x)')).toBe('(2.5.4.3=x)'));

  test('a value keeps its blanks', () => expect(readBack('(cn= a b )')).toBe('(cn= a b )'));

  test('an extensible comparison may name a rule, the DN, or both', () => {
    expect(encoded('(cn:dn:2.5.13.5:=x)')).toBe('a9148108322e352e31332e358202636e8301788401ff');
    expect(encoded('(:dn:2.5.13.5:=x)')).toBe('a9108108322e352e31332e358301788401ff');
  });

  test.each([
    ['(cn=a', 'at character 2, a closing parenthesis is missing'],
    ['(cn=a))', 'at character 7, there is more text'],
    ['cn=a)', '"(" is missing'],
    ['(cn=a)(sn=b)', 'there is more text'],
    ['(&)', 'nothing to combine'],
    ['(!)', '"(" is missing'],
    ['()', 'needs "="'],
    ['(cn)', 'needs "="'],
    ['(=a)', 'no attribute name'],
    ['(c n=a)', 'no attribute name'],
    ['(cn=a(b)', 'opening parenthesis'],
    ['(cn=a\\zz)', 'at character 5, a backslash'],
    ['(cn=a\\2)', 'a backslash'],
    ['(cn=a**b)', '"**"'],
    ['(:=x)', 'no extensible'],
    ['', 'needs "="'],
    ['('.repeat(5000), 'closing parenthesis'],
    [`${'(!'.repeat(5000)}(a=b)${')'.repeat(5000)}`, 'too deeply'],
  ])('refuses %.20s', (text, why) => {
    expect(reason(text)).toContain('ConfigInvalid directory.filter-invalid');
    expect(reason(text)).toContain(why);
  });

  test('never fails in another way, whatever is typed', () => {
    const part = fc.constantFrom('(', ')', '&', '|', '!', '=', '*', '\\', ':', 'cn', 'a', ' ', '>', '~', '2a', '\u0000', 'é');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        expect(reason(text)).toMatch(/^accepted$|^ConfigInvalid directory\.filter-invalid/);
        if (reason(text) === 'accepted') expect(readBack(text)).toEqual(expect.any(String));
      }),
    );
  });

  test('allOf demands every filter', () => {
    const writer = new BerWriter();
    allOf([parseFilter('(a=1)'), parseFilter('(b=2)')]).write(writer);
    expect(writer.buffer.toString('hex')).toBe(encoded('(&(a=1)(b=2))'));
  });
});
