import { standardAttributes } from '../shared/directory-attributes.ts';
import { attributesToRead, syntaxOf } from './attributes.ts';

test('an extra attribute is read once, however it is written', () => {
  const names = attributesToRead(['MAIL', 'thumbnailPhoto', 'thumbnailphoto', 'employeeID']);
  expect(names).toEqual([...standardAttributes, 'thumbnailPhoto', 'employeeID']);
});

test('what has a field of its own is not read twice', () => {
  expect(attributesToRead(['member', 'objectGUID', 'distinguishedName', 'uSNChanged'])).toEqual(standardAttributes);
});

test.each([
  ['OBJECTSID', 'sid'],
  ['msExchMasterAccountSid', 'sid'],
  ['msExchMailboxGuid', 'guid'],
  ['thumbnailPhoto', 'base64'],
  ['msExchRecipientTypeDetails', 'text'],
])('%s is %s', (attribute, syntax) => expect(syntaxOf(attribute)).toBe(syntax));
