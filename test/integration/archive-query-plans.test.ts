/** Every list and search runs as lockstep_app, under row-level security, on enough rows to matter. */
import { sql } from 'kysely';
import { type OrganisationTransaction, withOrganisation } from '../../src/archive/database.ts';
import { commitDirectoryPage } from '../../src/archive/directory-reading.ts';
import { listGroupMembers } from '../../src/archive/group-members.ts';
import { recipientPosition } from '../../src/archive/group-recipients.ts';
import { findGroup, listGroups } from '../../src/archive/groups.ts';
import { findPerson, listPeople } from '../../src/archive/people.ts';
import { listPlanEntries } from '../../src/archive/plans.ts';
import { listOpenProblems } from '../../src/archive/problems.ts';
import type { DirectoryEntry, DirectoryPage } from '../../src/shared/directory.ts';
import type { RunId } from '../../src/shared/ids.ts';
import { aDirectory, aRun, directoryPage, endRun, groupEntry, membersOf, userEntry } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { openReading, readAll } from '../lab/reading.ts';

const PEOPLE = 11_000;
const GROUPS = 500;
const CROWD = 50_000;
const DOMAIN = 'S-1-5-21-1-2-3';

let lab: LabDatabase;
let directory: Awaited<ReturnType<typeof aDirectory>>;
let planRun: RunId;
let sample: { person: string; address: string; group: string; last: string };

/**
 * A directory of some size: people with managers and a primary group, groups of fifty, one of fifty thousand that groups and a dynamic
 * group are in, each tenth with a problem.
 */
async function load(): Promise<Awaited<ReturnType<typeof aDirectory>>> {
  const made = await aDirectory(lab.owner);
  const people = Array.from({ length: PEOPLE }, (_, n) =>
    userEntry(`Person ${String(n).padStart(5, '0')} Example`, {
      attributes: {
        manager: [`CN=Person ${String(n % 200).padStart(5, '0')} Example,OU=People,DC=corp,DC=example`],
        objectSid: [`${DOMAIN}-${10_000 + n}`],
        primaryGroupID: ['513'],
        ...(n % 100 === 1 ? { sIDHistory: [`${DOMAIN}-${10_000 + n - 1}`] } : {}),
      },
    }),
  );
  const groups = Array.from({ length: GROUPS }, (_, n) => groupEntry(`Group ${String(n).padStart(4, '0')}`));
  const membership = (group: DirectoryEntry, n: number) =>
    membersOf(
      group,
      Array.from({ length: 50 }, (_, k) => people[(n * 50 + k) % PEOPLE] ?? ''),
    );
  const pages: Partial<DirectoryPage>[] = [];
  for (let n = 0; n < PEOPLE; n += 1000) {
    const entries = people.slice(n, n + 1000);
    const problems = entries
      .filter((_, k) => k % 10 === 0)
      .map(({ guid, dn }) => ({ guid, subject: dn, code: 'entry.odd', detail: 'odd' }));
    pages.push({ entries, problems });
  }
  pages.push({ entries: groups, members: groups.map(membership) });
  const [users, crowd] = [groupEntry('Domain Users', { attributes: { objectSid: [`${DOMAIN}-513`] } }), groupEntry('Crowd')];
  const dynamic = groupEntry('Dynamic', {
    attributes: { objectClass: ['top', 'msExchDynamicDistributionList'], msExchDynamicDLFilter: ['(displayName=Person 0012*)'], msExchDynamicDLBaseDN: ['DC=corp,DC=example'] },
  });
  const foreigners = Array.from({ length: 50 }, (_, n) =>
    userEntry('x', { dn: `CN=${DOMAIN}-${10_000 + n},CN=ForeignSecurityPrincipals,DC=corp,DC=example`, attributes: { objectClass: ['top', 'foreignSecurityPrincipal'], objectSid: [`${DOMAIN}-${10_000 + n}`], mail: [] } }),
  );
  pages.push({ entries: [users, crowd, dynamic, ...foreigners], members: [membersOf(crowd, [...groups.slice(0, 100), dynamic, ...foreigners], false)] });
  for (let n = 0; n < CROWD; n += 5000) {
    const some = Array.from({ length: 5000 }, (_, k) => people[n + k] ?? `CN=Pending ${n + k},DC=elsewhere,DC=example`);
    pages.push({ members: [membersOf(crowd, some, n + 5000 >= CROWD)] });
  }
  const run = await aRun(lab.owner, made.integration);
  await readAll(lab.app, run, pages.map(directoryPage));
  await endRun(lab.owner, run);
  const planned = await aRun(lab.owner, made.integration, { kind: 'directory-plan' });
  await readAll(lab.app, planned, pages.slice(1).map(directoryPage));
  await endRun(lab.owner, planned);
  planRun = planned.id;
  return made;
}

