import { standardAttributes } from '../shared/directory-attributes.ts';
import { attributesFor, isTrustAccount } from './taken-objects.ts';

const settings = { security: 'ldaps', account: 'svc@corp.example', acknowledgeDisabled: true } as const;

test('what the settings add and what their filter asks for is read too', () => {
  expect(attributesFor(settings)).toEqual(standardAttributes);
  expect(attributesFor({ ...settings, filter: ' ' })).toEqual(standardAttributes);
  expect(attributesFor({ ...settings, extraAttributes: ['employeeID'], filter: '(&(MAIL=*)(|(EmployeeId=7)(!(division=x))))' })).toEqual([...standardAttributes, 'employeeID', 'division']);
});

test('a filter that cannot be read is refused', () => {
  expect(() => attributesFor({ ...settings, filter: '(cn=a' })).toThrow(expect.objectContaining({ code: 'directory.filter-invalid' }) as Error);
});

test.each([
  ['2080', true],
  ['512', false],
  ['-2147483136', false],
  [undefined, false],
  ['rubbish', false],
])('an account with the flags %s is a trust: %s', (flags, expected) => {
  expect(isTrustAccount(flags === undefined ? {} : { userAccountControl: [flags] })).toBe(expected);
});
