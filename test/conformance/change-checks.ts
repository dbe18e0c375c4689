/** What changes are reported, and what Windows answers. */
import type { Asking, Check } from './check.ts';
import {
  BareControl,
  DirSyncControl,
  extendedDnOid,
  incrementalValues,
  objectSecurity,
  showDeletedOid,
} from './dir-sync-control.ts';
import { type Followed, follow, type Following, named, shown } from './follow.ts';
import { baseDn, reader, synchroniser } from './targets.ts';

const people = `OU=People,${baseDn}`;
const attributes = ['name', 'title', 'department', 'isDeleted'];
const user = { objectClass: 'user' };
const group = { objectClass: 'group', groupType: '8' };

interface Scene extends Asking {
  readonly unit_: string;
  /** Name of something in the unit. */
  readonly in: (name: string) => string;
}

/** A unit with a person, a follower that has read everything, then what happens and what is reported. */
const after = (
  happens: (scene: Scene) => Promise<unknown>,
  options: Partial<Following> & { readonly as?: string; readonly before?: (scene: Scene) => Promise<unknown> } = {},
): Check['run'] => {
  return async (asking) => {
    const { as = synchroniser, before, ...following } = options;
    const unit = await asking.unit();
    const scene = { ...asking, unit_: unit, in: (name: string) => `CN=${name},${unit}` };
    await asking.changes.create(scene.in('Person'), {
      ...user,
      sAMAccountName: samName(unit, 'p'),
      title: 'Engineer',
      department: 'A',
    });
    await before?.(scene);
    const next = follow(await asking.as(as), { attributes, ...following });
    await next();
    await happens(scene);
    const { entries } = await next();
    return shown(entries, unit);
  };
};
const samName = (unit: string, name: string): string => `${name}${unit.replace(/\D/g, '')}`;
const create = ({ changes, unit_, in: at }: Scene, name: string, given: Record<string, string | string[]> = {}) =>
  changes.create(at(name), { ...user, sAMAccountName: samName(unit_, name.toLowerCase()), ...given });

const identity = { instanceType: ['4'], objectGUID: ['16 bytes'] };
const newName = { ...identity, parentGUID: ['16 bytes'] };

const codes =
  (...searches: readonly (readonly [as: string, flags: number, base: string])[]): Check['run'] =>
  async ({ as }) => {
    const answers: number[] = [];
    for (const [account, flags, base] of searches)
      answers.push((await follow(await as(account), { flags, base, attributes, filter: '(title=Nobody)' })()).code);
    return answers;
  };

/** All that a fresh follower is told about carol. */
const fresh =
  (asked: string[], flags = 0): Check['run'] =>
  async ({ as }) => {
    const next = follow(await as(synchroniser), { flags, attributes: asked, filter: '(sAMAccountName=carol)' });
    return shown((await next()).entries, people);
  };

