import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { withOrganisation } from '../../src/archive/database.ts';
import { commitDirectoryPage } from '../../src/archive/directory-reading.ts';
import type { DirectoryEntry, DirectoryPage } from '../../src/shared/directory.ts';
import {
  aDirectory,
  anIntegration,
  aRun,
  contactEntry,
  directoryPage,
  endRun,
  groupEntry,
  membersOf,
  userEntry,
} from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { openReading, readAll, totalsOf } from '../lab/reading.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

type Directory = Awaited<ReturnType<typeof aDirectory>>;

/** One whole sync of its own run. */
async function sync(directory: Pick<Directory, 'integration'>, pages: readonly Partial<DirectoryPage>[]) {
  const run = await aRun(lab.owner, directory.integration);
  const totals = await readAll(lab.app, run, pages.map(directoryPage));
  await endRun(lab.owner, run);
  return { run, totals };
}
const objects = (directory: Pick<Directory, 'integration'>) =>
  lab.owner
    .selectFrom('directory_object')
    .selectAll()
    .where('integration_id', '=', directory.integration.id)
    .orderBy('sort_key')
    .execute();
const addressesOf = async (directory: Pick<Directory, 'integration'>, entry: DirectoryEntry) =>
  (
    await lab.owner
      .selectFrom('directory_address as a')
      .innerJoin('directory_object as o', 'o.id', 'a.object_id')
      .where('o.integration_id', '=', directory.integration.id)
      .where('o.guid', '=', entry.guid)
      .select(['a.address', 'a.is_primary'])
      .orderBy('a.address')
      .execute()
  ).map(({ address, is_primary }) => (is_primary ? `SMTP:${address}` : address));
const membersIn = async (directory: Pick<Directory, 'integration'>, group: DirectoryEntry) =>
  (
    await lab.owner
      .selectFrom('directory_member as m')
      .innerJoin('directory_object as o', 'o.id', 'm.group_id')
      .where('o.integration_id', '=', directory.integration.id)
      .where('o.guid', '=', group.guid)
      .select('m.member_dn')
      .orderBy('m.member_dn')
      .execute()
  ).map((row) => row.member_dn);
const openProblems = (directory: Pick<Directory, 'integration'>) =>
  lab.owner
    .selectFrom('directory_problem')
    .select(['code', 'subject', 'guid', 'detail'])
    .where('integration_id', '=', directory.integration.id)
    .where('resolved_at', 'is', null)
    .orderBy('subject')
    .execute();
const none = {
  pages: 1,
  seen: 0,
  added: 0,
  changed: 0,
  unchanged: 0,
  missing: 0,
  returned: 0,
  members: 0,
  problems: 0,
};

test('a first reading adds every object, with addresses, members and a person for all but groups', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, partner, staff] = [userEntry('Ada Example'), contactEntry('Pat Partner'), groupEntry('Staff')];
  const { totals } = await sync(directory, [
    { entries: [ada, partner] },
    { entries: [staff], members: [membersOf(staff, [ada, partner])] },
  ]);
  expect(totals).toEqual({ ...none, pages: 2, seen: 3, added: 3, members: 2 });
  expect(await objects(directory)).toMatchObject([
    { guid: ada.guid, kind: 'user', recipient_type: 'user-mailbox', display_name: 'Ada Example', missing_since: null },
    { guid: partner.guid, kind: 'contact', recipient_type: 'mail-contact' },
    { guid: staff.guid, kind: 'group', recipient_type: 'security-group' },
  ]);
  expect(await addressesOf(directory, ada)).toEqual(['ada.example@alias.example', 'SMTP:ada.example@corp.example']);
  expect(await membersIn(directory, staff)).toEqual([ada.dn, partner.dn].sort());
  const links = await lab.owner
    .selectFrom('person_link as l')
    .innerJoin('directory_object as o', 'o.id', 'l.object_id')
    .select(['o.guid', 'l.person_id', 'l.rule', 'l.until'])
    .where('o.integration_id', '=', directory.integration.id)
    .execute();
  expect(new Set(links.map(({ guid }) => guid))).toEqual(new Set([ada.guid, partner.guid]));
  expect(new Set(links.map(({ person_id }) => person_id)).size).toBe(2);
  expect(links).toMatchObject([
    { rule: 'self', until: null },
    { rule: 'self', until: null },
  ]);
});

