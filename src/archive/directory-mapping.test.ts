import fc from 'fast-check';
import type { DirectoryEntry, DirectoryProblem } from '../shared/directory.ts';
import { dnKey } from './directory-dn.ts';
import { isStorable } from './directory-text.ts';
import { type DirectoryRow, mapEntry } from './directory-mapping.ts';
import { directoryScope } from './directory-scope.ts';

const everywhere = directoryScope({});
const guid = '0f8fad5b-d9cb-469f-a165-70867728950e';
const user = (
  attributes: DirectoryEntry['attributes'] = {},
  dn = 'CN=Ada Lovelace,OU=People,DC=corp,DC=example',
): DirectoryEntry => ({
  guid,
  dn,
  attributes: { objectClass: ['top', 'person', 'organizationalPerson', 'user'], cn: ['Ada Lovelace'], ...attributes },
});
const rowOf = (entry: DirectoryEntry, mailDomains: string[] = []): DirectoryRow => {
  const { row } = mapEntry(entry, directoryScope({ mailDomains }));
  if (row === null) throw new Error('the entry has no row');
  return row;
};
const codes = (problems: readonly DirectoryProblem[]) => problems.map(({ code }) => code);

test('a user becomes a row with everything that was said', () => {
  const entry = user({
    displayName: ['Ada, Countess of Lovelace'],
    sAMAccountName: ['ada'],
    userPrincipalName: ['ada@corp.example'],
    objectSid: ['S-1-5-21-1-2-3-1104'],
    msExchMailboxGuid: ['0F8FAD5B-D9CB-469F-A165-70867728950F'],
    userAccountControl: ['514'],
    manager: ['cn=charles babbage,ou=people,dc=corp,dc=example'],
    proxyAddresses: ['SMTP:ada@corp.example'],
    whenCreated: ['20240102030405.0Z'],
  });
  const { row, problems } = mapEntry(entry, everywhere);
  expect(problems).toEqual([]);
  expect(row).toMatchObject({
    guid,
    kind: 'user',
    recipientType: 'user-mailbox',
    dn: entry.dn,
    dnKey: dnKey('cn=ADA lovelace,ou=people,dc=corp,dc=example'),
    sid: 'S-1-5-21-1-2-3-1104',
    mailboxGuid: '0f8fad5b-d9cb-469f-a165-70867728950f',
    displayName: 'Ada, Countess of Lovelace',
    sortKey: 'ada, countess of lovelace',
    accountName: 'ada',
    principalName: 'ada@corp.example',
    accountDisabled: true,
    managerKey: dnKey('CN=Charles Babbage,OU=People,DC=corp,DC=example'),
    sourceCreated: new Date('2024-01-02T03:04:05Z'),
    addresses: [{ address: 'ada@corp.example', primary: true }],
  });
});

test.each([
  [['top', 'person', 'organizationalPerson', 'user', 'computer'], 'user'],
  [['top', 'person', 'inetOrgPerson'], 'user'],
  [['top', 'Contact'], 'contact'],
  [['top', 'group'], 'group'],
  [['top', 'msExchDynamicDistributionList'], 'dynamic-group'],
  [['top', 'publicFolder'], 'public-folder'],
])('an object of the classes %j is a %s', (objectClass, kind) => {
  expect(rowOf(user({ objectClass })).kind).toBe(kind);
});

test.each([
  ['1', 'user-mailbox'],
  ['2', 'linked-mailbox'],
  ['4', 'shared-mailbox'],
  ['16', 'room-mailbox'],
  ['32', 'equipment-mailbox'],
  ['128', 'mail-user'],
  ['2147483648', 'remote-user-mailbox'],
  ['8589934592', 'remote-room-mailbox'],
  ['17179869184', 'remote-equipment-mailbox'],
  ['34359738368', 'remote-shared-mailbox'],
  ['2097152', 'other'],
  ['9223372036854775807', 'other'],
])('recipient type details %s are a %s', (details, type) => {
  expect(rowOf(user({ msExchRecipientTypeDetails: [details] })).recipientType).toBe(type);
});

test('without recipient type details kind and group type decide', () => {
  expect(rowOf(user({ homeMDB: ['CN=DB1'] })).recipientType).toBe('user-mailbox');
  expect(rowOf(user({ targetAddress: ['SMTP:a@x.example'] })).recipientType).toBe('mail-user');
  expect(rowOf(user()).recipientType).toBe('other');
  const group = (groupType: string) => rowOf(user({ objectClass: ['group'], groupType: [groupType] })).recipientType;
  expect(group('-2147483640')).toBe('security-group');
  expect(group('2147483656')).toBe('security-group');
  expect(group('8')).toBe('distribution-group');
});

test('the display name is the first that says anything', () => {
  expect(rowOf(user({ displayName: ['  '], cn: ['Ada'] })).displayName).toBe('Ada');
  const bare = { objectClass: ['user'], cn: [] };
  expect(rowOf(user({ ...bare, givenName: ['Ada'], sn: ['Lovelace'] })).displayName).toBe('Ada Lovelace');
  expect(rowOf(user({ ...bare, mail: ['ada@corp.example'] })).displayName).toBe('ada@corp.example');
  expect(rowOf(user(bare, 'CN=Lovelace\\, Ada,DC=x')).displayName).toBe('Lovelace, Ada');
  expect(rowOf(user(bare, 'CN=,DC=x')).displayName).toBe(guid);
});