export const changeChecks: readonly Check[] = [
  // Which attributes, and when an object is reported at all
  {
    name: 'DirSync: from the beginning, what was asked for and the identity',
    run: fresh(['title', 'displayName']),
    windows: [{ 'CN=Carol Clarke,UNIT': { ...identity, displayName: ['Carol Clarke'], title: ['Engineer'] } }],
  },
  {
    name: 'DirSync: who asks for the name is told the parent too',
    run: fresh(['name']),
    windows: [{ 'CN=Carol Clarke,UNIT': { ...newName, name: ['Carol Clarke'] } }],
  },
  { name: 'DirSync: the common name is not told, `name` is', run: fresh(['cn']), windows: [] },
  { name: 'DirSync: the GUID alone is no reason', run: fresh(['objectGUID']), windows: [] },
  { name: 'DirSync: the parent alone is no reason', run: fresh(['parentGUID']), windows: [] },
  {
    name: 'DirSync: the instance type is a reason',
    run: fresh(['instanceType']),
    windows: [{ 'CN=Carol Clarke,UNIT': identity }],
  },
  {
    name: 'DirSync: no back links, and nothing that is not replicated',
    run: fresh(['memberOf', 'uSNChanged', 'whenChanged', 'distinguishedName', 'badPwdCount']),
    windows: [],
  },
  {
    name: 'DirSync: whoever asks for everything is told the same, and more',
    run: async ({ as }) => {
      const next = follow(await as(synchroniser), { filter: '(sAMAccountName=carol)' });
      const [entry] = (await next()).entries;
      const has = (name: string) => entry?.attributes[name] !== undefined;
      return [
        ['objectGUID', 'parentGUID', 'instanceType', 'name', 'mail', 'objectSid', 'whenCreated', 'manager'].every(has),
        ['cn', 'distinguishedName', 'memberOf', 'uSNChanged', 'whenChanged'].some(has),
      ];
    },
    windows: [true, false],
  },
  {
    name: 'DirSync: the head of the configuration is reported in the domain, with the domain as its parent',
    run: async ({ as }) => {
      const next = follow(await as(synchroniser), { attributes: ['name'], filter: '(objectClass=configuration)' });
      return shown((await next()).entries, people).map((entry) =>
        Object.entries(entry).map(([dn, found]) => [dn, Object.keys(found)]),
      );
    },
    windows: [[['CN=Configuration,BASE', ['instanceType', 'name', 'objectGUID', 'parentGUID']]]],
  },
  {
    name: 'DirSync: the container of deleted objects is marked as deleted',
    run: async ({ as }) => {
      const next = follow(await as(synchroniser), { attributes: ['isDeleted'], filter: '(name=Deleted Objects)' });
      return shown((await next()).entries, people).map((entry) => Object.values(entry)[0]?.['isDeleted']);
    },
    windows: [['TRUE']],
  },

  // Changes
  { name: 'DirSync: nothing happened', run: after(async () => undefined), windows: [] },
  {
    name: 'DirSync: only the attribute that changed',
    run: after(({ changes, in: at }) => changes.modify(at('Person'), { title: 'Director' })),
    windows: [{ 'CN=Person,UNIT': { ...identity, title: ['Director'] } }],
  },
  {
    name: 'DirSync: a change of what was not asked for',
    run: after(({ changes, in: at }) => changes.modify(at('Person'), { displayName: 'Somebody' })),
    windows: [],
  },
  {
    name: 'DirSync: several changes are one, and only the last value is told',
    run: after(async ({ changes, in: at }) => {
      await changes.modify(at('Person'), { title: 'Director' });
      await changes.modify(at('Person'), { department: 'B' });
      await changes.modify(at('Person'), { title: 'Chief' });
    }),
    windows: [{ 'CN=Person,UNIT': { ...identity, department: ['B'], title: ['Chief'] } }],
  },
  {
    name: 'DirSync: an attribute that was cleared comes without values',
    run: after(({ changes, in: at }) => changes.modify(at('Person'), { title: [] })),
    windows: [{ 'CN=Person,UNIT': { ...identity, title: [] } }],
  },
  {
    name: 'DirSync: what was set and cleared is told to nobody who begins',
    run: async (asking) => {
      const unit = await asking.unit();
      const dn = `CN=Person,${unit}`;
      const sAMAccountName = samName(unit, 'p');
      await asking.changes.create(dn, { ...user, sAMAccountName, title: 'Engineer', department: 'A' });
      await asking.changes.modify(dn, { title: [] });
      const next = follow(await asking.as(synchroniser), { attributes, filter: `(sAMAccountName=${sAMAccountName})` });
      return shown((await next()).entries, unit);
    },
    windows: [{ 'CN=Person,UNIT': { ...newName, department: ['A'], name: ['Person'] } }],
  },
  {
    name: 'DirSync: a disabled account',
    run: after(({ changes, in: at }) => changes.modify(at('Person'), { userAccountControl: '514' }), {
      attributes: ['userAccountControl'],
      before: ({ changes, in: at }) => changes.modify(at('Person'), { userAccountControl: '544' }),
    }),
    windows: [{ 'CN=Person,UNIT': { ...identity, userAccountControl: ['514'] } }],
  },
  {
    name: 'DirSync: a new object, with what it has',
    run: after((scene) => create(scene, 'New', { title: 'Trainee' })),
    windows: [{ 'CN=New,UNIT': { ...newName, name: ['New'], title: ['Trainee'] } }],
  },
  {
    name: 'DirSync: an object that does not match any more is not reported',
    run: after(({ changes, in: at }) => changes.modify(at('Person'), { title: 'Other' }), {
      filter: '(title=Engineer)',
    }),
    windows: [],
  },

  // Names
  {
    name: 'DirSync: renamed',
    run: after(({ changes, in: at }) => changes.move(at('Person'), at('Renamed'))),
    windows: [{ 'CN=Renamed,UNIT': { ...newName, name: ['Renamed'] } }],
  },
  {
    name: 'DirSync: moved without a new name',
    run: after(({ changes, in: at, unit_ }) => changes.move(at('Person'), `CN=Person,OU=Below,${unit_}`), {
      before: ({ changes, unit_ }) => changes.create(`OU=Below,${unit_}`, { objectClass: 'organizationalUnit' }),
    }),
    windows: [{ 'CN=Person,OU=Below,UNIT': { ...newName, name: ['Person'] } }],
  },
  {
    name: 'DirSync: a unit that was moved is reported, what is in it is not',
    run: after(
      async ({ changes, unit_ }) => {
        await changes.move(`OU=A,${unit_}`, `OU=C,OU=B,${unit_}`);
      },
      {
        before: async ({ changes, in: at, unit_ }) => {
          for (const name of ['A', 'B'])
            await changes.create(`OU=${name},${unit_}`, { objectClass: 'organizationalUnit' });
          await changes.move(at('Person'), `CN=Person,OU=A,${unit_}`);
        },
      },
    ),
    windows: [{ 'OU=C,OU=B,UNIT': { ...newName, name: ['C'] } }],
  },
  {
    name: 'DirSync: nobody is reported because a name in a link changed',
    run: after(({ changes, in: at }) => changes.move(at('Person'), at('Renamed')), {
      attributes: ['member'],
      before: ({ changes, in: at, unit_ }) =>
        changes.create(at('Team'), { ...group, sAMAccountName: samName(unit_, 't'), member: at('Person') }),
    }),
    windows: [],
  },
  {
    name: 'links follow what they point to',
    run: async (asking) => {
      const unit = await asking.unit();
      await asking.changes.create(`OU=A,${unit}`, { objectClass: 'organizationalUnit' });
      await asking.changes.create(`CN=Person,OU=A,${unit}`, { ...user, sAMAccountName: samName(unit, 'p') });
      await asking.changes.create(`CN=Team,${unit}`, {
        ...group,
        sAMAccountName: samName(unit, 't'),
        member: `CN=Person,OU=A,${unit}`,
      });
      await asking.changes.move(`OU=A,${unit}`, `OU=B,${unit}`);
      return shown(
        (await asking.search({ base: unit, filter: '(|(member=*)(memberOf=*))', attributes: ['member', 'memberOf'] }))
          .entries,
        unit,
      );
    },
    windows: [
      { 'CN=Person,OU=B,UNIT': { memberOf: ['CN=Team,UNIT'] } },
      { 'CN=Team,UNIT': { member: ['CN=Person,OU=B,UNIT'] } },
    ],
  },

  // Links
  ...(
    [
      ['whole values', 0],
      ['incremental values', incrementalValues],
    ] as const
  ).flatMap(([form, flags]) => linkChecks(form, flags)),
  {
    name: 'DirSync: from the beginning with incremental values, all members were added',
    run: async ({ as }) => {
      const next = follow(await as(synchroniser), {
        flags: incrementalValues,
        attributes: ['member'],
        filter: '(name=Engineering)',
      });
      return shown((await next()).entries, people);
    },
    windows: [
      {
        [`CN=Engineering,OU=Groups,BASE`]: {
          ...identity,
          'member;range=1-1': ['Bob Baker', 'Carol Clarke', 'Dave Dunn', 'Jürgen Größmann'].map(
            (name) => `CN=${name},UNIT`,
          ),
        },
      },
    ],
  },
  {
    name: 'DirSync: a link with one value is told as a value that came and one that went',
    run: after(({ changes, in: at }) => changes.modify(at('Person'), { manager: at('Second') }), {
      attributes: ['manager'],
      flags: incrementalValues,
      before: async (scene) => {
        for (const name of ['First', 'Second']) await create(scene, name);
        await scene.changes.modify(scene.in('Person'), { manager: scene.in('First') });
      },
    }),
    windows: [
      {
        'CN=Person,UNIT': {
          ...identity,
          'manager;range=0-0': ['CN=First,UNIT'],
          'manager;range=1-1': ['CN=Second,UNIT'],
        },
      },
    ],
  },

  // Deletions
  {
    name: 'DirSync: a tombstone',
    run: after(({ changes, in: at }) => changes.remove(at('Person')), {
      attributes: ['name', 'isDeleted', 'lastKnownParent', 'objectClass', 'sAMAccountName'],
    }),
    windows: [
      {
        'CN=Person\\0ADEL:GUID,CN=Deleted Objects,BASE': {
          ...newName,
          isDeleted: ['TRUE'],
          lastKnownParent: ['UNIT'],
          name: ['Person\\nDEL:GUID'],
        },
      },
    ],
  },
  {
    name: 'DirSync: attributes that a tombstone lost come without values',
    run: after(({ changes, in: at }) => changes.remove(at('Person')), { attributes: ['title', 'isDeleted'] }),
    windows: [{ 'CN=Person\\0ADEL:GUID,CN=Deleted Objects,BASE': { ...identity, isDeleted: ['TRUE'], title: [] } }],
  },
  {
    name: 'DirSync: made and deleted meanwhile',
    run: after(
      async (scene) => {
        await create(scene, 'Short');
        await scene.changes.remove(scene.in('Short'));
      },
      { attributes: ['isDeleted', 'sAMAccountName'], filter: '(objectClass=user)' },
    ),
    windows: [
      {
        'CN=Short\\0ADEL:GUID,CN=Deleted Objects,BASE': {
          ...identity,
          isDeleted: ['TRUE'],
          sAMAccountName: [expect.any(String)],
        },
      },
    ],
  },
  {
    name: 'DirSync: deleted and made again is two objects',
    run: after(
      async (scene) => {
        await scene.changes.remove(scene.in('Person'));
        await create(scene, 'Person', { title: 'Second' });
      },
      { attributes: ['isDeleted', 'title'] },
    ),
    windows: [
      { 'CN=Person,UNIT': { ...identity, title: ['Second'] } },
      { 'CN=Person\\0ADEL:GUID,CN=Deleted Objects,BASE': { ...identity, isDeleted: ['TRUE'], title: [] } },
    ],
  },
  {
    name: 'DirSync: the object category is gone with the object, the class is not',
    run: async (asking) => [
      await after(({ changes, in: at }) => changes.remove(at('Person')), {
        attributes: ['isDeleted'],
        filter: '(objectCategory=person)',
      })(asking),
      (
        (await after(({ changes, in: at }) => changes.remove(at('Person')), {
          attributes: ['isDeleted'],
          filter: '(objectClass=user)',
        })(asking)) as unknown[]
      ).length,
    ],
    windows: [[], 1],
  },
  {
    name: 'DirSync: a group is not reported because a member was deleted',
    run: after(
      async (scene) => {
        await scene.changes.remove(scene.in('Person'));
      },
      {
        attributes: ['member'],
        before: ({ changes, in: at, unit_ }) =>
          changes.create(at('Team'), { ...group, sAMAccountName: samName(unit_, 't'), member: at('Person') }),
      },
    ),
    windows: [],
  },
  {
    name: 'a deleted member is in no group any more',
    run: async (asking) => {
      const unit = await asking.unit();
      await asking.changes.create(`CN=Person,${unit}`, { ...user, sAMAccountName: samName(unit, 'p') });
      await asking.changes.create(`CN=Team,${unit}`, {
        ...group,
        sAMAccountName: samName(unit, 't'),
        member: `CN=Person,${unit}`,
      });
      await asking.changes.remove(`CN=Person,${unit}`);
      return (await asking.search({ base: unit, filter: '(member=*)', attributes: ['1.1'] })).entries.length;
    },
    windows: 0,
  },

  // Who may see what
  {
    name: 'DirSync: without the right it takes the object-security flag',
    run: codes([reader, 0, baseDn], [reader, objectSecurity, baseDn], [synchroniser, 0, baseDn]),
    windows: [50, 0, 0],
  },
  {
    name: 'DirSync: an ordinary account sees changes',
    run: after(({ changes, in: at }) => changes.modify(at('Person'), { title: 'Director' }), {
      as: reader,
      flags: objectSecurity,
    }),
    windows: [{ 'CN=Person,UNIT': { ...identity, title: ['Director'] } }],
  },
  {
    name: 'DirSync: an account that may not read deleted objects sees no deletion',
    run: after(({ changes, in: at }) => changes.remove(at('Person')), { as: reader, flags: objectSecurity }),
    windows: [],
  },
  {
    name: 'DirSync: an account that may read deleted objects sees deletions with the object-security flag',
    run: async (asking) =>
      (
        (await after(({ changes, in: at }) => changes.remove(at('Person')), { flags: objectSecurity })(
          asking,
        )) as unknown[]
      ).length,
    windows: 1,
  },
  {
    name: 'DirSync: the base must be the head of a naming context',
    run: codes(
      [synchroniser, 0, people],
      [synchroniser, objectSecurity, people],
      [synchroniser, 0, `CN=Configuration,${baseDn}`],
    ),
    windows: [50, 53, 0],
  },
  {
    name: 'DirSync: any scope is the whole naming context',
    run: async ({ as }) => {
      const next = follow(await as(synchroniser), {
        scope: 'base',
        attributes: ['title'],
        filter: '(sAMAccountName=carol)',
      });
      return named((await next()).entries, people);
    },
    windows: ['CN=Carol Clarke,UNIT'],
  },
  {
    name: 'DirSync: not without a bind',
    run: async ({ anonymous }) => (await follow(await anonymous(), { attributes })()).code,
    windows: 1,
  },

  // Cookies and rounds
  {
    name: 'DirSync: a cookie that is none',
    run: async ({ as }) => {
      const control = new DirSyncControl(0, Buffer.from('nonsense'), 0);
      const { code, entries } = await (await as(synchroniser)).search({ base: baseDn, controls: [control] });
      return { code, entries: entries.length };
    },
    windows: { code: 12, entries: 0 },
  },
  {
    name: 'DirSync: a cookie is good on another connection, and more than once',
    run: async (asking) => {
      const unit = await asking.unit();
      const first = new DirSyncControl(0, Buffer.alloc(0), 0);
      await (await asking.as(synchroniser)).search({ base: baseDn, attributes: ['name'], controls: [first] });
      await asking.changes.create(`OU=New,${unit}`, { objectClass: 'organizationalUnit' });
      const again = async () => {
        const control = new DirSyncControl(0, first.answered ?? Buffer.alloc(0), 0);
        return named(
          (await (await asking.as(synchroniser)).search({ base: baseDn, attributes: ['name'], controls: [control] }))
            .entries,
          unit,
        );
      };
      return [await again(), await again()];
    },
    windows: [['OU=New,UNIT'], ['OU=New,UNIT']],
  },
  {
    name: 'DirSync: in rounds when there is more than the client takes',
    run: async ({ as }) => {
      const whole = await follow(await as(synchroniser), { attributes: ['title'], filter: '(title=*)' })();
      const parts = await follow(await as(synchroniser), {
        attributes: ['title'],
        filter: '(title=*)',
        maxBytes: 300,
      })();
      return { rounds: parts.rounds > 1, same: same(whole, parts) };
    },
    windows: { rounds: true, same: true },
  },
  {
    name: 'DirSync: with extended names, members are told by GUID',
    run: async ({ as }) => {
      const next = follow(await as(synchroniser), {
        flags: incrementalValues,
        attributes: ['member'],
        filter: '(name=No Mail)',
        controls: [new BareControl(extendedDnOid)],
      });
      const [entry] = (await next()).entries;
      return (entry?.attributes['member;range=1-1'] ?? []).map((value) =>
        String(value).replace(/^<GUID=[0-9a-f]{32}>;<SID=[0-9a-f]+>;CN=Dave Dunn,.*/, 'Dave by GUID and SID'),
      );
    },
    windows: ['Dave by GUID and SID'],
  },

  // Without DirSync
  {
    name: 'changed objects are found by USN, deleted ones when asked for',
    run: async (asking) => {
      const unit = await asking.unit();
      const connection = await asking.as(synchroniser);
      const usn = async () =>
        Number(
          (await connection.search({ base: '', scope: 'base', attributes: ['highestCommittedUSN'] })).entries[0]
            ?.attributes['highestCommittedUSN']?.[0],
        );
      for (const name of ['A', 'B', 'C'])
        await asking.changes.create(`OU=${name},${unit}`, { objectClass: 'organizationalUnit' });
      const before = await usn();
      await asking.changes.modify(`OU=A,${unit}`, { description: 'changed' });
      await asking.changes.remove(`OU=B,${unit}`);
      const changed = async (deleted: boolean) =>
        named(
          (
            await connection.search({
              base: baseDn,
              filter: `(uSNChanged>=${before + 1})`,
              attributes: ['1.1'],
              controls: deleted ? [new BareControl(showDeletedOid)] : [],
            })
          ).entries,
          unit,
        );
      return { higher: (await usn()) > before, live: await changed(false), all: await changed(true) };
    },
    windows: {
      higher: true,
      live: ['OU=A,UNIT'],
      all: ['OU=A,UNIT', 'OU=B\\0ADEL:GUID,CN=Deleted Objects,BASE'],
    },
  },
  {
    name: 'deleted objects are there for those who ask and may',
    run: async (asking) => {
      const unit = await asking.unit();
      const sAMAccountName = samName(unit, 'gone');
      await asking.changes.create(`CN=Gone,${unit}`, { ...user, sAMAccountName, title: 'Engineer' });
      await asking.changes.remove(`CN=Gone,${unit}`);
      const search = async (account: string, deleted: boolean) =>
        shown(
          (
            await (
              await asking.as(account)
            ).search({
              base: baseDn,
              filter: `(sAMAccountName=${sAMAccountName})`,
              attributes: ['isDeleted', 'title', 'lastKnownParent'],
              controls: deleted ? [new BareControl(showDeletedOid)] : [],
            })
          ).entries,
          unit,
        );
      return [await search(synchroniser, false), await search(reader, true), await search(synchroniser, true)];
    },
    windows: [
      [],
      [],
      [{ 'CN=Gone\\0ADEL:GUID,CN=Deleted Objects,BASE': { isDeleted: ['TRUE'], lastKnownParent: ['UNIT'] } }],
    ],
  },
];