test('an unchanged source rewrites nothing', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, staff] = [userEntry('Ada Example'), groupEntry('Staff')];
  const pages = [{ entries: [ada, staff], members: [membersOf(staff, [ada])] }];
  await sync(directory, pages);
  // xmin: the transaction that wrote this version of the row.
  const versions = async () =>
    (
      await sql`select o.id, a.address, o.xmin::text as object, a.xmin::text as claim, m.xmin::text as member
        from directory_object o join directory_address a on a.object_id = o.id left join directory_member m on m.group_id = o.id
        where o.integration_id = ${directory.integration.id} order by o.id, a.address`.execute(lab.owner)
    ).rows;
  const before = await versions();
  const { totals } = await sync(directory, pages);
  expect(totals).toEqual({ ...none, seen: 2, unchanged: 2, members: 1 });
  expect(await versions()).toEqual(before);
});

test('a changed object gets its new content and addresses, and keeps its person', async () => {
  const directory = await aDirectory(lab.owner);
  const ada = userEntry('Ada Example');
  await sync(directory, [{ entries: [ada] }]);
  const [before] = await objects(directory);
  const married = userEntry('Ada Married', {
    guid: ada.guid,
    attributes: { proxyAddresses: ['SMTP:ada.married@corp.example', 'smtp:ada.example@corp.example'] },
  });
  const { totals } = await sync(directory, [{ entries: [married] }]);
  expect(totals).toEqual({ ...none, seen: 1, changed: 1 });
  const [after, ...others] = await objects(directory);
  expect(others).toEqual([]);
  expect(after).toMatchObject({
    id: before?.id,
    display_name: 'Ada Married',
    dn: married.dn,
    first_seen_at: before?.first_seen_at,
  });
  expect(await addressesOf(directory, ada)).toEqual(['ada.example@corp.example', 'SMTP:ada.married@corp.example']);
  const links = await lab.owner
    .selectFrom('person_link')
    .selectAll()
    .where('object_id', '=', after?.id ?? ('0' as never))
    .execute();
  expect(links).toHaveLength(1);
});

test('what the last page has not seen is missing, keeps everything, and returns when it is seen again', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, bob] = [userEntry('Ada Example'), userEntry('Bob Example')];
  await sync(directory, [{ entries: [ada, bob] }]);
  const gone = await sync(directory, [{ entries: [ada] }]);
  expect(gone.totals).toEqual({ ...none, seen: 1, unchanged: 1, missing: 1 });
  const [, missing] = await objects(directory);
  expect(missing?.missing_since).toBeInstanceOf(Date);
  expect(await addressesOf(directory, bob)).toHaveLength(2);
  const again = await sync(directory, [{ entries: [ada] }]);
  expect(again.totals).toEqual({ ...none, seen: 1, unchanged: 1 });
  expect((await objects(directory))[1]?.missing_since).toEqual(missing?.missing_since);
  const back = await sync(directory, [{ entries: [ada, bob] }]);
  expect(back.totals).toEqual({ ...none, seen: 2, unchanged: 1, returned: 1 });
  expect((await objects(directory))[1]).toMatchObject({ id: missing?.id, missing_since: null });
});

test('nothing goes missing before the last page', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, bob] = [userEntry('Ada Example'), userEntry('Bob Example')];
  await sync(directory, [{ entries: [ada, bob] }]);
  const run = await aRun(lab.owner, directory.integration);
  const reading = await openReading(lab.app, run);
  await reading.post(0, directoryPage({ entries: [ada] }));
  expect((await objects(directory)).map((object) => object.missing_since)).toEqual([null, null]);
  await endRun(lab.owner, run, 'failed');
});

test('a reading that finds nothing at all is refused and changes nothing', async () => {
  const directory = await aDirectory(lab.owner);
  await expect(sync(directory, [{}])).resolves.toMatchObject({ totals: none });
  await sync(directory, [{ entries: [userEntry('Ada Example')] }]);
  const run = await aRun(lab.owner, directory.integration);
  await expect(readAll(lab.app, run, [directoryPage()])).rejects.toMatchObject({
    class: 'ConfigInvalid',
    code: 'directory.empty-reading',
  });
  expect((await objects(directory))[0]?.missing_since).toBeNull();
});

