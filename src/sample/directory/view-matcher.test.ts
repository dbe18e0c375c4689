import type { Filter } from '../../ldap-filter/filter.ts';
import type { Attributes, DirectoryObject } from './model.ts';
import { DirectoryStore } from './store.ts';
import { everything, View } from './view.ts';
import { viewMatcher } from './view-matcher.ts';

const storeOf = (objects: readonly DirectoryObject[]): DirectoryStore =>
  new DirectoryStore({ dnsName: 'a.test', netbiosName: 'A', passwords: {}, objects });
const object = (name: string, attributes: Attributes): DirectoryObject => ({
  dn: `CN=${name},DC=a,DC=test`,
  attributes: { objectClass: ['top', 'person', 'user'], ...attributes },
});

describe('by syntax', () => {
  const guid = Buffer.from('33221100554477668899aabbccddeeff', 'hex');
  const sid = Buffer.from('010400000000000515000000010000000200000003000000', 'hex');
  const store = storeOf([
    object('anna', {
      objectGUID: guid,
      objectSid: sid,
      groupType: '-2147483646',
      manager: 'CN=Boss,DC=a,DC=test',
      msExchHideFromAddressLists: 'TRUE',
      whenCreated: '20260101000000.0Z',
    }),
    {
      dn: 'CN=inner,DC=a,DC=test',
      attributes: { objectClass: ['top', 'group'], member: ['CN=anna,DC=a,DC=test', 'CN=outer,DC=a,DC=test'] },
    },
    { dn: 'CN=outer,DC=a,DC=test', attributes: { objectClass: ['top', 'group'], member: 'CN=inner,DC=a,DC=test' } },
  ]);
  const found = (filter: Filter): string[] =>
    [...store.objects()]
      .filter((stored) => viewMatcher(filter, new View(store, everything, true))(stored) === true)
      .map(({ dn }) => dn.slice(3, dn.indexOf(',')));
  const equal = (attribute: string, value: string | Buffer): Filter => ({
    kind: 'equal',
    attribute,
    value: Buffer.from(value),
  });
  const inChain = (attribute: string, value: string): Filter => ({
    kind: 'extensible',
    rule: '1.2.840.113556.1.4.1941',
    attribute,
    value: Buffer.from(value),
  });

  test.each<[string, Filter]>([
    ['objectGUID by its bytes', equal('objectGUID', guid)],
    ['objectSid by its bytes', equal('objectSid', sid)],
    ['objectSid by its text', equal('objectSid', 'S-1-5-21-1-2-3')],
    ['a DN in another spelling', equal('manager', 'cn=boss, dc=A, dc=test')],
    ['objectCategory by the name of a class', equal('objectCategory', 'user')],
    ['a boolean', equal('msExchHideFromAddressLists', 'TRUE')],
    ['a time', { kind: 'at-most', attribute: 'whenCreated', value: Buffer.from('20260101000000.0Z') }],
  ])('%s is found', (_, filter) => {
    expect(found({ kind: 'and', filters: [equal('objectClass', 'user'), filter] })).toEqual(['anna']);
  });

  test('the sign bit of groupType is asked for as an unsigned number', () => {
    expect(
      found({
        kind: 'extensible',
        rule: '1.2.840.113556.1.4.803',
        attribute: 'groupType',
        value: Buffer.from('2147483648'),
      }),
    ).toEqual(['anna']);
  });

  test('the in-chain rule follows nested groups, up and down, and ends in a cycle', () => {
    expect(found(inChain('memberOf', 'CN=outer,DC=a,DC=test')).sort()).toEqual(['anna', 'inner', 'outer']);
    expect(found(inChain('member', 'CN=anna,DC=a,DC=test')).sort()).toEqual(['inner', 'outer']);
    expect(found(inChain('manager', 'CN=Boss,DC=a,DC=test'))).toEqual(['anna']);
  });

  test('memberOf is the groups that name the object, and changes with them', () => {
    expect(found(equal('memberOf', 'CN=inner,DC=a,DC=test')).sort()).toEqual(['anna', 'outer']);
    const changing = storeOf([...store.objects()]);
    changing.editor.modify('CN=inner,DC=a,DC=test', { member: [] });
    changing.editor.remove('CN=inner,DC=a,DC=test');
    const anna = changing.find('CN=anna,DC=a,DC=test');
    expect(anna && changing.values(anna, 'memberOf')).toEqual([]);
    const outer = changing.find('CN=outer,DC=a,DC=test');
    expect(outer && changing.values(outer, 'member')).toEqual([]);
  });
});
