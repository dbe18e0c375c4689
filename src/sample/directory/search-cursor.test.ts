import fc from 'fast-check';
import type { Filter } from '../../ldap-filter/filter.ts';
import type { SearchOperation } from './request.ts';
import { PagedSearches, SearchCursor } from './search-cursor.ts';
import { DirectoryStore } from './store.ts';
import { View } from './view.ts';

const store = new DirectoryStore({
  dnsName: 'a.test',
  netbiosName: 'A',
  passwords: {},
  objects: Array.from({ length: 40 }, (_, i) => ({
    dn: `CN=${i},DC=a,DC=test`,
    attributes: { objectClass: ['top', i % 3 === 0 ? 'contact' : 'group'] },
  })),
});
const base = store.find('DC=a,DC=test');
const search: SearchOperation = {
  kind: 'search',
  base: 'DC=a,DC=test',
  scope: 'sub',
  sizeLimit: 0,
  timeLimitSeconds: 0,
  typesOnly: false,
  attributes: [],
  filter: { kind: 'equal', attribute: 'objectClass', value: Buffer.from('contact') },
};
const open = (filter: Filter = search.filter) => {
  if (base === undefined || base === null) throw new Error('no base');
  return new SearchCursor(new View(store, {}, false), base, { ...search, filter });
};

test('pages of any sizes hold every match once, and only the last says that it is the last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 14, maxLength: 14 }), async (sizes) => {
      const cursor = open();
      const names: string[] = [];
      for (const size of sizes) {
        const page = await cursor.next(size, () => false);
        names.push(...(page?.objects ?? []).map(({ dn }) => dn));
        expect(page?.objects.length).toBeLessThanOrEqual(size);
        expect(page?.more).toBe(names.length < 14);
        if (page?.more === false) break;
      }
      expect(names).toEqual([...new Set(names)]);
      expect(names).toHaveLength(14);
    }),
  );
});

test('objects are found by their objectGUIDs, and those of other values too when the filter asks for more', async () => {
  const all = (await open().next(100, () => false))?.objects ?? [];
  const guids = all.slice(2, 5).map(({ id }) => Buffer.from(id, 'hex'));
  const byGuid = [...guids, Buffer.alloc(16)].map((value) => ({ kind: 'equal', attribute: 'OBJECTGUID', value }) as const);
  const found = async (filters: readonly Filter[]) =>
    (await open({ kind: 'or', filters }).next(100, () => false))?.objects.map(({ dn }) => dn).sort();
  expect(await found(byGuid)).toEqual(all.slice(2, 5).map(({ dn }) => dn).sort());
  expect(await found([...byGuid, search.filter])).toHaveLength(all.length);
});

test('a search that is told to stop has no answer', async () => {
  expect(await open().next(10, () => true)).toBeUndefined();
});

test('a cookie is good once, for its own search, on its own connection', () => {
  const [mine, other] = [new PagedSearches(), new PagedSearches()];
  const cursor = open();
  const cookie = mine.keep(cursor);
  expect(other.resume(cookie, search)).toBeUndefined();
  expect(mine.resume(cookie, { ...search, scope: 'one' })).toBeUndefined();
  expect(mine.resume(cookie, search)).toBe(cursor);
  expect(mine.resume(cookie, search)).toBeUndefined();
  expect(mine.resume(Buffer.from('made up'), search)).toBeUndefined();
});