test('the totals of a run count what it did, though its attempts died, overlapped and repeated pages', async () => {
  const directory = await aDirectory(lab.owner);
  const people = ['Ada', 'Bob', 'Cy', 'Dee'].map((name) => userEntry(`${name} Example`));
  const [ada, bob, cy, dee] = people as [DirectoryEntry, DirectoryEntry, DirectoryEntry, DirectoryEntry];
  await sync(directory, [{ entries: [ada, bob] }]);
  const changed = userEntry('Ada Changed', { guid: ada.guid });
  const run = await aRun(lab.owner, directory.integration);
  const died = await openReading(lab.app, run);
  await died.post(0, directoryPage({ entries: [changed, cy] }));
  const reading = await openReading(lab.app, run);
  expect(await died.post(1, directoryPage({ entries: [bob] }))).toEqual({
    outcome: 'superseded',
    epoch: reading.epoch,
  });
  await reading.post(0, directoryPage({ entries: [changed, cy] }));
  expect(await reading.post(0, directoryPage({ entries: [changed, cy] }))).toEqual({
    outcome: 'already-applied',
    seq: 1,
  });
  // Two searches that overlap give an object twice.
  await reading.post(1, directoryPage({ entries: [cy, dee], last: true }));
  expect(await totalsOf(lab.app, run)).toEqual({ ...none, pages: 2, seen: 3, added: 2, changed: 1, missing: 1 });
  // A retry that no longer knew that the reading was complete.
  await readAll(lab.app, run, [directoryPage({ entries: [changed, cy, dee] })]);
  expect(await totalsOf(lab.app, run)).toEqual({ ...none, pages: 1, seen: 3, added: 2, changed: 1, missing: 1 });
  await endRun(lab.owner, run);
});

test('an object given twice in one page is kept as it was given last', async () => {
  const directory = await aDirectory(lab.owner);
  const ada = userEntry('Ada Example');
  const { totals } = await sync(directory, [{ entries: [ada, userEntry('Ada Later', { guid: ada.guid })] }]);
  expect(totals).toMatchObject({ seen: 1, added: 1 });
  expect(await objects(directory)).toMatchObject([{ display_name: 'Ada Later' }]);
});

test('who left a group is removed from it with the last part of its members, and not before', async () => {
  const directory = await aDirectory(lab.owner);
  const staff = groupEntry('Staff');
  const dn = (name: string) => `CN=${name},OU=People,DC=corp,DC=example`;
  await sync(directory, [{ entries: [staff], members: [membersOf(staff, ['a', 'b', 'c', 'd'].map(dn))] }]);
  const run = await aRun(lab.owner, directory.integration);
  const died = await openReading(lab.app, run);
  await died.post(0, directoryPage({ entries: [staff], members: [membersOf(staff, [dn('d'), dn('e')], false)] }));
  expect(await membersIn(directory, staff)).toEqual(['a', 'b', 'c', 'd', 'e'].map(dn));
  const reading = await openReading(lab.app, run);
  await reading.post(0, directoryPage({ entries: [staff], members: [membersOf(staff, [dn('a'), dn('b')], false)] }));
  expect(await membersIn(directory, staff)).toEqual(['a', 'b', 'c', 'd', 'e'].map(dn));
  await reading.post(1, directoryPage({ members: [membersOf(staff, [dn('f')])], last: true }));
  expect(await membersIn(directory, staff)).toEqual(['a', 'b', 'f'].map(dn));
  expect(await totalsOf(lab.app, run)).toMatchObject({ members: 3 });
  await endRun(lab.owner, run);
});

