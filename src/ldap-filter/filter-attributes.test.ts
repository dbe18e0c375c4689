import { filterAttributes } from './filter-attributes.ts';
import { parseFilter } from './parse-filter.ts';

test.each([
  ['(&(mail=*)(|(department=Sales)(!(title=Intern))))', ['mail', 'department', 'title']],
  ['(&(Mail=a*)(MAIL=*b))', ['Mail']],
  ['(userAccountControl:1.2.840.113556.1.4.803:=2)', ['userAccountControl']],
  ['(:2.5.13.2:=x)', []],
  ['(userCertificate;binary=*)', ['userCertificate']],
  ['(&(employeeID>=3)(employeeID<=9)(cn~=x))', ['employeeID', 'cn']],
])('%s asks for %j', (text, names) => expect(filterAttributes(parseFilter(text))).toEqual(names));