function linkChecks(form: string, flags: number): Check[] {
  const whole = flags === 0;
  const team =
    (members: string[]) =>
    ({ changes, in: at, unit_ }: Scene) =>
      changes.create(at('Team'), {
        ...group,
        sAMAccountName: samName(unit_, 't'),
        ...(members.length === 0 ? {} : { member: members.map(at) }),
      });
  const two = async (scene: Scene) => {
    await create(scene, 'Other');
    await team(['Person', 'Other'])(scene);
  };
  const options = { flags, attributes: ['member'] };
  const reported = (members: Record<string, string[]>) => [{ 'CN=Team,UNIT': { ...identity, ...members } }];
  return [
    {
      name: `DirSync with ${form}: a member was added`,
      run: after(({ changes, in: at }) => changes.addValues(at('Team'), { member: at('Other') }), {
        ...options,
        before: async (scene) => {
          await create(scene, 'Other');
          await team(['Person'])(scene);
        },
      }),
      windows: reported(
        whole ? { member: ['CN=Other,UNIT', 'CN=Person,UNIT'] } : { 'member;range=1-1': ['CN=Other,UNIT'] },
      ),
    },
    {
      name: `DirSync with ${form}: a member was removed`,
      run: after(({ changes, in: at }) => changes.removeValues(at('Team'), { member: at('Other') }), {
        ...options,
        before: two,
      }),
      windows: reported(whole ? { member: ['CN=Person,UNIT'] } : { 'member;range=0-0': ['CN=Other,UNIT'] }),
    },
    {
      name: `DirSync with ${form}: the last member was removed`,
      run: after(({ changes, in: at }) => changes.modify(at('Team'), { member: [] }), {
        ...options,
        before: team(['Person']),
      }),
      windows: reported(whole ? { member: [] } : { 'member;range=0-0': ['CN=Person,UNIT'] }),
    },
    {
      name: `DirSync with ${form}: a member was removed and added again`,
      run: after(
        async ({ changes, in: at }) => {
          await changes.removeValues(at('Team'), { member: at('Other') });
          await changes.addValues(at('Team'), { member: at('Other') });
        },
        { ...options, before: two },
      ),
      windows: reported(
        whole ? { member: ['CN=Other,UNIT', 'CN=Person,UNIT'] } : { 'member;range=1-1': ['CN=Other,UNIT'] },
      ),
    },
    {
      name: `DirSync with ${form}: another change of the group does not repeat its members`,
      run: after(({ changes, in: at }) => changes.modify(at('Team'), { description: 'Team' }), {
        flags,
        attributes: ['member', 'description'],
        before: two,
      }),
      windows: reported({ description: ['Team'] }),
    },
  ];
}

const same = (a: Followed, b: Followed): boolean =>
  JSON.stringify(named(a.entries, '')) === JSON.stringify(named(b.entries, ''));