test('a group that members join or leave has changed, in whichever attempt of the run', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, bob, staff] = [userEntry('Ada Example'), userEntry('Bob Example'), groupEntry('Staff')];
  const page = (...members: DirectoryEntry[]) => ({ entries: [ada, bob, staff], members: [membersOf(staff, members)] });
  expect((await sync(directory, [page(ada)])).totals).toMatchObject({ added: 3, changed: 0, unchanged: 0 });
  const before = (await objects(directory))[2]?.changed_at;
  expect((await sync(directory, [page(ada)])).totals).toMatchObject({ changed: 0, unchanged: 3 });
  expect((await objects(directory))[2]?.changed_at).toEqual(before);
  expect((await sync(directory, [page(ada, bob)])).totals).toMatchObject({ changed: 1, unchanged: 2 });
  expect((await objects(directory))[2]?.changed_at.getTime()).toBeGreaterThan(before?.getTime() ?? Infinity);
  const run = await aRun(lab.owner, directory.integration);
  const died = await openReading(lab.app, run);
  await died.post(0, directoryPage(page(bob)));
  expect(await readAll(lab.app, run, [directoryPage(page(bob))])).toMatchObject({ seen: 3, changed: 1, unchanged: 2 });
  await endRun(lab.owner, run);
});

test('a group whose members could not be read keeps those it had; an emptied group has none', async () => {
  const directory = await aDirectory(lab.owner);
  const staff = groupEntry('Staff');
  await sync(directory, [{ entries: [staff], members: [membersOf(staff, ['CN=a,DC=x', 'cn=A, dc=X', 'CN=b,DC=x'])] }]);
  expect(await membersIn(directory, staff)).toHaveLength(2);
  await sync(directory, [{ entries: [staff] }]);
  expect(await membersIn(directory, staff)).toHaveLength(2);
  await sync(directory, [{ entries: [staff], members: [membersOf(staff, [])] }]);
  expect(await membersIn(directory, staff)).toEqual([]);
});

test('what cannot be read or kept is a problem, is not missing, and is resolved when it is well again', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, bob, cy] = [userEntry('Ada Example'), userEntry('Bob Example'), userEntry('Cy Example')];
  await sync(directory, [{ entries: [ada, bob, cy] }]);
  const { totals, run } = await sync(directory, [
    {
      entries: [{ ...ada, attributes: { ...ada.attributes, objectClass: ['printQueue'] } }],
      members: [membersOf(groupEntry('Nowhere', { guid: '0f8fad5b-d9cb-469f-a165-70867728950e' }), ['nonsense'])],
      problems: [
        { guid: bob.guid, subject: bob.dn, code: 'entry.undecodable', detail: 'first' },
        { guid: bob.guid, subject: bob.dn, code: 'entry.undecodable', detail: 'sec\0ond' },
        { guid: null, subject: cy.dn.toUpperCase(), code: 'entry.no-guid', detail: '' },
      ],
    },
    { entries: [userEntry('Dee Example')] },
  ]);
  expect(totals).toMatchObject({ seen: 1, added: 1, missing: 0, problems: 5 });
  expect(await openProblems(directory)).toMatchObject([
    { code: 'group.unknown', subject: '0f8fad5b-d9cb-469f-a165-70867728950e' },
    { code: 'object.class-unknown', subject: ada.dn, guid: ada.guid },
    { code: 'entry.undecodable', subject: bob.dn, detail: 'first sec\u{FFFD}ond' },
    { code: 'entry.no-guid', guid: null },
    { code: 'member.dn-invalid', subject: 'nonsense' },
  ]);
  expect((await objects(directory)).map((object) => object.missing_since)).toEqual([null, null, null, null]);
  await sync(directory, [{ entries: [ada, bob, cy] }]);
  expect(await openProblems(directory)).toEqual([]);
  const [problem] = await lab.owner.selectFrom('directory_problem').selectAll().where('guid', '=', bob.guid).execute();
  expect(problem).toMatchObject({ first_run: run.id, last_run: run.id });
});