beforeAll(async () => {
  lab = await freshDatabase();
  await load();
  directory = await load();
  await sql`analyze`.execute(lab.owner);
  sample = await withOrganisation(lab.app, directory.organisation.id, async (tx) => {
    const { items, next } = await listPeople(tx, { search: 'person 0500', limit: 5 });
    const groups = await listGroups(tx, { search: 'group 02', limit: 1 });
    return {
      person: items[0]?.id ?? '',
      address: items[0]?.primaryAddress ?? '',
      group: groups.items[0]?.id ?? '',
      last: next ?? '',
    };
  });
}, 300_000);
afterAll(() => lab.close());

/**
 * Tables that `work` read from end to end, whatever ran inside of it. The counts are of the session, so what was there before
 * is taken off. A table of a page or two is rightly read whole.
 */
async function readFromEndToEnd(tx: OrganisationTransaction, work: () => Promise<unknown>): Promise<string[]> {
  const counts = async () => {
    const { rows } = await sql<{ name: string; scans: string }>`
      select relname as name, seq_scan as scans from pg_stat_xact_user_tables
      where (relname like 'directory\\_%' or relname like 'person%') and pg_relation_size(relid) > 2 * 8192
      order by relname`.execute(tx);
    return new Map(rows.map(({ name, scans }) => [name, Number(scans)]));
  };
  const before = await counts();
  await work();
  return [...(await counts())].flatMap(([name, scans]) => (scans > (before.get(name) ?? 0) ? [name] : []));
}

const queries: Record<string, (tx: OrganisationTransaction) => Promise<unknown>> = {
  'list of people': (tx) => listPeople(tx, { limit: 100 }),
  'later page of people': (tx) => listPeople(tx, { limit: 500, after: sample.last }),
  'search of people by name': (tx) => listPeople(tx, { search: 'person 01', limit: 100 }),
  'search of people by address': (tx) => listPeople(tx, { search: 'person.0123', limit: 100 }),
  'search of people by a later word of the name': (tx) => listPeople(tx, { search: '0123', limit: 100 }),
  'search of people by a last name that all have': (tx) => listPeople(tx, { search: 'example', limit: 100 }),
  'search of people that finds nobody': (tx) => listPeople(tx, { search: 'nobody', limit: 100 }),
  'search of people that finds everybody': (tx) => listPeople(tx, { search: 'p', limit: 500 }),
  'later page of a search': (tx) => listPeople(tx, { search: 'p', limit: 100, after: sample.last }),
  'list of groups': (tx) => listGroups(tx, { limit: 500 }),
  'search of groups': (tx) => listGroups(tx, { search: 'group 03', limit: 100 }),
  'person by id': (tx) => findPerson(tx, sample.person),
  'person by address': (tx) => findPerson(tx, sample.address),
  'group by id': (tx) => findGroup(tx, sample.group),
  'group by name': (tx) => findGroup(tx, 'Group 0042'),
  'group by address': (tx) => findGroup(tx, 'group.0042@corp.example'),
  'members of a group': (tx) => listGroupMembers(tx, sample.group, { limit: 100 }),
  'later page of members': (tx) =>
    listGroupMembers(tx, sample.group, { limit: 10, after: '80000000000000000000000000000000' }),
  'group of very many': (tx) => findGroup(tx, 'Crowd'),
  'members of a group of very many': (tx) => listGroupMembers(tx, 'Crowd', { limit: 500 }),
  'later page of members of very many': (tx) => listGroupMembers(tx, 'Crowd', { limit: 500, after: '80000000000000000000000000000000' }),
  'members by primary group': (tx) => listGroupMembers(tx, 'Domain Users', { limit: 500, after: '80000000000000000000000000000000' }),
  'effective members': (tx) => listGroupMembers(tx, 'Crowd', { limit: 500, effective: true }),
  'later page of effective members': (tx) => listGroupMembers(tx, 'Crowd', { limit: 500, effective: true, after: 'f0000000000000000000000000000000' }),
  'members of a dynamic group': (tx) => listGroupMembers(tx, 'Dynamic', { limit: 500 }),
  'members by filter in a group': (tx) => listGroupMembers(tx, 'Crowd', { limit: 500, effective: true, after: recipientPosition() }),
  'open problems': (tx) => listOpenProblems(tx, directory.integration.id, { limit: 100 }),
  'entries of a plan': (tx) => listPlanEntries(tx, planRun, { limit: 500 }),
  'entries of a plan by action': (tx) => listPlanEntries(tx, planRun, { action: 'same', limit: 500 }),
  'later page of a plan': (tx) =>
    listPlanEntries(tx, planRun, { limit: 500, after: 'missing:80000000-0000-0000-0000-000000000000' }),
};

