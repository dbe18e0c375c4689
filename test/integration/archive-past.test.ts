/** The directory as it was: the same answers as were given then. */
import fc from 'fast-check';
import { sql } from 'kysely';
import { listGroupMembers } from '../../src/archive/group-members.ts';
import { findGroup, listGroups } from '../../src/archive/groups.ts';
import { lookBack } from '../../src/archive/past.ts';
import { findPerson, listPeople } from '../../src/archive/people.ts';
import type { OrganisationTransaction } from '../../src/archive/database.ts';
import { InvalidInputError, NotFoundError } from '../../src/archive/record-errors.ts';
import type { DirectoryEntry, DirectoryMembers } from '../../src/shared/directory.ts';
import { account, dnOf, type ForestName, forestNames, type Forests, group, guidOf, linkedMailbox, sidOf, threeForests } from '../lab/forests.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

const seed = Number(process.env['LOCKSTEP_SEED'] ?? Date.now() % 2 ** 31);

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

const clock = async (): Promise<Date> => {
  const { rows } = await sql<{ at: Date }>`select clock_timestamp() as at`.execute(lab.owner);
  const [row] = rows;
  if (row === undefined) throw new Error('no clock');
  return row.at;
};

/** Everything that people see, but for when a row was touched. */
async function answers(tx: OrganisationTransaction) {
  const people = (await listPeople(tx, { limit: 500 })).items;
  const groups = (await listGroups(tx, { limit: 500 })).items;
  const addresses = new Set<string>();
  const details = [];
  for (const { id } of people) {
    const { changedAt: _, missingSince, ...person } = await findPerson(tx, id);
    for (const { address } of person.addresses) addresses.add(address);
    details.push({ ...person, missing: missingSince !== null });
  }
  for (const { id } of groups) {
    const { changedAt: _, ...shown } = await findGroup(tx, id);
    details.push({ ...shown, direct: (await listGroupMembers(tx, id, { limit: 500 })).items, effective: (await listGroupMembers(tx, id, { limit: 500, effective: true })).items });
  }
  const holders: Record<string, string> = {};
  for (const address of addresses) holders[address] = (await findPerson(tx, address)).id;
  return { people, groups, details, holders, found: (await listPeople(tx, { limit: 500, search: 'per' })).items };
}

interface Change {
  readonly forest: ForestName;
  readonly rid: number;
  readonly what: 'absent' | 'renamed' | 'disabled' | 'linked' | 'title' | 'address' | 'member';
  readonly to: number;
}
const change: fc.Arbitrary<Change> = fc.record({
  forest: fc.constantFrom(...forestNames),
  rid: fc.integer({ min: 1, max: 3 }),
  what: fc.constantFrom('absent', 'renamed', 'disabled', 'linked', 'title', 'address', 'member'),
  to: fc.integer({ min: 0, max: 3 }),
});

/** What a forest holds after these changes. */
function content(forest: ForestName, changes: readonly Change[]): { entries: DirectoryEntry[]; members: DirectoryMembers[] } {
  const last = (rid: number, what: Change['what']) => changes.findLast((one) => one.forest === forest && one.rid === rid && one.what === what)?.to ?? 0;
  const nameOf = (rid: number) => `Person ${rid}${'abcd'[last(rid, 'renamed')] ?? ''}`;
  const present = [1, 2, 3].filter((rid) => last(rid, 'absent') % 2 === 0);
  const entries = present.map((rid) => {
    const dn = dnOf(forest, nameOf(rid));
    const common = { displayName: [nameOf(rid)], title: [`Title ${last(rid, 'title')}`] };
    if (forest === 'mail') {
      const master = last(rid, 'linked') === 0 ? 'S-1-5-10' : sidOf(last(rid, 'linked') % 2 === 0 ? 'one' : 'two', rid);
      return linkedMailbox(rid, master, { dn, attributes: { ...common, proxyAddresses: [`SMTP:m${rid}@mail.example`, `smtp:x${last(rid, 'address')}@mail.example`] } });
    }
    return account(forest, rid, nameOf(rid), {
      dn,
      attributes: { ...common, mail: [`p${rid}.${last(rid, 'address')}@${forest}.example`], userAccountControl: [last(rid, 'disabled') % 2 === 0 ? '512' : '514'] },
    });
  });
  const dns = present.filter((rid) => last(rid, 'member') % 2 === 0).map((rid) => dnOf(forest, nameOf(rid)));
  const staff = group(forest, 50, `Staff ${forest}`);
  const all = group(forest, 51, `All ${forest}`);
  return {
    entries: [...entries, staff, all],
    members: [
      { guid: guidOf(forest, 50), dns, last: true },
      { guid: guidOf(forest, 51), dns: [dnOf(forest, `Staff ${forest}`), dnOf(forest === 'one' ? 'two' : 'one', 'Person 1')], last: true },
    ],
  };
}

