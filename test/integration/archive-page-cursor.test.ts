import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { withOrganisation } from '../../src/archive/database.ts';
import { commitPage, type CursorPosition, openDeltaEpoch, openEpoch, pageHash } from '../../src/archive/page-cursor.ts';
import type { OrganisationId } from '../../src/shared/ids.ts';
import type { PageAnswer } from '../../src/shared/site-contract.ts';
import { anOrganisation } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

const scope = 'things';
const itemsPerPage = 3;
const seed = Number(process.env['LOCKSTEP_SEED'] ?? Date.now() % 2 ** 31);

let lab: LabDatabase;
let organisation: OrganisationId;
beforeAll(async () => {
  lab = await freshDatabase();
  organisation = (await anOrganisation(lab.owner)).id;
  // The smallest archive there can be: what is there, which epoch saw it, and a row for each page that took effect.
  await sql`create table thing (owner uuid, key int, value int not null, epoch bigint not null, missing boolean not null, primary key (owner, key))`.execute(
    lab.owner,
  );
  await sql`create table effect (owner uuid, epoch bigint, seq bigint, primary key (owner, epoch, seq))`.execute(
    lab.owner,
  );
  await sql`grant select, insert, update on thing, effect to lockstep_app`.execute(lab.owner);
});
afterAll(() => lab.close());

type Things = ReadonlyMap<number, number>;
interface Page {
  readonly items: readonly (readonly [key: number, value: number])[];
  readonly last: boolean;
}
class CrashedInside extends Error {}

/** A reader with a source, whose attempts may overlap. */
function reader(owner: string) {
  const source = new Map<number, number>();

  const open = () => withOrganisation(lab.app, organisation, (tx) => openEpoch(tx, { owner, scope }));
  const post = (at: CursorPosition, page: Page, crash = false): Promise<PageAnswer> =>
    withOrganisation(lab.app, organisation, (tx) =>
      commitPage(
        tx,
        { owner, scope, ...at, hash: pageHash(Buffer.from(JSON.stringify(page))), last: page.last },
        async () => {
          await sql`insert into effect values (${owner}, ${at.epoch}, ${at.seq})`.execute(tx);
          for (const [key, value] of page.items) {
            await sql`insert into thing values (${owner}, ${key}, ${value}, ${at.epoch}, false)
            on conflict (owner, key) do update set value = excluded.value, epoch = excluded.epoch, missing = false`.execute(
              tx,
            );
          }
          if (page.last)
            await sql`update thing set missing = true where owner = ${owner} and epoch <> ${at.epoch}`.execute(tx);
          if (crash) throw new CrashedInside();
        },
      ),
    );
  const cursor = () =>
    lab.owner
      .selectFrom('page_cursor')
      .selectAll()
      .where('owner', '=', owner)
      .where('scope', '=', scope)
      .executeTakeFirst();
  const present = async (): Promise<Things> => {
    const { rows } = await sql<{
      key: number;
      value: number;
    }>`select key, value from thing where owner = ${owner} and not missing`.execute(lab.owner);
    return new Map(rows.map((row) => [row.key, row.value]));
  };

  /** One attempt: builds each page when it gets there, so a change of the source may fall into the middle of a reading. */
  const attempt = async () => {
    const { epoch } = await open();
    const pages: Page[] = [];
    let seq = 0;
    let stopped = false;
    const build = (): Page => {
      const after = pages.at(-1)?.items.at(-1)?.[0] ?? -1;
      const rest = [...source].filter(([key]) => key > after).sort(([a], [b]) => a - b);
      return { items: rest.slice(0, itemsPerPage), last: rest.length <= itemsPerPage };
    };
    const next = () => (pages[seq] ??= build());
    return {
      epoch,
      pages,
      get over() {
        return stopped || pages[seq - 1]?.last === true;
      },
      async step(fault?: 'answer-lost' | 'crash'): Promise<void> {
        if (this.over) return;
        const answer = await post({ epoch, seq }, next(), fault === 'crash').catch((error: unknown) => {
          if (error instanceof CrashedInside) return undefined;
          throw error;
        });
        if (answer === undefined || fault === 'answer-lost') return;
        if (answer.outcome === 'superseded') stopped = true;
        else seq = answer.seq;
      },
      async repeat(index: number): Promise<void> {
        const page = pages[index % Math.max(1, pages.length)];
        if (page !== undefined) await post({ epoch, seq: pages.indexOf(page) }, page).catch(ignoreComplete);
      },
    };
  };
  return { source, open, post, cursor, present, attempt };
}
const ignoreComplete = (error: unknown): undefined => {
  if (error instanceof Error && 'code' in error && error.code === 'cursor.epoch-complete') return undefined;
  throw error;
};