test('a value that cannot be understood is a problem and the object stays', () => {
  const { row, problems } = mapEntry(
    user({
      objectSid: ['not a sid'],
      msExchMailboxGuid: ['x'],
      userAccountControl: ['much'],
      manager: ['nobody'],
      whenCreated: ['yesterday'],
      msExchRecipientTypeDetails: ['1e9'],
      mail: ['not an address'],
    }),
    everywhere,
  );
  expect(row).toMatchObject({
    sid: null,
    mailboxGuid: null,
    accountDisabled: false,
    managerKey: null,
    sourceCreated: null,
    recipientType: 'user-mailbox',
  });
  expect(codes(problems).sort()).toEqual(['address.invalid', ...Array.from({ length: 6 }, () => 'attribute.invalid')]);
  expect(problems.find(({ code }) => code === 'address.invalid')?.subject).toBe('not an address');
});

test('characters that are no text are replaced and told', () => {
  const { row, problems } = mapEntry(
    user({ mail: ['ada@corp.example'], description: ['a\0b', 'c\uD800'] }, 'CN=A\0da,DC=x'),
    everywhere,
  );
  expect(row?.attributes['description']).toEqual(['a\u{FFFD}b', 'c\u{FFFD}']);
  expect(row?.dn).toBe('CN=A\u{FFFD}da,DC=x');
  expect(codes(problems)).toEqual(['attribute.undecodable']);
});

test('a value too long to keep is left out and told', () => {
  const { row, problems } = mapEntry(
    user({ mail: ['ada@corp.example'], description: ['x'.repeat(200_001), 'short'] }),
    everywhere,
  );
  expect(row?.attributes['description']).toEqual(['short']);
  expect(codes(problems)).toEqual(['attribute.too-long']);
});

test('an object of no known class, or without a name, has no row', () => {
  expect(mapEntry(user({ objectClass: ['top', 'printQueue'] }), everywhere)).toMatchObject({
    row: null,
    problems: [{ code: 'object.class-unknown', guid }],
  });
  expect(mapEntry(user({}, 'nonsense'), everywhere)).toMatchObject({
    row: null,
    problems: [{ code: 'object.dn-invalid', subject: 'nonsense' }],
  });
});

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\0', '\uD800', 'S-1-5-21-1', 'SMTP:a@b.example', '-1', 'CN=x,DC=y'),
);
const attributeName = fc.oneof(
  fc.constantFrom(
    'objectClass',
    'mail',
    'proxyAddresses',
    'manager',
    'userAccountControl',
    'objectSid',
    'whenCreated',
    'displayName',
    '__proto__',
    'constructor',
  ),
  fc.string({ unit: 'binary' }),
);
const anyEntry: fc.Arbitrary<DirectoryEntry> = fc.record({
  guid: fc.uuid(),
  dn: fc.oneof(fc.constant('CN=x,DC=y'), text),
  attributes: fc
    .array(fc.tuple(attributeName, fc.array(text, { maxLength: 4 })))
    .map((pairs) => Object.fromEntries([['objectClass', ['user']], ...pairs]) as Record<string, string[]>),
});

test('whatever a directory says is mapped without throwing, to what PostgreSQL takes', () => {
  fc.assert(
    fc.property(anyEntry, (entry) => {
      const { row, problems } = mapEntry(entry, directoryScope({ mailDomains: ['b.example'] }));
      const texts: string[] = [];
      JSON.stringify([row, problems], (key, value: unknown) => {
        texts.push(key);
        if (typeof value === 'string') texts.push(value);
        return value;
      });
      expect(texts.filter((one) => !isStorable(one))).toEqual([]);
      expect(row !== null || problems.length > 0).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('the order of values and attributes changes nothing', () => {
  fc.assert(
    fc.property(anyEntry, fc.array(fc.integer(), { minLength: 50, maxLength: 50 }), (entry, order) => {
      let turn = 0;
      const shuffled = <T>(list: readonly T[]): T[] =>
        list
          .map((item) => ({ item, at: order[turn++ % order.length] ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ item }) => item);
      const attributes = Object.fromEntries(
        shuffled(Object.entries(entry.attributes)).map(([name, values]) => [name, shuffled(values)]),
      );
      const [one, other] = [mapEntry(entry, everywhere).row, mapEntry({ ...entry, attributes }, everywhere).row];
      expect(other).toEqual(one);
    }),
  );
});

test('the content hash differs when anything that was said differs', () => {
  const base = rowOf(user()).contentHash;
  for (const other of [
    user({ title: ['Countess'] }),
    user({}, 'CN=Ada,DC=x'),
    user({ mail: ['ada@corp.example'] }),
    user({ userAccountControl: ['2'] }),
  ]) {
    expect(rowOf(other).contentHash).not.toEqual(base);
  }
  // Whether it passes the settings is not its content.
  expect(rowOf(user(), ['corp.example']).contentHash).toEqual(base);
  expect(rowOf(user()).contentHash).toEqual(base);
});
