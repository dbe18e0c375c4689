/** Organisations and directories beside each other: none is slower for the others. */
import { sql } from 'kysely';
import { account, threeForests } from '../lab/forests.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

/** Rows of all tables that statements have looked at. */
async function rowsLookedAt(): Promise<number> {
  await sql`select pg_stat_force_next_flush()`.execute(lab.owner);
  const { rows } = await sql<{ rows: string }>`select sum(coalesce(idx_tup_fetch, 0) + seq_tup_read) as rows from pg_stat_user_tables`.execute(lab.owner);
  return Number(rows[0]?.rows);
}

const PEOPLE = 2000;
const PAGE = 500;

test('the first reading of a directory looks at no more rows because others were read before', async () => {
  const looked: number[] = [];
  for (const organisation of [1, 2, 3]) {
    const forests = await threeForests(lab);
    for (const forest of ['one', 'two'] as const) {
      const before = await rowsLookedAt();
      const post = await forests.begin(forest);
      for (let from = 0; from < PEOPLE; from += PAGE) {
        const entries = Array.from({ length: PAGE }, (_, index) =>
          account(forest, from + index + 1, `Person ${from + index}`, { attributes: { mail: [`p${from + index}@${forest}${organisation}.example`] } }),
        );
        await post({ entries, last: from + PAGE >= PEOPLE });
      }
      looked.push((await rowsLookedAt()) - before);
    }
  }
  // Some twenty for each object; an index that does not find it looks at thousands.
  expect(Math.max(...looked)).toBeLessThan(PEOPLE * 60);
}, 120_000);