test('an address that two objects claim belongs to the older, whichever was read first, and the other has a problem', async () => {
  const directory = await aDirectory(lab.owner);
  const claim = { proxyAddresses: ['SMTP:info@corp.example'], mail: ['info@corp.example'] };
  const older = userEntry('Older', { attributes: { ...claim, whenCreated: ['20200101000000.0Z'] } });
  const newer = userEntry('Newer', { attributes: { ...claim, whenCreated: ['20230101000000.0Z'] } });
  const { totals } = await sync(directory, [{ entries: [newer] }, { entries: [older] }]);
  expect(totals).toMatchObject({ seen: 2, added: 2, problems: 1 });
  expect(await openProblems(directory)).toMatchObject([
    { code: 'address.claimed-twice', subject: 'info@corp.example', guid: newer.guid },
  ]);
  // The older one goes: the other holds the address, and there is no problem any more.
  await sync(directory, [{ entries: [newer] }]);
  expect(await openProblems(directory)).toEqual([]);
});

test('two directories of one organisation may claim one address; each end settles the problems of both', async () => {
  const one = await aDirectory(lab.owner);
  const other = { integration: await anIntegration(lab.owner, one.site) };
  const claim = { proxyAddresses: ['SMTP:info@corp.example'], mail: ['info@corp.example'] };
  const older = userEntry('Older', { attributes: { ...claim, whenCreated: ['20200101000000.0Z'] } });
  const newer = userEntry('Newer', { attributes: { ...claim, whenCreated: ['20230101000000.0Z'] } });
  await sync(one, [{ entries: [newer] }]);
  await sync(other, [{ entries: [older] }]);
  expect(await openProblems(one)).toMatchObject([{ code: 'address.claimed-twice', guid: newer.guid }]);
  expect(await openProblems(other)).toEqual([]);
  await sync(other, [
    {
      entries: [
        { ...older, attributes: { ...older.attributes, proxyAddresses: ['smtp:else@corp.example'], mail: [] } },
      ],
    },
  ]);
  expect(await openProblems(one)).toEqual([]);
});

test('a closed run takes no page and opens no attempt', async () => {
  const directory = await aDirectory(lab.owner);
  const run = await aRun(lab.owner, directory.integration);
  const reading = await openReading(lab.app, run);
  await endRun(lab.owner, run, 'cancelled');
  await expect(reading.post(0, directoryPage({ entries: [userEntry('Ada Example')] }))).rejects.toMatchObject({
    code: 'run.closed',
  });
  await expect(openReading(lab.app, run)).rejects.toMatchObject({ code: 'run.closed' });
  expect(await objects(directory)).toEqual([]);
});

test('an attempt of one run is no attempt of another', async () => {
  const directory = await aDirectory(lab.owner);
  const first = await aRun(lab.owner, directory.integration);
  const { epoch } = await openReading(lab.app, first);
  await endRun(lab.owner, first, 'failed');
  const second = await aRun(lab.owner, directory.integration);
  await expect(
    withOrganisation(lab.app, second.org_id, (tx) =>
      commitDirectoryPage(
        tx,
        { id: second.id, integration: second.integration_id, kind: 'directory-sync' },
        { epoch, seq: 0 },
        directoryPage(),
        Buffer.alloc(32),
      ),
    ),
  ).rejects.toMatchObject({ code: 'cursor.unknown-epoch' });
});

test('the last page opens an epoch of changes that goes on from the watermark, and says how changes are told', async () => {
  const directory = await aDirectory(lab.owner);
  const watermark = {
    method: 'usn',
    dnsHostName: 'dc1.corp.example',
    invocationId: randomUUID(),
    usn: '9007199254740993',
  } as const;
  const tracking = { method: 'usn', reason: 'The account may not use DirSync.', deletionsVisible: false } as const;
  await sync(directory, [{ entries: [userEntry('Ada Example')], watermark, tracking }]);
  const cursors = await lab.owner
    .selectFrom('page_cursor')
    .selectAll()
    .where('owner', '=', directory.integration.id)
    .orderBy('scope')
    .execute();
  expect(cursors).toMatchObject([
    { scope: 'directory-changes', phase: 'delta', epoch: '1', seq: '0' },
    { scope: 'directory-sync', phase: 'full', completed_epoch: '1', value: null },
  ]);
  expect(JSON.parse(String(cursors[0]?.value))).toEqual(watermark);
  const integration = await lab.owner
    .selectFrom('directory_integration')
    .select('change_tracking')
    .where('id', '=', directory.integration.id)
    .executeTakeFirstOrThrow();
  expect(integration.change_tracking).toEqual(tracking);
});
