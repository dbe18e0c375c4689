import type { Attributes } from './model.ts';
import { DirectoryStore } from './store.ts';

const base = 'DC=a,DC=test';
const ann = `CN=Ann,OU=A,${base}`;
const ben = `CN=Ben,OU=A,${base}`;
const team = `CN=Team,${base}`;
const user = { objectClass: ['top', 'person', 'user'] };
const newStore = (): DirectoryStore =>
  new DirectoryStore({
    dnsName: 'a.test',
    netbiosName: 'A',
    domainSid: 'S-1-5-21-1-2-3',
    passwords: {},
    objects: [
      { dn: `OU=A,${base}`, attributes: { objectClass: ['top', 'organizationalUnit'] } },
      { dn: ann, attributes: { ...user, title: 'Engineer', manager: ben } },
      { dn: ben, attributes: { ...user, mail: 'ben@a.test' } },
      { dn: team, attributes: { objectClass: ['top', 'group'], member: [ann, ben] } },
    ],
  });
const of = (store: DirectoryStore, dn: string, name: string): string[] => {
  const object = store.find(dn);
  return object === undefined || object === null
    ? []
    : store.values(object, name).map((value) => (typeof value === 'string' ? value : value.toString('hex')));
};
const guidOf = (store: DirectoryStore, dn: string): Buffer => Buffer.from(of(store, dn, 'objectGUID')[0] ?? '', 'hex');
const dns = (store: DirectoryStore): string[] =>
  [...store.objects()].map(({ dn }) => dn).filter((dn) => /^(CN=(Ann|Ben|Team)|OU)/.test(dn));

describe('a change', () => {
  test('that changes nothing has no USN', () => {
    const store = newStore();
    const before = store.highestCommittedUsn;
    store.editor.modify(ann, { title: 'Engineer', manager: ben.toLowerCase() });
    store.editor.addValues(team, { member: ann.toUpperCase() });
    store.editor.removeValues(team, { member: `CN=Nobody,${base}` });
    expect(store.highestCommittedUsn).toBe(before);
  });

  test('takes attributes by any spelling, and refuses those that the schema does not know', () => {
    const store = newStore();
    store.editor.modify(ann, { TITLE: 'Director' });
    expect(of(store, ann, 'title')).toEqual(['Director']);
    expect(() => store.editor.modify(ann, { noSuchAttribute: 'x' })).toThrow('noSuchAttribute');
  });

  test.each<[string, (store: DirectoryStore) => void]>([
    ['modify', (store) => store.editor.modify(`CN=Nobody,${base}`, { title: 'x' })],
    ['move', (store) => store.editor.move(`CN=Nobody,${base}`, ann)],
    ['remove', (store) => store.editor.remove(`CN=Nobody,${base}`)],
  ])('of what is not there is refused: %s', (_, change) => {
    expect(() => change(newStore())).toThrow('no such object');
  });
});

describe('a move', () => {
  test('takes along what lies below, and every value that points there', () => {
    const store = newStore();
    const usn = store.highestCommittedUsn;
    store.editor.move(`OU=A,${base}`, `OU=B,${base}`);
    expect(store.highestCommittedUsn).toBe(usn + 1);
    expect(dns(store)).toEqual([`OU=B,${base}`, `CN=Ann,OU=B,${base}`, `CN=Ben,OU=B,${base}`, team]);
    expect(of(store, team, 'member')).toEqual([`CN=Ann,OU=B,${base}`, `CN=Ben,OU=B,${base}`]);
    expect(of(store, `CN=Ann,OU=B,${base}`, 'manager')).toEqual([`CN=Ben,OU=B,${base}`]);
    expect(of(store, `CN=Ben,OU=B,${base}`, 'directReports')).toEqual([`CN=Ann,OU=B,${base}`]);
  });

  test('is refused where there is another object, and below itself', () => {
    const store = newStore();
    expect(() => store.editor.move(ann, ben)).toThrow('there is an object');
    expect(() => store.editor.move(`OU=A,${base}`, `OU=A,OU=A,${base}`)).toThrow('lies below');
  });

  test('to another spelling of the same name is a rename', () => {
    const store = newStore();
    store.editor.move(ann, `CN=ANN,OU=A,${base}`);
    expect(of(store, ann, 'name')).toEqual(['ANN']);
    expect(of(store, team, 'member')[0]).toBe(`CN=ANN,OU=A,${base}`);
  });
});