type Action =
  | { readonly do: 'open' }
  | { readonly do: 'step'; readonly attempt: number; readonly fault?: 'answer-lost' | 'crash' }
  | { readonly do: 'repeat'; readonly attempt: number; readonly page: number }
  | { readonly do: 'together'; readonly attempts: readonly [number, number]; readonly alsoOpen: boolean }
  | { readonly do: 'change'; readonly key: number; readonly value: number | null };

const which = fc.nat({ max: 5 });
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('open') }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('step'), attempt: which }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('step'), attempt: which, fault: fc.constantFrom('answer-lost', 'crash') }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('repeat'), attempt: which, page: fc.nat({ max: 6 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('together'), attempts: fc.tuple(which, which), alsoOpen: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('change'),
      key: fc.nat({ max: 15 }),
      value: fc.option(fc.nat({ max: 99 })),
    }),
  },
);

test(`any order of pages, repeats, overlaps, lost answers and resets ends in the state of the source (LOCKSTEP_SEED=${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 60, size: 'max' }),
      fc.array(fc.tuple(which, fc.nat({ max: 6 })), { maxLength: 12 }),
      async (actions, echoes) => {
        const things = reader(randomUUID());
        const attempts: Awaited<ReturnType<typeof things.attempt>>[] = [];
        const at = (index: number) => attempts[index % Math.max(1, attempts.length)];
        let before = { epoch: 0, seq: 0, completed: 0 };

        for (const todo of actions) {
          switch (todo.do) {
            case 'open':
              attempts.push(await things.attempt());
              break;
            case 'step':
              await at(todo.attempt)?.step(todo.fault);
              break;
            case 'repeat':
              await at(todo.attempt)?.repeat(todo.page);
              break;
            case 'together': {
              const opening = todo.alsoOpen ? things.attempt() : undefined;
              await Promise.all(todo.attempts.map(async (attempt) => at(attempt)?.step()));
              if (opening !== undefined) attempts.push(await opening);
              break;
            }
            case 'change':
              if (todo.value === null) things.source.delete(todo.key);
              else things.source.set(todo.key, todo.value);
              break;
          }
          const row = await things.cursor();
          if (row === undefined) continue;
          const now = { epoch: Number(row.epoch), seq: Number(row.seq), completed: Number(row.completed_epoch) };
          expect(now.epoch > before.epoch || (now.epoch === before.epoch && now.seq >= before.seq)).toBe(true);
          expect(now.completed).toBeGreaterThanOrEqual(before.completed);
          expect(now.completed).toBeLessThanOrEqual(now.epoch);
          before = now;
        }

        // The source is quiet now: one more attempt goes through, while late pages of the others keep arriving.
        const final = await things.attempt();
        for (let turn = 0; !final.over; turn++) {
          const echo = echoes[turn];
          await Promise.all([final.step(), echo === undefined ? undefined : at(echo[0])?.repeat(echo[1])]);
        }
        for (const [attempt, page] of echoes) await at(attempt)?.repeat(page);
        expect(await things.present()).toEqual(things.source);
      },
    ),
    { seed, numRuns: 100 },
  );
}, 240_000);

test('a page and its cursor are committed together or not at all', async () => {
  const things = reader(randomUUID());
  const { epoch } = await things.open();
  const page = { items: [[1, 10]], last: true } as const;
  await expect(things.post({ epoch, seq: 0 }, page, true)).rejects.toThrow(CrashedInside);
  expect(await things.present()).toEqual(new Map());
  expect(await things.cursor()).toMatchObject({ seq: '0', completed_epoch: '0' });
  expect(await things.post({ epoch, seq: 0 }, page)).toEqual({ outcome: 'applied', seq: 1 });
  expect(await things.cursor()).toMatchObject({ seq: '1', completed_epoch: String(epoch) });
});

test('the page committed last is recognised by its hash; other contents at its place are stale', async () => {
  const things = reader(randomUUID());
  const { epoch } = await things.open();
  const page: Page = { items: [[1, 10]], last: false };
  await things.post({ epoch, seq: 0 }, page);
  expect(await things.post({ epoch, seq: 0 }, page)).toEqual({ outcome: 'already-applied', seq: 1 });
  expect(await things.post({ epoch, seq: 0 }, { ...page, items: [[1, 11]] })).toEqual({ outcome: 'stale', seq: 1 });
  expect(await things.post({ epoch, seq: 7 }, page)).toEqual({ outcome: 'stale', seq: 1 });
  expect(await things.present()).toEqual(new Map([[1, 10]]));
});

test('a page of an older epoch is superseded, of an epoch never opened refused', async () => {
  const things = reader(randomUUID());
  const page: Page = { items: [[1, 10]], last: true };
  await expect(things.post({ epoch: 1, seq: 0 }, page)).rejects.toMatchObject({
    code: 'cursor.unknown-epoch',
    class: 'CursorInvalid',
  });
  const first = await things.open();
  const second = await things.open();
  expect(await things.post(first, page)).toEqual({ outcome: 'superseded', epoch: second.epoch });
  await expect(things.post({ epoch: second.epoch + 1, seq: 0 }, page)).rejects.toMatchObject({
    code: 'cursor.unknown-epoch',
  });
  expect(await things.present()).toEqual(new Map());
});

test('a complete epoch takes no further page', async () => {
  const things = reader(randomUUID());
  const { epoch } = await things.open();
  const page: Page = { items: [[1, 10]], last: true };
  await things.post({ epoch, seq: 0 }, page);
  await expect(things.post({ epoch, seq: 1 }, { items: [], last: true })).rejects.toMatchObject({
    code: 'cursor.epoch-complete',
  });
  expect(await things.present()).toEqual(new Map([[1, 10]]));
});

test('of many senders of one page at once one applies it and the others learn that it is applied', async () => {
  const things = reader(randomUUID());
  const { epoch } = await things.open();
  const page: Page = {
    items: [
      [1, 10],
      [2, 20],
    ],
    last: false,
  };
  const answers = await Promise.all(Array.from({ length: 6 }, () => things.post({ epoch, seq: 0 }, page)));
  expect(answers.map((answer) => answer.outcome).sort()).toEqual([
    'already-applied',
    'already-applied',
    'already-applied',
    'already-applied',
    'already-applied',
    'applied',
  ]);
});

test('cursors of other owners and scopes are left alone', async () => {
  const [one, other] = [reader(randomUUID()), reader(randomUUID())];
  await one.open();
  await other.open();
  await other.open();
  expect(await one.cursor()).toMatchObject({ epoch: '1' });
  expect(await other.cursor()).toMatchObject({ epoch: '2' });
});

test('an epoch of changes begins with a value, moves it with each page, has no end, and is superseded by the next', async () => {
  const key = { owner: randomUUID(), scope };
  const reopen = (value: Buffer | null) => withOrganisation(lab.app, organisation, (tx) => openDeltaEpoch(tx, key, value));
  const cursor = () => lab.owner.selectFrom('page_cursor').selectAll().where('owner', '=', key.owner).executeTakeFirstOrThrow();
  const post = (at: CursorPosition, value: string) =>
    withOrganisation(lab.app, organisation, (tx) => commitPage(tx, { ...key, ...at, hash: pageHash(Buffer.from(value)), last: false, value: Buffer.from(value) }, async () => undefined));
  const first = await reopen(Buffer.from('a'));
  expect(await cursor()).toMatchObject({ phase: 'delta', value: Buffer.from('a'), completed_epoch: '0' });
  expect(await post(first, 'b')).toEqual({ outcome: 'applied', seq: 1 });
  expect(await post({ ...first, seq: 1 }, 'c')).toEqual({ outcome: 'applied', seq: 2 });
  expect(await cursor()).toMatchObject({ value: Buffer.from('c'), completed_epoch: '0' });
  const second = await reopen(null);
  expect(await post({ ...first, seq: 2 }, 'd')).toEqual({ outcome: 'superseded', epoch: second.epoch });
  expect(await cursor()).toMatchObject({ value: null });
});
