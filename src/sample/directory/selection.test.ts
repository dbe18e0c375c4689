import fc from 'fast-check';
import { defaultLimits } from './limits.ts';
import { select, selection } from './selection.ts';
import { DirectoryStore } from './store.ts';
import { View } from './view.ts';

const groupDn = 'CN=group,DC=a,DC=test';
const group = (members: number) => {
  const member = Array.from({ length: members }, (_, i) => `CN=${i},DC=a,DC=test`);
  const store = new DirectoryStore({
    dnsName: 'a.test',
    netbiosName: 'A',
    passwords: {},
    objects: [{ dn: groupDn, attributes: { objectClass: ['top', 'group'], ...(members === 0 ? {} : { member }) } }],
  });
  const object = store.find(groupDn);
  if (object === undefined || object === null) throw new Error('not stored');
  return (attributes: string[], maxValRange: number) =>
    select(object, new View(store, {}, false), selection(attributes, false), { ...defaultLimits, maxValRange })
      .attributes;
};

test('the parts of a long attribute, each asked for where the last one ended, are its values once and in order', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.integer({ min: 1, max: 20 }), (count, limit) => {
      const ask = group(count);
      const collected: string[] = [];
      for (let next: number | undefined = 0; next !== undefined;) {
        const [part] = ask([`member;range=${next}-*`], limit);
        collected.push(...(part?.values ?? []).map(String));
        expect(part?.values.length ?? 0).toBeLessThanOrEqual(limit);
        const end = /-(\d+)$/.exec(part?.name ?? '')?.[1];
        next = end === undefined ? undefined : Number(end) + 1;
      }
      expect(collected).toEqual(Array.from({ length: count }, (_, i) => `CN=${i},DC=a,DC=test`));
    }),
  );
});

test('a long attribute that is asked for without a range comes empty, with its first part beside it', () => {
  expect(group(1501)(['member'], 1500).map(({ name, values }) => [name, values.length])).toEqual([
    ['member', 0],
    ['member;range=0-1499', 1500],
  ]);
  expect(group(1500)(['member'], 1500).map(({ name, values }) => [name, values.length])).toEqual([['member', 1500]]);
});

test('a range is cut by the end of the values and by the limit', () => {
  const ask = group(10);
  expect(ask(['member;range=0-3'], 1500).map(({ name, values }) => [name, values.length])).toEqual([
    ['member;range=0-3', 4],
  ]);
  expect(ask(['member;range=8-20'], 1500).map(({ name, values }) => [name, values.length])).toEqual([
    ['member;range=8-*', 2],
  ]);
  expect(ask(['member;range=0-*'], 4).map(({ name, values }) => [name, values.length])).toEqual([
    ['member;range=0-3', 4],
  ]);
  expect(ask(['member;range=10-*'], 4)).toEqual([]);
});

test('attributes come under the names of the schema, each once, unknown ones not at all', () => {
  const names = group(1)(['MEMBER', 'member', 'objectguid', 'noSuchThing', 'distinguishedname'], 1500).map(
    ({ name }) => name,
  );
  expect(names).toEqual(['member', 'objectGUID', 'distinguishedName']);
  expect(group(1)(['1.1'], 1500)).toEqual([]);
  expect(group(1)(['*'], 1500).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['objectClass', 'member', 'distinguishedName', 'uSNChanged']),
  );
});