describe('a deletion', () => {
  test('takes what lies below, leaves tombstones, and ends links to them', () => {
    const store = newStore();
    const [id, parent] = [guidOf(store, ann).toString('hex'), guidOf(store, `OU=A,${base}`).toString('hex')];
    store.editor.remove(`OU=A,${base}`);
    expect(dns(store)).toEqual([team]);
    expect(of(store, team, 'member')).toEqual([]);
    const tombstone = store.byId(id);
    expect(tombstone?.dn).toMatch(/^CN=Ann\\0ADEL:[0-9a-f-]{36},CN=Deleted Objects,DC=a,DC=test$/);
    expect(Object.keys(tombstone?.attributes ?? {})).toEqual(
      expect.arrayContaining(['isDeleted', 'objectSid', 'objectClass', 'lastKnownParent']),
    );
    expect(tombstone?.attributes).not.toHaveProperty('title');
    expect(tombstone?.attributes).not.toHaveProperty('manager');
    // The parent was deleted after it, and is still the one it was in.
    expect(tombstone?.attributes['lastKnownParent']).toEqual([store.byId(parent)?.dn]);
  });

  test('and a new object with the same name are two objects', () => {
    const store = newStore();
    const [guid, sid] = [guidOf(store, ann), of(store, ann, 'objectSid')];
    store.editor.remove(ann);
    store.editor.put({ dn: ann, attributes: user });
    expect(guidOf(store, ann)).not.toEqual(guid);
    expect(of(store, ann, 'objectSid')).not.toEqual(sid);
    expect(of(store, ann, 'memberOf')).toEqual([]);
  });

  test('of everything that was deleted, in the end, leaves nothing', () => {
    const store = newStore();
    const id = guidOf(store, ann).toString('hex');
    store.editor.remove(ann);
    store.expireTombstones();
    expect(store.byId(id)).toBeUndefined();
    expect(store.expiredUsn).toBe(store.highestCommittedUsn);
  });
});

describe('putting an object', () => {
  const put = (store: DirectoryStore, dn: string, attributes: Attributes) =>
    store.editor.put({ dn, attributes: { ...user, ...attributes } });

  test('where there is one replaces its attributes, and it stays the same object', () => {
    const store = newStore();
    const before = [guidOf(store, ann), of(store, ann, 'objectSid'), of(store, ann, 'whenCreated')];
    put(store, ann, { title: 'Director' });
    expect([guidOf(store, ann), of(store, ann, 'objectSid'), of(store, ann, 'whenCreated')]).toEqual(before);
    expect([of(store, ann, 'title'), of(store, ann, 'manager')]).toEqual([['Director'], []]);
    expect(of(store, ann, 'memberOf')).toEqual([team]);
  });

  test('with the GUID of another moves that one, and deletes what has the name', () => {
    const store = newStore();
    put(store, ben, { objectGUID: guidOf(store, ann) });
    expect(dns(store)).toEqual([`OU=A,${base}`, ben, team]);
    expect(of(store, team, 'member')).toEqual([ben]);
  });

  test('with the GUID of a deleted one brings it back, without its links', () => {
    const store = newStore();
    const guid = guidOf(store, ann);
    store.editor.remove(ann);
    put(store, ann, { objectGUID: guid });
    expect(guidOf(store, ann)).toEqual(guid);
    expect([of(store, ann, 'isDeleted'), of(store, ann, 'memberOf')]).toEqual([[], []]);
  });
});

test('a backup is the state of its moment', () => {
  const store = newStore();
  const backup = store.backup();
  const before = JSON.stringify([...store.objects()]);
  store.editor.move(`OU=A,${base}`, `OU=B,${base}`);
  store.editor.remove(`CN=Ann,OU=B,${base}`);
  store.restore(backup, 'kept');
  expect(JSON.stringify([...store.objects()])).toBe(before);
  expect(of(store, ann, 'memberOf')).toEqual([team]);
});