test.each(Object.keys(queries))('%s reads no table from end to end', async (name) => {
  await withOrganisation(lab.app, directory.organisation.id, async (tx) => {
    expect(await readFromEndToEnd(tx, () => queries[name]?.(tx) ?? Promise.reject(new Error(name)))).toEqual([]);
  });
});

test('the check above sees a table that is read from end to end', async () => {
  await withOrganisation(lab.app, directory.organisation.id, async (tx) => {
    const work = () => sql`select count(*) from directory_address where address like 'p%x'`.execute(tx);
    expect(await readFromEndToEnd(tx, work)).toEqual(['directory_address']);
  });
});

test('a page of a reading reads no table from end to end, whether its objects are new, changed or as they were', async () => {
  const run = await aRun(lab.owner, directory.integration);
  const reading = await openReading(lab.app, run);
  const { rows } = await sql<DirectoryEntry>`
    select guid, dn, attributes from directory_object where integration_id = ${directory.integration.id} and kind = 'user' order by id limit 200`.execute(
    lab.owner,
  );
  const staff = groupEntry('New Group');
  const entries = [
    ...rows.slice(0, 100),
    ...rows.slice(100).map((row) => ({ ...row, attributes: { ...row.attributes, title: ['New'] } })),
    ...Array.from({ length: 100 }, (_, n) => userEntry(`New ${n}`)),
    staff,
  ];
  await withOrganisation(lab.app, directory.organisation.id, async (tx) => {
    const page = directoryPage({
      entries,
      members: [membersOf(staff, entries.slice(0, 50))],
      problems: [{ guid: null, subject: rows[0]?.dn ?? '', code: 'entry.odd', detail: '' }],
    });
    const reader = { id: run.id, integration: run.integration_id, kind: 'directory-sync' } as const;
    const commit = () => commitDirectoryPage(tx, reader, { epoch: reading.epoch, seq: 0 }, page, Buffer.alloc(32));
    expect(await readFromEndToEnd(tx, commit)).toEqual([]);
  });
  await endRun(lab.owner, run, 'failed');
});

test('a page of a plan reads no table from end to end', async () => {
  const run = await aRun(lab.owner, directory.integration, { kind: 'directory-plan' });
  const reading = await openReading(lab.app, run);
  const { rows } = await sql<DirectoryEntry>`
    select guid, dn, attributes from directory_object where integration_id = ${directory.integration.id} and kind = 'group' order by id limit 50`.execute(
    lab.owner,
  );
  const page = directoryPage({
    entries: [...rows.slice(0, 40), userEntry('New')],
    members: rows.slice(0, 40).map((group, n) => membersOf(group, ['CN=New,DC=x'], n % 2 === 0)),
    problems: rows
      .slice(40)
      .map(({ guid, dn }, n) => ({ guid: n % 2 === 0 ? guid : null, subject: dn, code: 'entry.odd', detail: '' })),
  });
  await withOrganisation(lab.app, directory.organisation.id, async (tx) => {
    const reader = { id: run.id, integration: run.integration_id, kind: 'directory-plan' } as const;
    const commit = () => commitDirectoryPage(tx, reader, { epoch: reading.epoch, seq: 0 }, page, Buffer.alloc(32));
    expect(await readFromEndToEnd(tx, commit)).toEqual([]);
  });
  await endRun(lab.owner, run, 'failed');
});
