/** Two organisations in one database: neither reads or writes anything of the other, by a store function or by SQL. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { type OrganisationTransaction, withOrganisation } from '../../src/archive/database.ts';
import { commitDirectoryPage, openDirectoryReading } from '../../src/archive/directory-reading.ts';
import { listGroupMembers } from '../../src/archive/group-members.ts';
import { findGroup, listGroups } from '../../src/archive/groups.ts';
import { commitPage, openEpoch } from '../../src/archive/page-cursor.ts';
import { findPerson, listPeople } from '../../src/archive/people.ts';
import { listPlanEntries } from '../../src/archive/plans.ts';
import { listOpenProblems } from '../../src/archive/problems.ts';
import { findOpenRunOfSite, saveRunError, saveRunReport } from '../../src/archive/site-runs.ts';
import { aDirectory, aRun, directoryPage, endRun, groupEntry, membersOf, userEntry } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { openReading, postChanges, readAll } from '../lab/reading.ts';

const tables = [
  'organisation',
  'site',
  'directory_integration',
  'run',
  'page_cursor',
  'directory_object',
  'directory_sighting',
  'directory_address',
  'directory_name_ending',
  'directory_former_name',
  'directory_tombstone',
  'directory_member',
  'directory_member_part',
  'person',
  'person_link',
  'directory_problem',
  'directory_plan_entry',
] as const;

let lab: LabDatabase;
let ours: Tenant;
let theirs: Tenant;
type Tenant = Awaited<ReturnType<typeof tenant>>;

/** An organisation with a row in every table. */
async function tenant(name: string) {
  const directory = await aDirectory(lab.owner);
  const [boss, ada, staff] = [
    userEntry(`${name} Boss`),
    userEntry(`${name} Ada`, { attributes: { manager: [`CN=${name} Boss,OU=People,DC=corp,DC=example`] } }),
    groupEntry(`${name} Staff`),
  ];
  const page = directoryPage({
    entries: [boss, ada, staff],
    members: [membersOf(staff, [boss, ada])],
    problems: [{ guid: ada.guid, subject: ada.dn, code: 'entry.odd', detail: 'odd' }],
  });
  const run = await aRun(lab.owner, directory.integration);
  const watermark = { method: 'dirsync', dnsHostName: 'dc1.corp.example', invocationId: null, cookie: 'YQ==' } as const;
  await readAll(lab.app, run, [{ ...page, watermark }]);
  const nothing = { deleted: false, attributes: {}, memberAdded: [], memberRemoved: [] };
  await postChanges(lab.app, run, { epoch: 1, seq: 0 }, {
    entries: [],
    members: [membersOf(staff, [boss], false)],
    problems: [],
    changes: [
      { ...nothing, guid: boss.guid, dn: `CN=${name} Chief,OU=People,DC=corp,DC=example` },
      { ...nothing, guid: randomUUID(), dn: `CN=${name} Gone,OU=People,DC=corp,DC=example`, deleted: true },
    ],
    watermark,
  });
  const planned = await aRun(lab.owner, directory.integration, { kind: 'directory-plan' });
  await readAll(lab.app, planned, [page]);
  await endRun(lab.owner, planned);
  const inside = <T>(work: (tx: OrganisationTransaction) => Promise<T>) =>
    withOrganisation(lab.app, directory.organisation.id, work);
  const person = await inside((tx) => findPerson(tx, `${name.toLowerCase()}.ada@corp.example`));
  const group = await inside((tx) => findGroup(tx, `${name} Staff`));
  return { ...directory, ada, run, planned, inside, person, group, page };
}

beforeAll(async () => {
  lab = await freshDatabase();
  [ours, theirs] = [await tenant('Ours'), await tenant('Theirs')];
});
afterAll(() => lab.close());

/** Everything of an organisation, as the owner sees it. */
const everythingOf = async ({ organisation }: Tenant) => {
  const contents: Record<string, unknown> = {};
  for (const table of tables) {
    const column = sql.ref(table === 'organisation' ? 'id' : 'org_id');
    const { rows } =
      await sql`select to_jsonb(t) as row from ${sql.table(table)} t where ${column} = ${organisation.id} order by to_jsonb(t)::text`.execute(
        lab.owner,
      );
    expect(rows.length).toBeGreaterThan(0);
    contents[table] = rows;
  }
  return contents;
};

test('the role that serves neither owns a table nor passes row-level security', async () => {
  const { rows } = await sql`select rolsuper, rolbypassrls from pg_roles where rolname = current_user`.execute(lab.app);
  expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false }]);
  const { rows: open } =
    await sql`select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
    and not relrowsecurity and relname not like 'kysely_%' and has_table_privilege('lockstep_app', oid, 'select')`.execute(
      lab.owner,
    );
  expect(open).toEqual([]);
});

