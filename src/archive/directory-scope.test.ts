import type { DirectoryObjectKind } from '../shared/directory.ts';
import { normalDn } from './directory-dn.ts';
import { directoryScope, type ScopedObject } from './directory-scope.ts';

const object = (attributes: ScopedObject['attributes'] = {}, kind: DirectoryObjectKind = 'user'): ScopedObject => ({
  guid: '00112233-4455-6677-8899-aabbccddeeff',
  kind,
  dn: 'CN=Ada,OU=People,DC=corp,DC=example',
  attributes: { objectClass: ['organizationalPerson', 'person', 'top', 'user'], mail: ['ada@corp.example'], ...attributes },
});
const matches = (filter: string, attributes?: ScopedObject['attributes']) => directoryScope({ filter }).matches(object(attributes));

test('who has an address is taken, and every group, but no container and no foreign principal', () => {
  const scope = directoryScope({});
  const taken = (what: ScopedObject) => scope.matches(what);
  expect(taken(object())).toBe(true);
  expect(taken(object({ proxyAddresses: ['smtp:a@b.example'] }, 'contact'))).toBe(true);
  const nameless = { ...object(), attributes: { objectClass: ['user'] } };
  expect(taken(nameless)).toBe(false);
  for (const kind of ['group', 'dynamic-group', 'public-folder'] as const) expect(taken({ ...nameless, kind })).toBe(true);
  for (const kind of ['container', 'foreign-principal'] as const) expect(taken(object({}, kind))).toBe(false);
});

test.each([
  ['(department=sälës)', { department: ['Sales'] }],
  ['(!(title=Intern))', { title: ['Chief'] }],
  ['(MAIL=ADA@*)', {}],
  ['(costCentre=4711)', { costCentre: ['4711'] }],
  ['(CostCentre=4711)', { costCentre: ['4711'] }],
  ['(userAccountControl:1.2.840.113556.1.4.803:=512)', { userAccountControl: ['66048'] }],
  ['(objectGUID=\\33\\22\\11\\00\\55\\44\\77\\66\\88\\99\\aa\\bb\\cc\\dd\\ee\\ff)', {}],
  ['(objectSid=S-1-5-21-1-2-3-4)', { objectSid: ['S-1-5-21-1-2-3-4'] }],
  ['(objectCategory=person)', {}],
  ['(objectCategory=person)', { objectCategory: ['CN=Person,CN=Schema,CN=Configuration,DC=corp,DC=example'] }],
  ['(objectCategory=CN=Person,CN=Schema,CN=Configuration,DC=corp,DC=example)', { objectCategory: ['CN=Person,CN=Schema,CN=Configuration,DC=corp,DC=example'] }],
  ['(memberOf=CN=Staff, DC=corp,DC=example)', { memberOf: ['CN=Staff,DC=corp,DC=example'] }],
  ['(distinguishedName=CN=Ada,OU=People,DC=corp,DC=example)', {}],
  ['(thumbnailPhoto=\\ff\\d8)', { thumbnailPhoto: ['/9g='] }],
])('%s matches as in the directory', (filter, attributes) => {
  expect(matches(filter, attributes)).toBe(true);
});
test('what is not said, or cannot be compared, does not match, and neither does its opposite', () => {
  expect(matches('(title=Chief)')).toBe(false);
  expect(matches('(userAccountControl=much)', { userAccountControl: ['512'] })).toBe(false);
  expect(matches('(!(userAccountControl=much))', { userAccountControl: ['512'] })).toBe(false);
});

test('an object stands where it is taken when it is a search base or below one, else the base, else anywhere', () => {
  const covers = (settings: Parameters<typeof directoryScope>[0], dn: string) => directoryScope(settings).covers(normalDn(dn) ?? '');
  const settings = { baseDn: 'DC=corp,DC=example', searchBases: ['ou=People, DC=corp,DC=example', 'OU=B,DC=corp,DC=example'] };
  expect(covers(settings, 'CN=Ada,OU=PEOPLE,DC=corp,DC=example')).toBe(true);
  expect(covers(settings, 'OU=B,DC=corp,DC=example')).toBe(true);
  expect(covers(settings, 'CN=Ada,OU=More People,DC=corp,DC=example')).toBe(false);
  expect(covers({ baseDn: 'DC=corp,DC=example', searchBases: [] }, 'CN=Ada,DC=corp,DC=example')).toBe(true);
  expect(covers({ baseDn: 'DC=corp,DC=example' }, 'CN=Ada,DC=other,DC=example')).toBe(false);
  expect(covers({}, 'CN=Ada,DC=other,DC=example')).toBe(true);
});

test('with mail domains, people are taken that have an address in one of them, and every group', () => {
  const taken = (mailDomains: string[], what: ScopedObject) => directoryScope({ mailDomains }).matches(what);
  const ada = object({ proxyAddresses: ['SMTP:ada@corp.example', 'smtp:ada@Other.example'] });
  expect(taken(['OTHER.example'], ada)).toBe(true);
  expect(taken(['example'], ada)).toBe(false);
  expect(taken([], ada)).toBe(true);
  expect(taken(['other.example'], object())).toBe(false);
  expect(taken(['other.example'], object({ objectClass: ['group'] }, 'group'))).toBe(true);
});

test('a filter tells whether it asks for names and groups', () => {
  expect(directoryScope({ filter: '(mail=*)' })).toMatchObject({ readsName: false, readsGroups: false });
  expect(directoryScope({ filter: '(|(MemberOf=CN=a,DC=b)(!(distinguishedName=*)))' })).toMatchObject({ readsName: true, readsGroups: true });
});

test.each(['(memberOf:1.2.840.113556.1.4.1941:=CN=a,DC=b)', '(&(mail=*)(!(member=CN=a,DC=b)))', '(anr=ada)', '(:2.5.13.2:=x)'])(
  '%s is refused, since only the directory could answer it',
  (filter) => {
    expect(() => directoryScope({ filter })).toThrow(expect.objectContaining({ class: 'ConfigInvalid', code: 'directory.filter-unsupported' }) as Error);
  },
);
test('a filter that cannot be read is refused', () => {
  expect(() => directoryScope({ filter: '(mail=*' })).toThrow(expect.objectContaining({ code: 'directory.filter-invalid' }) as Error);
});
