import { migrate } from '../../src/archive/migrate.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

test('a second migration applies nothing', async () => {
  expect(await migrate(lab.owner)).toEqual([]);
});

test('a database of a newer version is refused with what to do', async () => {
  await lab.owner
    .insertInto('kysely_migration' as never)
    .values({ name: "9999_future", timestamp: "later" })
    .execute();
  await expect(migrate(lab.owner)).rejects.toMatchObject({ code: 'database.newer', class: 'ConfigInvalid' });
});