test('store functions find nothing of another organisation, by any id, address, name or cursor', async () => {
  const { inside } = ours;
  const names = (page: { items: { displayName: string }[] }) => page.items.map(({ displayName }) => displayName);
  expect(names(await inside((tx) => listPeople(tx, { limit: 100 })))).toEqual(['Ours Ada', 'Ours Boss']);
  expect(names(await inside((tx) => listGroups(tx, { limit: 100 })))).toEqual(['Ours Staff']);
  expect(names(await inside((tx) => listPeople(tx, { search: 'theirs', limit: 100 })))).toEqual([]);
  expect(names(await inside((tx) => listPeople(tx, { search: '', limit: 100 })))).toEqual(['Ours Ada', 'Ours Boss']);
  const { next } = await theirs.inside((tx) => listPeople(tx, { limit: 1 }));
  expect(names(await inside((tx) => listPeople(tx, { after: next ?? '', limit: 100 })))).toEqual([]);
  for (const key of [theirs.person.id, theirs.person.primaryAddress ?? '', 'Theirs Ada']) {
    await expect(inside((tx) => findPerson(tx, key))).rejects.toThrow('there is no such person');
  }
  for (const key of [theirs.group.id, theirs.group.primaryAddress ?? '', 'Theirs Staff']) {
    await expect(inside((tx) => findGroup(tx, key))).rejects.toThrow('there is no such group');
    await expect(inside((tx) => listGroupMembers(tx, key, { limit: 10 }))).rejects.toThrow('there is no such group');
  }
  expect(await inside((tx) => listOpenProblems(tx, theirs.integration.id, { limit: 10 }))).toEqual({
    items: [],
    next: null,
  });
  expect(await inside((tx) => listPlanEntries(tx, theirs.planned.id, { limit: 10, action: 'same' }))).toEqual({
    items: [],
    next: null,
  });
  await expect(inside((tx) => findOpenRunOfSite(tx, theirs.site.id, theirs.run.id))).rejects.toThrow(
    'there is no such run',
  );
  await expect(inside((tx) => findOpenRunOfSite(tx, ours.site.id, theirs.run.id))).rejects.toThrow(
    'there is no such run',
  );
});

test('store functions change nothing of another organisation', async () => {
  const before = await everythingOf(theirs);
  const { inside } = ours;
  const run = { id: theirs.run.id, integration: theirs.integration.id, kind: 'directory-sync' } as const;
  await expect(inside((tx) => openDirectoryReading(tx, run))).rejects.toThrow();
  await expect(
    inside((tx) => commitDirectoryPage(tx, run, { epoch: 1, seq: 1 }, theirs.page, Buffer.alloc(32))),
  ).rejects.toThrow();
  await expect(
    inside((tx) => openEpoch(tx, { owner: theirs.integration.id, scope: 'directory-sync' })),
  ).rejects.toThrow();
  const page = {
    owner: theirs.integration.id,
    scope: 'directory-sync',
    epoch: 1,
    seq: 1,
    hash: Buffer.alloc(32),
    last: true,
  };
  await expect(inside((tx) => commitPage(tx, page, async () => undefined))).rejects.toThrow();
  await inside((tx) => saveRunReport(tx, theirs.run.id, []));
  await inside((tx) => saveRunError(tx, theirs.run.id, { class: 'Unavailable', code: 'x', message: '', next: '' }));
  expect(await everythingOf(theirs)).toEqual(before);
});

test.each(tables)('%s: plain SQL sees, changes, removes and adds only rows of its own organisation', async (table) => {
  const column = sql.ref(table === 'organisation' ? 'id' : 'org_id');
  const before = await everythingOf(theirs);
  await ours.inside(async (tx) => {
    const { rows } = await sql<{
      org: string;
    }>`select distinct ${column}::text as org from ${sql.table(table)}`.execute(tx);
    expect(rows).toEqual([{ org: ours.organisation.id }]);
    // Without a condition: the policy is all there is. No row is new, so that constraints have no say.
    const { numAffectedRows } =
      await sql`update ${sql.table(table)} set ${column} = ${column} where ${column} = ${theirs.organisation.id}`.execute(
        tx,
      );
    expect(numAffectedRows).toBe(0n);
    const removed = await sql`delete from ${sql.table(table)} where ${column} = ${theirs.organisation.id}`.execute(tx);
    expect(removed.numAffectedRows).toBe(0n);
  });
  const given = ours.inside((tx) =>
    sql`update ${sql.table(table)} set ${column} = ${theirs.organisation.id}`.execute(tx),
  );
  await expect(given).rejects.toThrow('row-level security');
  expect(await everythingOf(theirs)).toEqual(before);
});

test.each(tables)('%s: without an organisation nothing is there', async (table) => {
  const count = sql<{ count: string }>`select count(*) as count from ${sql.table(table)}`;
  expect((await count.execute(lab.app)).rows).toEqual([{ count: '0' }]);
  for (const setting of ['', '00000000-0000-0000-0000-000000000000']) {
    await lab.app.transaction().execute(async (tx) => {
      await sql`select set_config('lockstep.org', ${setting}, true)`.execute(tx);
      expect((await count.execute(tx)).rows).toEqual([{ count: '0' }]);
    });
  }
});

test('an organisation does not stay set on a pooled connection', async () => {
  await ours.inside((tx) => listPeople(tx, { limit: 1 }));
  const connections = Array.from(
    { length: 10 },
    async () => (await sql<{ count: string }>`select count(*) as count from person`.execute(lab.app)).rows[0]?.count,
  );
  expect(new Set(await Promise.all(connections))).toEqual(new Set(['0']));
});

test('a reading of the same objects in another organisation shares nothing with it', async () => {
  const before = await everythingOf(theirs);
  // The same GUIDs, names and addresses: one domain, read by two organisations.
  await endRun(lab.owner, ours.run);
  const run = await aRun(lab.owner, ours.integration);
  const reading = await openReading(lab.app, run);
  await reading.post(0, { ...theirs.page, last: true });
  expect(await everythingOf(theirs)).toEqual(before);
  const { items } = await ours.inside((tx) => listOpenProblems(tx, ours.integration.id, { limit: 100 }));
  expect(items.map(({ code }) => code)).not.toContain('address.claimed-twice');
  const copy = await ours.inside((tx) => findPerson(tx, theirs.person.primaryAddress ?? ''));
  expect(copy.id).not.toBe(theirs.person.id);
});