test('at any moment of the past the answers are those that were given then', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }), async (rounds) => {
      const forests = await threeForests(lab);
      const moments: { at: Date; answers: Awaited<ReturnType<typeof answers>> }[] = [];
      const remember = async () => {
        const now = await forests.inside(answers);
        moments.push({ at: await clock(), answers: now });
      };
      const done: Change[] = [];
      for (const forest of forestNames) await forests.read(forest, content(forest, []).entries, content(forest, []).members);
      await remember();
      for (const round of rounds) {
        done.push(...round);
        for (const forest of new Set(round.map((one) => one.forest))) {
          const { entries, members } = content(forest, done);
          await forests.read(forest, entries, members);
          await remember();
        }
      }
      for (const moment of moments) {
        const then = await forests.inside(async (tx) => {
          await lookBack(tx, moment.at);
          return answers(tx);
        });
        expect(then).toEqual(moment.answers);
      }
    }),
    { numRuns: Number(process.env['LOCKSTEP_RUNS'] ?? 4), seed },
  );
}, 120_000);

describe('looking back', () => {
  let forests: Forests;
  beforeAll(async () => {
    forests = await threeForests(lab);
    await forests.read('one', content('one', []).entries);
  });
  const at = (moment: Date) => forests.inside((tx) => lookBack(tx, moment));

  test('is refused for the future, and for before anything was read', async () => {
    await expect(at(new Date('2999-01-01T00:00:00Z'))).rejects.toThrow(new InvalidInputError([{ path: '/at', message: 'is in the future' }]));
    await expect(at(new Date('2001-01-01T00:00:00Z'))).rejects.toThrow(/before anything was read/);
    const empty = await threeForests(lab);
    await expect(empty.inside(async (tx) => lookBack(tx, await clock().then((now) => new Date(now.getTime() - 1000))))).rejects.toThrow(/nothing has been read yet/);
  });

  test('sees nothing of another organisation', async () => {
    const other = await threeForests(lab);
    await other.read('one', content('one', []).entries);
    const now = await clock();
    const anna = await other.person('p1.0@one.example');
    await expect(forests.inside(async (tx) => {
      await lookBack(tx, now);
      return findPerson(tx, anna.id);
    })).rejects.toThrow(NotFoundError);
  });

  test('changes nothing', async () => {
    const now = await clock();
    await expect(forests.inside(async (tx) => {
      await lookBack(tx, now);
      await sql`delete from public.directory_address`.execute(tx);
    })).rejects.toThrow(/read-only transaction/);
  });

  test('a reading that finds nothing new keeps nothing', async () => {
    const count = async () => {
      const { rows } = await sql<{ rows: string }>`
        select (select count(*) from directory_object_past) + (select count(*) from directory_address_past) + (select count(*) from directory_member_past)
          + (select count(*) from directory_name_ending_past) + (select count(*) from directory_sid_past) + (select count(*) from person_past) as rows`.execute(lab.owner);
      return Number(rows[0]?.rows);
    };
    await forests.read('one', content('one', []).entries);
    const before = await count();
    await forests.read('one', content('one', []).entries);
    expect(await count()).toBe(before);
  });
});
